"""What was changed in a form, written into the document's text: nothing else of it moves. Pure."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

from gateway.form_values import meant, ticked
from gateway.model_form import HUBS, FormField, Level, ModelForm, Schema, model_form, new_source, new_spec, new_text
from gateway.model_form import properties as members_of
from shared.document import parse, pointer_tokens, remove_member, write_member
from shared.errors import Invalid, NotFound

Sent = Mapping[str, Sequence[str]]
"""Field names to what was sent under them."""
_SPEC = re.compile(r"((?:/\d+)?)/model_specs/(\d+|-)")
_SOURCE = re.compile(r"((?:/\d+)?(?:/model_specs/\d+)?/model_src)/([^/]+)")
_VARIANT = re.compile(r"/(\d+|-)")


def changed(form: ModelForm, sent: Sent) -> list[FormField]:
    """The fields of which something else was sent than they showed."""
    return [field for field in form.fields if _is_sent(field, sent) and _differs(field, sent)]


def apply_form(model_type: str, text: str, *, schema: Schema, sent: Sent) -> str:
    """The text with what was changed in its form; a blank one begins as a new document.

    Raises Invalid where the text cannot be read.
    """
    start = text if text.strip() else new_text(schema)
    form = model_form(model_type, start, schema=schema)
    if not form.records:
        parse(start)
    news = changed(form, sent)
    if not news:
        return text
    for field in news:
        start = _written(schema, start, field=field, value=_value(field, sent))
        if field.key == "model_name" and form.varies:
            start = _renamed(start, field, form=form, value=_value(field, sent))
    return start


def apply_act(text: str, act: str, *, schema: Schema) -> str:
    """The text after `add`, `copy` or `remove` of a form, source or variant: `<verb>:<JSON Pointer>`.

    Raises Invalid for no such act, and as `apply_form` does.
    """
    verb, _, pointer = act.partition(":")
    start = text if text.strip() else new_text(schema)
    value = parse(start).value
    try:
        if verb == "remove" and any(shape.fullmatch(pointer) for shape in (_SPEC, _SOURCE, _VARIANT)):
            return remove_member(start, pointer)
        if (found := _SPEC.fullmatch(pointer)) and verb in ("add", "copy"):
            return _more_specs(schema, start, found=found, value=value, verb=verb)
        if (found := _SOURCE.fullmatch(pointer)) and verb == "add" and found[2] in HUBS:
            return _one_more_source(schema, start, held=_at(value, found[1]), pointer=pointer)
        if _VARIANT.fullmatch(pointer) and verb == "add":
            return _one_more_record(start, value)
    except NotFound as error:
        raise Invalid(f"form: expected a place in the document, found {act!r}; load the page again") from error
    raise Invalid(f"form: expected something to add, copy or remove, found {act!r}; load the page again")


def _is_sent(field: FormField, sent: Sent) -> bool:
    return (field.more_name if field.kind == "chips" else field.name) in sent and field.kind != "fixed"


def _differs(field: FormField, sent: Sent) -> bool:
    if field.kind == "chips":
        return _ticked(field, sent) != list(field.items)
    return sent[field.name][0] != field.value


def _value(field: FormField, sent: Sent) -> Any:
    """None for a member to take away."""
    if field.kind == "chips":
        found = _ticked(field, sent)
        return found if found or field.was is not None else None
    return meant(field.kind, sent[field.name][0])


def _ticked(field: FormField, sent: Sent) -> list[str]:
    return ticked(field.items, sent.get(field.name, ()), " ".join(sent.get(field.more_name, ())))


def _written(schema: Schema, text: str, *, field: FormField, value: Any) -> str:
    if value is not None:
        return _set(schema, text, pointer=field.pointer, value=value)
    try:
        return remove_member(text, field.pointer)
    except NotFound:
        # Spaces typed into an empty field: what is not there is not there already.
        return text


def _set(schema: Schema, text: str, *, pointer: str, value: Any) -> str:
    """Sets a member at its place in the schema's order, with what is missing above it."""
    tokens = pointer.split("/")[1:]
    for depth in range(len(tokens), 0, -1):
        here = "/" + "/".join(tokens[:depth])
        try:
            return write_member(text, here, json.dumps(value, ensure_ascii=False), order=_order(schema, here))
        except NotFound:
            if depth == 1:
                raise
            value = {tokens[depth - 1]: value}
    return text


def _order(schema: Schema, pointer: str) -> tuple[str, ...]:
    if pointer.endswith(("/model_src", "/model_specs")):
        return tuple(members_of(schema, "record"))
    level: Level = "source" if "/model_src/" in pointer else "spec" if "/model_specs/" in pointer else "record"
    return tuple(members_of(schema, level))


def _renamed(text: str, field: FormField, *, form: ModelForm, value: Any) -> str:
    """Variants share their name."""
    raw = json.dumps(value or "", ensure_ascii=False)
    for record in form.records:
        text = write_member(text, f"{record.pointer}/{field.key}", raw)
    return text


def _more_specs(schema: Schema, text: str, *, found: re.Match[str], value: Any, verb: str) -> str:
    holder = f"{found[1]}/model_specs"
    old = _at(value, holder)
    if verb == "copy":
        spec = _at(value, found[0])
        if spec is None:
            raise NotFound(f"form: expected a form of the model at {found[0]}, found none")
    else:
        spec = new_spec(schema)
    if isinstance(old, list):
        return _set(schema, text, pointer=f"{holder}/-", value=spec)
    return _set(schema, text, pointer=holder, value=[spec])


def _one_more_source(schema: Schema, text: str, *, held: Any, pointer: str) -> str:
    """`held`: what stands where sources are."""
    if held is not None and not isinstance(held, dict):
        raise NotFound(f"form: expected sources around {pointer}, found {type(held).__name__}")
    beside = next(iter((held or {}).values()), None)
    return _set(schema, text, pointer=pointer, value=new_source(schema, beside if isinstance(beside, dict) else None))


def _one_more_record(text: str, value: Any) -> str:
    """A variant more, of the same name, to be told apart by engine and format."""
    first = value[0] if isinstance(value, list) else value
    own = {"engine", "model_format", "cache_name", "quantization", "updated_at", "virtualenv", "model_src"}
    record = {key: member for key, member in first.items() if key not in own} | {"model_src": {HUBS[0]: {}}}
    if isinstance(value, list):
        return write_member(text, "/-", json.dumps(record, ensure_ascii=False))
    more = json.dumps(record, indent=2, ensure_ascii=False)
    return f"[\n{_indented(text.strip())},\n{_indented(more)}\n]\n"


def _indented(text: str) -> str:
    """JSON has no line end inside its strings, so every line may move."""
    return "\n".join(f"  {line}" for line in text.split("\n"))


def _at(value: Any, pointer: str) -> Any:
    for token in pointer_tokens(pointer):
        if isinstance(value, list) and token.isdigit() and int(token) < len(value):
            value = value[int(token)]
        elif isinstance(value, dict):
            value = value.get(token)
        else:
            return None
    return value
