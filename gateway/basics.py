"""The basic facts of a model as form fields: read out of a document, and written into one without touching the rest.

Texts are exact: what is not named here keeps its bytes, order and spelling. Pure.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from shared.document import remove_member, set_member
from shared.errors import HubError
from shared.model_facts import TYPES

Kind = Literal["text", "list", "whole", "size", "flag"]
HUBS = ("huggingface", "modelscope", "openmind_hub", "csghub")
WITH_FORMS = ("llm", "embedding", "rerank")
BY_RECORD = ("image", "audio", "video")
SPEC_VERSION = {"world": 1}
_WORDS = re.compile(r"[,，;、\s]+")
_DECIMAL = re.compile(r"([0-9]+)[._]([0-9]+)")


@dataclass(frozen=True, slots=True)
class Fact:
    """One form field. `places`: type to pointer, where `{hub}` stands for the first source's hub."""

    name: str
    kind: Kind
    places: Mapping[str, str]

    @property
    def types(self) -> str:
        """The types that have it, for `data-for`."""
        return " ".join(self.places)


def _everywhere(pointer: str, types: Sequence[str] = TYPES) -> dict[str, str]:
    return dict.fromkeys(types, pointer)


def _of_source(member: str) -> dict[str, str]:
    return {
        **_everywhere(f"/model_specs/0/model_src/{{hub}}/{member}", (*WITH_FORMS, "world")),
        **_everywhere(f"/model_src/{{hub}}/{member}", BY_RECORD),
    }


FACTS: tuple[Fact, ...] = (
    Fact("name", "text", {name: "/model_specs/0/model_name" if name == "world" else "/model_name" for name in TYPES}),
    Fact("context_length", "whole", {"llm": "/context_length"}),
    Fact("dimensions", "whole", {"embedding": "/dimensions"}),
    Fact("max_tokens", "whole", _everywhere("/max_tokens", ("embedding", "rerank"))),
    Fact("family", "text", _everywhere("/model_family", (*BY_RECORD, "world"))),
    Fact(
        "languages",
        "list",
        {"llm": "/model_lang", "embedding": "/language", "rerank": "/language"},
    ),
    Fact("abilities", "list", _everywhere("/model_ability")),
    Fact("description", "text", _everywhere("/model_description")),
    Fact("multilingual", "flag", {"audio": "/multilingual"}),
    Fact("source_url", "text", {"world": "/source_url"}),
    Fact("source_revision", "text", {"world": "/source_revision"}),
    Fact("format", "text", _everywhere("/model_specs/0/model_format", WITH_FORMS)),
    Fact("size", "size", {"llm": "/model_specs/0/model_size_in_billions"}),
    Fact("model_id", "text", _of_source("model_id")),
    Fact("revision", "text", _of_source("model_revision")),
    Fact("quantizations", "list", _everywhere("/model_specs/0/model_src/{hub}/quantizations", WITH_FORMS)),
)
NAMES = (*(fact.name for fact in FACTS), "hub")


def read_basics(model_type: str, text: str) -> dict[str, str]:
    """Every field's text as the document's first record says it; empty where it says nothing, or is no JSON."""
    record = _first_record(text)
    hub = _hub_of(model_type, record)
    found = {fact.name: _shown(fact, _at(record, _pointer(fact, model_type, hub))) for fact in FACTS}
    return {**found, "hub": hub if record is not None and text.strip() else ""}


def write_basics(model_type: str, text: str, basics: Mapping[str, str]) -> str:
    """The document with the fields that differ from what it says; a new document where `text` is blank.

    Raises Invalid where `text` cannot be read.
    """
    said = read_basics(model_type, text)
    hub = basics.get("hub") or said["hub"] or HUBS[0]
    if not text.strip():
        return _new_document(model_type, basics, hub)
    prefix = "/0" if _is_array(text) else ""
    for fact in FACTS:
        wish = basics.get(fact.name, "").strip()
        if fact.name not in basics or model_type not in fact.places or wish == said[fact.name]:
            continue
        place = prefix + _pointer(fact, model_type, said["hub"] or hub)
        text = _set(text, place, _value(fact, wish)) if wish else _without(text, place)
    return text


def changed(basics: Mapping[str, str], before: Mapping[str, str]) -> dict[str, str]:
    """The fields that differ from what they were."""
    return {name: value for name, value in basics.items() if value.strip() != before.get(name, "").strip()}


def _new_document(model_type: str, basics: Mapping[str, str], hub: str) -> str:
    record: dict[str, Any] = {"version": SPEC_VERSION.get(model_type, 2)}
    for fact in FACTS:
        if model_type not in fact.places:
            continue
        wish = basics.get(fact.name, "").strip()
        if not wish and fact.name == "quantizations":
            wish = "none"
        if wish or fact.kind == "flag":
            _put(record, _pointer(fact, model_type, hub).split("/")[1:], _value(fact, wish))
    return json.dumps(record, indent=2, ensure_ascii=False) + "\n"


def _put(record: dict[str, Any], tokens: Sequence[str], value: Any) -> None:
    """Sets a value in nested records; a list has one item, the first."""
    here = record
    for key, after in zip(tokens, [*tokens[1:], ""], strict=True):
        if key == "0":
            continue
        if not after:
            here[key] = value
        elif after == "0":
            here = here.setdefault(key, [{}])[0]
        else:
            here = here.setdefault(key, {})


def _set(text: str, pointer: str, value: Any) -> str:
    """Sets a member, with what is missing above it."""
    tokens = pointer.split("/")[1:]
    for depth in range(len(tokens), 0, -1):
        try:
            return set_member(text, "/" + "/".join(tokens[:depth]), json.dumps(value, ensure_ascii=False))
        except HubError:
            if depth == 1:
                raise
            value = [value] if tokens[depth - 1] == "0" else {tokens[depth - 1]: value}
    return text


def _without(text: str, pointer: str) -> str:
    try:
        return remove_member(text, pointer)
    except HubError:
        # What is not there is not there already.
        return text


def _value(fact: Fact, wish: str) -> Any:
    """What is no number stays text: validation then says where and why."""
    if fact.kind == "list":
        return [word for word in _WORDS.split(wish) if word]
    if fact.kind == "flag":
        return wish == "true"
    if fact.kind in ("whole", "size") and wish.isascii() and wish.isdigit() and len(wish) < 16:
        return int(wish)
    if fact.kind == "size" and (decimal := _DECIMAL.fullmatch(wish)):
        return f"{decimal[1]}_{decimal[2]}"
    return wish


def _shown(fact: Fact, value: Any) -> str:
    if fact.kind == "flag":
        return "true" if value is True else ""
    if value is None or isinstance(value, dict | bool):
        return ""
    if isinstance(value, list):
        return ", ".join(str(item) for item in value if isinstance(item, str | int))
    if fact.kind == "size" and isinstance(value, str):
        return value.replace("_", ".")
    return str(value)


def _first_record(text: str) -> Any:
    try:
        root = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return root[0] if isinstance(root, list) and root else root


def _is_array(text: str) -> bool:
    return text.lstrip().startswith("[")


def _pointer(fact: Fact, model_type: str, hub: str) -> str:
    return fact.places.get(model_type, "").replace("{hub}", hub)


def _hub_of(model_type: str, record: Any) -> str:
    """The first source's hub, the most common one where there is none."""
    place = "/model_src" if model_type in BY_RECORD else "/model_specs/0/model_src"
    sources = _at(record, place)
    return next(iter(sources), HUBS[0]) if isinstance(sources, dict) else HUBS[0]


def _at(value: Any, pointer: str) -> Any:
    if not pointer:
        return None
    for token in pointer.split("/")[1:]:
        if isinstance(value, list) and token.isdigit() and int(token) < len(value):
            value = value[int(token)]
        elif isinstance(value, dict):
            value = value.get(token)
        else:
            return None
    return value
