"""The verdict on a document: may it be registered, and if not, what is to be done where."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from typing import Any

from services.registry.rules import messages as m
from services.registry.rules.advice import advice, risks
from services.registry.rules.messages import Problem, problem
from services.registry.rules.names import name_problem
from services.registry.rules.record_rules import key_of, member_problems, name_problems, places, variant_problems
from services.registry.rules.shape import shape_problems
from shared import client_releases
from shared.client_record import pointer
from shared.client_releases import ReleaseTable
from shared.document import Parsed, locate_all, parse
from shared.errors import Invalid

MOST_SOURCES = 1_000
"""Of one document; the largest real model has 96. `parse` bounds its values. Without a bound, 2 MB take minutes."""

MOST_TOLD = 100
"""Problems in one answer: more help nobody, and looking for them in a hostile document takes minutes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """`ok`: it may be submitted. `model_name` is "" where the document does not parse or carries no valid name,
    which is what even a draft needs. Errors and warnings stand in the order of the text's records."""

    ok: bool
    errors: tuple[Problem, ...] = ()
    warnings: tuple[Problem, ...] = ()
    model_name: str = ""


def validate(type_: str, text: str, *, table: ReleaseTable, releases: Sequence[str] = (), name: str = "") -> Report:
    """The report on one document; raises KeyError for a type that is none of ours.

    `releases`: those supported, all of the table where none is given; they are asked once nothing is refused.
    `name`: the model the document belongs to.
    """
    try:
        parsed = parse(text)
    except Invalid as error:
        return Report(ok=False, errors=_unparsed(error))
    records = [record.value for record in parsed.records]
    prefixes = [pointer(n) if isinstance(parsed.value, list) else "" for n in range(len(records))]
    if large := _too_large(records):
        return Report(ok=False, errors=(large,))
    names = tuple(name_problems(type_, records, prefixes=prefixes, name=name))
    errors = [*names, *islice(_errors(type_, records, prefixes=prefixes, table=table), MOST_TOLD + 1)]
    told = _placed(errors[:MOST_TOLD], text) + ((problem(m.MORE),) if len(errors) > MOST_TOLD else ())
    spoken_of = () if told else releases or table.releases
    found = _warnings(type_, records, prefixes=prefixes, table=table, releases=spoken_of)
    warnings = _placed(list(islice(found, MOST_TOLD)), text)
    return Report(ok=not told, errors=told, warnings=warnings, model_name=_model_name(type_, parsed, names, name=name))


def _too_large(records: Sequence[Any]) -> Problem | None:
    sources = sum(steps[-2:-1] == ["model_src"] for record in records for steps, _ in places(record))
    return problem(m.TOO_MANY, what="sources", limit=MOST_SOURCES) if sources > MOST_SOURCES else None


def _unparsed(error: Invalid) -> tuple[Problem, ...]:
    entries = error.details.get("errors") or [{"path": "", "message": error.message}]
    return tuple(
        Problem(
            template=m.CLIENT,
            values={"text": str(entry["message"])},
            path=str(entry.get("path", "")),
            line=int(entry.get("line", 0)),
            column=int(entry.get("column", 0)),
        )
        for entry in entries
    )


def _model_name(type_: str, parsed: Parsed, problems: Sequence[Problem], *, name: str) -> str:
    found = key_of(type_, parsed.records[0].value, name=name)
    return found if not problems and isinstance(found, str) and name_problem(found, "") is None else ""


def _errors(type_: str, records: Sequence[Any], *, prefixes: Sequence[str], table: ReleaseTable) -> Iterator[Problem]:
    yield from variant_problems(type_, records, prefixes=prefixes)
    for record, prefix in zip(records, prefixes, strict=True):
        is_clean = True
        for each in (*member_problems(record, type_=type_, prefix=prefix), *_shape(type_, record, prefix)):
            is_clean = False
            yield each
        if is_clean and isinstance(key_of(type_, record), str):
            for refusal in client_releases.hard_refusals(table, type_, [record]):
                yield problem(m.CLIENT, prefix + refusal.path, text=refusal.message)


def _shape(type_: str, record: Mapping[str, Any], prefix: str) -> Iterator[Problem]:
    return islice(shape_problems(type_, record, prefix=prefix), MOST_TOLD + 1)


def _warnings(
    type_: str, records: Sequence[Any], *, prefixes: Sequence[str], table: ReleaseTable, releases: Sequence[str]
) -> Iterator[Problem]:
    for each in client_releases.warnings(table, type_, records, releases=releases):
        lacks_index = len(records) == 1 and prefixes[0] and each.path
        path = prefixes[0] + each.path if lacks_index else each.path
        yield problem(m.CLIENT, path, kind="release", text=each.message)
    yield from risks(records, prefixes=prefixes)
    for record, prefix in zip(records, prefixes, strict=True):
        yield from advice(type_, record, prefix=prefix)


def _placed(problems: Sequence[Problem], text: str) -> tuple[Problem, ...]:
    """The problems with line and column: of what each points at, or of what encloses what is missing."""
    places = locate_all(text, [each.path for each in problems])
    return tuple(replace(each, line=places[each.path].line, column=places[each.path].column) for each in problems)
