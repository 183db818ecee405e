"""Rules that a JSON Schema cannot say: of names, of variants, and of what a source must not carry."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from services.registry.rules import messages as m
from services.registry.rules.messages import Problem, problem, shown
from services.registry.rules.names import name_problem
from services.registry.rules.schema_parts import FIXED_IN_RECORD
from services.registry.rules.schemas import VARIANT_TYPES
from services.registry.rules.shape import subject_of
from shared.client_record import pointer

_IDENTITY = ("engine", "model_format", "quantization", "cache_name")
Place = tuple[list[str | int], Mapping[str, Any]]


def key_of(type_: str, record: Mapping[str, Any], *, name: str = "") -> object:
    """What the record's model is called: `model_name`; a world file's own name (or family) where it has none."""
    if type_ == "world" and "model_name" not in record and "model_specs" in record:
        return name or record.get("model_family")
    return record.get("model_name")


def name_problems(
    type_: str, records: Sequence[Mapping[str, Any]], *, prefixes: Sequence[str], name: str
) -> Iterator[Problem]:
    """Each record's name is fit, they all have one, and it is `name` (whatever the case) where that is given."""
    first: str | None = None
    for record, prefix in zip(records, prefixes, strict=True):
        found, path = key_of(type_, record, name=name), prefix + "/model_name"
        if found is None:
            yield problem(m.NAME_MISSING, prefix)
        elif unfit := name_problem(found, path):
            yield unfit
        elif first is not None and found != first:
            yield problem(m.NAMES_DIFFER, path, name=first, found=shown(found))
        elif name and str(found).lower() != name.lower():
            yield problem(m.NAME_DIFFERS, path, name=name, found=shown(found))
        elif first is None:
            first = str(found)


def variant_problems(type_: str, records: Sequence[Mapping[str, Any]], *, prefixes: Sequence[str]) -> Iterator[Problem]:
    """Several records only where the type has variants, and each tells itself apart."""
    if len(records) > 1 and type_ not in VARIANT_TYPES:
        yield problem(m.ONE_RECORD, prefixes[1], count=len(records))
        return
    seen: dict[tuple[str, ...], int] = {}
    for number, record in enumerate(records, start=1):
        identity = tuple(str(record.get(name) or "").lower() for name in _IDENTITY)
        if identity in seen:
            yield problem(m.SAME_VARIANT, prefixes[number - 1], number=number, other=seen[identity])
        seen.setdefault(identity, number)


def member_problems(record: Mapping[str, Any], *, type_: str, prefix: str) -> Iterator[Problem]:
    """No `is_builtin`, and nothing inside a form or source that a client would lay over the record's own."""
    if "is_builtin" in record:
        yield problem(m.IS_BUILTIN, prefix + "/is_builtin", found=shown(record["is_builtin"]))
    for steps, holder in places(record):
        place = subject_of(steps)
        for name in FIXED_IN_RECORD:
            if name in holder:
                yield _misplaced(name, holder[name], steps=steps, prefix=prefix, place=place)
        inner = holder.get("model_name", record.get("model_name"))
        names_itself = type_ == "world" and steps[0] == "model_specs" and len(steps) == 2
        if "model_name" in holder and inner != record.get("model_name") and not names_itself:
            yield problem(
                m.OTHER_NAME_INSIDE,
                prefix + pointer(*steps, "model_name"),
                subject=subject_of([*steps, "model_name"]),
                name=shown(record.get("model_name")),
                found=shown(inner),
            )
        elif names_itself and "model_name" in holder:
            unfit = name_problem(inner, prefix + pointer(*steps, "model_name"))
            if unfit:
                yield unfit


def _misplaced(name: str, value: object, *, steps: list[str | int], prefix: str, place: str) -> Problem:
    path = prefix + pointer(*steps, name)
    if name == "is_builtin":
        return problem(m.IS_BUILTIN, path, found=shown(value))
    return problem(m.FIXED_IN_RECORD, path, subject=name, place=place)


def places(record: Mapping[str, Any]) -> Iterator[Place]:
    """Every form and every source of a record, with its path."""
    yield from _sources(record, [])
    specs = record.get("model_specs")
    for n, spec in enumerate(specs if isinstance(specs, list) else []):
        if isinstance(spec, Mapping):
            yield ["model_specs", n], spec
            yield from _sources(spec, ["model_specs", n])


def _sources(holder: Mapping[str, Any], steps: list[str | int]) -> Iterator[Place]:
    found = holder.get("model_src")
    for hub, info in found.items() if isinstance(found, Mapping) else ():
        if isinstance(info, Mapping):
            yield [*steps, "model_src", str(hub)], info
