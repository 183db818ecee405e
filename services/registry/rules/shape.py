"""Breaches of the JSON Schemas, each told in a sentence of its own."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from typing import Any

from jsonschema import Draft202012Validator
from jsonschema.exceptions import ValidationError
from jsonschema.validators import extend

from services.registry.rules import messages as m
from services.registry.rules.messages import Problem, problem, shown
from services.registry.rules.schemas import record_schema
from shared.client_record import pointer

_KINDS = {
    "object": "an object",
    "array": "a list",
    "string": "a text",
    "integer": "a whole number",
    "boolean": "true or false",
    "null": "null",
}
_NAME = "model_name"
"""Judged in `names`, with sentences of its own."""


def _strict_pattern(_: Any, pattern: str, instance: Any, __: Any) -> Iterator[ValidationError]:
    """As ECMA reads a pattern: `$` is the end, not the place before a last line feed."""
    if isinstance(instance, str) and not re.search(re.sub(r"\$$", r"\\Z", pattern), instance):
        yield ValidationError(f"does not match {pattern}")


_extend: Any = extend
_Validator = _extend(Draft202012Validator, {"pattern": _strict_pattern})


@cache
def _validator(type_: str) -> Any:
    return _Validator(record_schema(type_))


def shape_problems(type_: str, record: object, *, prefix: str) -> Iterator[Problem]:
    """Each breach of the type's schema in this record, in the order they are found."""
    for error in _validator(type_).iter_errors(record):
        told = _told(error, prefix)
        if told is not None:
            yield told


def subject_of(steps: Sequence[str | int]) -> str:
    """A path as people read it: model_specs[0].model_format."""
    text = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in steps).lstrip(".")
    return text if len(text) <= 160 else "…" + text[-159:]


def _told(error: Any, prefix: str) -> Problem | None:
    steps = list(error.absolute_path)
    if steps == [_NAME]:
        return None
    path = prefix + pointer(*steps)
    subject = subject_of(steps) or "the record"
    schema = error.schema if isinstance(error.schema, Mapping) else {}
    match error.validator:
        case "not":
            return None
        case "required":
            return None if _missing_name(error, steps) == _NAME else _missing(error, schema, steps=steps, path=path)
        case "enum":
            return _not_one_of(error, schema, subject=subject, path=path)
        case _:
            return problem(
                m.WRONG,
                path,
                subject=subject,
                expected=schema.get("x-expected") or _expected(error, schema),
                found=_found(error),
                remedy=schema.get("x-remedy") or _remedy(error),
            )


def _missing_name(error: Any, steps: Sequence[str | int]) -> str:
    """The member that is missing from the record itself, "" where it is missing further in."""
    return "" if steps else _missing_member(error)


def _missing_member(error: Any) -> str:
    """The member that this error is about: the validator tells it in its message alone."""
    return next(str(name) for name in error.validator_value if error.message.startswith(repr(name)))


def _missing(error: Any, schema: Mapping[str, Any], *, steps: list[str | int], path: str) -> Problem:
    present = error.instance if isinstance(error.instance, Mapping) else {}
    name = _missing_member(error)
    properties = schema.get("properties")
    known = properties if isinstance(properties, Mapping) else {}
    wanted = known.get(name, {})
    guess = m.closest(name, [key for key in present if key not in known]) if known else ""
    remedy = f"rename {guess}" if guess else wanted.get("x-remedy") or schema.get("x-remedy") or "add it"
    return problem(
        m.MISSING,
        path,
        subject=subject_of([*steps, name]),
        expected=wanted.get("x-expected") or _example(wanted) or schema.get("x-expected") or "it here",
        remedy=remedy,
    )


def _example(wanted: Mapping[str, Any]) -> str:
    kinds = wanted.get("type")
    kind = _KINDS.get(kinds, "") if isinstance(kinds, str) else ""
    values = wanted.get("enum") or wanted.get("examples") or ()
    example = next((value for value in values if isinstance(value, str | int)), None)
    return f"{kind} such as {shown(example)}" if kind and example is not None else kind


def _not_one_of(error: Any, schema: Mapping[str, Any], *, subject: str, path: str) -> Problem:
    values = [value for value in error.validator_value if isinstance(value, str)]
    guess = m.closest(error.instance, values)
    return problem(
        m.NOT_ONE_OF,
        path,
        subject=subject,
        values=", ".join(values),
        found=shown(error.instance),
        remedy=f'write "{guess}"' if guess else schema.get("x-remedy") or "choose one of them",
    )


def _expected(error: Any, schema: Mapping[str, Any]) -> str:
    limit = error.validator_value
    match error.validator:
        case "type":
            kinds = [limit] if isinstance(limit, str) else list(limit)
            return " or ".join(_KINDS.get(kind, kind) for kind in kinds if kind != "null")
        case "const":
            return shown(limit)
        case "minLength":
            return "a text that is not empty"
        case "maxLength":
            return f"at most {limit} characters"
        case "minItems":
            return f"at least {limit} entry" if limit == 1 else f"at least {limit} entries"
        case "minProperties":
            return f"at least {limit} member"
        case "minimum":
            return f"{limit} or more"
        case "pattern":
            return f"a text of the form {limit}"
        case _:
            return str(schema.get("title", "another value"))


def _found(error: Any) -> str:
    if error.validator == "maxLength" and isinstance(error.instance, str):
        return f"{len(error.instance)}"
    return shown(error.instance)


def _remedy(error: Any) -> str:
    match error.validator:
        case "minItems":
            return "add an entry"
        case "minLength" | "minProperties":
            return "fill it in, or leave it out where it is optional"
        case _:
            return "correct it"
