"""Which Xinference release can use which catalogue record, from the data table alone.

The table (`shared/data/client-releases.json`) was measured with each release's own loader;
`scripts/client_releases.py` makes it anew. Nothing here reads a file: `load_table` takes its text.
Five effects of a record on a release, and one of none:
  loads     the release uses it
  skipped   the release passes over it, nothing else is touched
  replaced  it loads, but the release drops a source of the same model that it could use
  reject    this record and all after it in the list are lost
  poison    the whole list is lost, wherever the record stands
  fatal     the reload raises, and so does every later start of that installation
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal, TypeVar

from shared.client_record import SOURCE_FIELDS, SPEC_TYPES, Reading, read_record
from shared.client_rules import ReleaseTable, TypeRules, load_table, release_key
from shared.errors import Invalid

Item = TypeVar("Item")

__all__ = [
    "Effect",
    "Problem",
    "ReleaseTable",
    "Span",
    "TypeRules",
    "Verdict",
    "as_page",
    "hard_refusals",
    "judge",
    "judge_model",
    "load_table",
    "predict",
    "release_key",
    "rules_of",
    "usability",
    "usability_of",
    "warnings",
    "window",
]

Effect = Literal["loads", "skipped", "replaced", "reject", "poison", "fatal"]
SEVERITY: tuple[Effect, ...] = ("skipped", "loads", "replaced", "reject", "poison", "fatal")


@dataclass(frozen=True)
class Verdict:
    """What a record does to one release; `why` is for people, `path` points into the record."""

    effect: Effect
    why: str = ""
    path: str = ""

    @property
    def usable(self) -> bool:
        return self.effect == "loads"


@dataclass(frozen=True)
class Span:
    """Neighbouring releases (of those the table knows) with one verdict."""

    first: str
    last: str
    verdict: Verdict

    @property
    def text(self) -> str:
        """Such as "1.17.0 – 4.1.0", or one release alone."""
        return self.first if self.first == self.last else f"{self.first} – {self.last}"


def window(table: ReleaseTable, clients_from: str) -> tuple[str, ...]:
    """The supported releases, oldest first; the newest is always one of them."""
    oldest = release_key(clients_from)
    return tuple(r for r in table.releases if release_key(r) >= oldest) or (table.newest,)


def predict(table: ReleaseTable, type_: str, record: object, release: str) -> Verdict:
    """What this record alone does to the release; raises Invalid for a type that the release does not ask for."""
    return judge(rules_of(table, type_, release), read_record(type_, record), type_=type_)


def rules_of(table: ReleaseTable, type_: str, release: str) -> TypeRules:
    """Raises Invalid for a release that the table lacks, or that does not ask for the type."""
    rules = table.rules.get(type_, {}).get(release)
    if rules is None:
        raise Invalid(
            f"client release {release}, type {type_}: expected a release of the table that asks for it, "
            f"{table.releases[0]} to {table.newest}; make the table anew"
        )
    return rules


def judge(rules: TypeRules, reading: Reading, *, type_: str, stamped: bool = False) -> Verdict:
    """`predict` for a record that is read already; `stamped`: as if `updated_at` were set."""
    if reading.name in rules.packaged_bare:
        return Verdict("fatal", f"the release packages {reading.name} without updated_at and compares with it")
    if reading.fault and reading.fault.poison:
        return Verdict("poison", reading.fault.why, reading.fault.path)
    if not rules.reads_inner_specs and reading.has_specs and not reading.has_sources:
        return Verdict("poison", "it does not know model_specs and looks for model_src", "/model_specs")
    refused = _refused(rules, reading, type_=type_)
    return refused or _after_loading(rules, reading, type_=type_, stamped=stamped)


def _refused(rules: TypeRules, reading: Reading, *, type_: str) -> Verdict | None:
    if reading.fault:
        return Verdict("reject", reading.fault.why, reading.fault.path)
    return (
        _lacking(rules, reading, type_=type_)
        or _unknown_value(rules, reading)
        or (_refused_part(rules, reading) if rules.formats else None)
    )


def _lacking(rules: TypeRules, reading: Reading, *, type_: str) -> Verdict | None:
    """A required field that the record, or for flattened types one of its sources, lacks."""
    if type_ in SPEC_TYPES or not reading.parts:
        missing = rules.required - reading.fields - (SOURCE_FIELDS if type_ not in SPEC_TYPES else frozenset())
        return Verdict("reject", f"it needs {_listed(missing)}") if missing else None
    for part in reading.parts:
        missing = rules.required - part.fields
        if missing:
            own = missing - SOURCE_FIELDS
            return Verdict("reject", f"it needs {_listed(own or missing)}", "" if own else part.path)
    return None


def _unknown_value(rules: TypeRules, reading: Reading) -> Verdict | None:
    """A version, ability or option that the release does not know."""
    if "version" in reading.fields and not any(
        type(reading.version) is type(known) and reading.version == known for known in rules.versions
    ):
        return Verdict("reject", f"version must be {_listed(map(str, rules.versions))}", "/version")
    for n, ability in enumerate(reading.abilities if rules.abilities is not None else ()):
        if rules.abilities is not None and ability not in rules.abilities:
            return Verdict("reject", f"it does not know the ability {ability}", f"/model_ability/{n}")
    if reading.listed_option and not rules.takes_listed_options:
        option = reading.listed_option.rpartition("/")[2]
        return Verdict("reject", f"it takes one string for {option}, not a list", reading.listed_option)
    return None


def _refused_part(rules: TypeRules, reading: Reading) -> Verdict | None:
    for part in reading.parts:
        required = rules.formats.get(part.model_format)
        if required is None:
            return Verdict("reject", f"it does not know the format {part.model_format or '(none)'}", part.path)
        if required - part.fields:
            return Verdict("reject", f"format {part.model_format} needs {_listed(required - part.fields)}", part.path)
    return None


def _after_loading(rules: TypeRules, reading: Reading, *, type_: str, stamped: bool) -> Verdict:
    if type_ == "rerank" and not reading.parts:
        return Verdict("fatal", "it has no source, and the release takes the first", "/model_specs")
    unread_specs = reading.has_specs and not rules.reads_inner_specs
    if type_ not in SPEC_TYPES and (not reading.parts or unread_specs):
        return Verdict("skipped", "it finds no source in model_src", "/model_src")
    if rules.needs_huggingface and "huggingface" not in reading.hubs:
        return Verdict("fatal", "it has no huggingface source, and the release takes the first of them", "/model_src")
    if reading.stamp_is_there and reading.stamp is None:
        return Verdict("fatal", "updated_at must be a number of seconds", "/updated_at")
    if not (stamped or reading.stamp_is_there) and (rules.missing_stamp_is_fatal or reading.name in rules.packaged):
        return Verdict("fatal", "updated_at is missing, and the release compares by it", "/updated_at")
    return Verdict("loads")


def _listed(names: Iterable[str]) -> str:
    return ", ".join(sorted(names))


def judge_model(rules: TypeRules, readings: Sequence[Reading], *, type_: str, stamped: bool = False) -> Verdict:
    """What all records of one model together do to a release: the gravest, or that a source is taken away."""
    verdicts = [judge(rules, reading, type_=type_, stamped=stamped) for reading in readings]
    gravest = max(verdicts, key=lambda verdict: SEVERITY.index(verdict.effect), default=Verdict("skipped"))
    if gravest.effect != "loads" or not rules.newest_stamp_only or readings[0].name not in rules.packaged:
        return gravest
    lost = _taken_away(rules, readings)
    if not lost:
        return gravest
    return Verdict("replaced", f"it keeps only the newest record of the name and loses {_listed(lost)}", "/updated_at")


def _taken_away(rules: TypeRules, readings: Sequence[Reading]) -> set[str]:
    """Sources outside Apple machines' own that go, because a release keeps the newest record alone."""
    seen = [reading for reading in readings if not (rules.filters_apple_only and reading.apple_only)]
    newest = max((reading.stamp or 0 for reading in seen), default=0)
    usable = {source for reading in seen if not reading.apple_only for source in reading.sources}
    kept = {
        source
        for reading in seen
        if (reading.stamp or 0) == newest and not reading.apple_only
        for source in reading.sources
    }
    return {f"{hub}:{model_id}" for hub, model_id in usable - kept}


def usability(table: ReleaseTable, type_: str, records: Sequence[object], releases: Sequence[str]) -> tuple[Span, ...]:
    """What the model does to each of these releases, neighbours with one verdict as one span, oldest first."""
    return usability_of(table, type_, [read_record(type_, record) for record in records], releases)


def usability_of(
    table: ReleaseTable, type_: str, readings: Sequence[Reading], releases: Sequence[str]
) -> tuple[Span, ...]:
    """`usability` for records that are read already."""
    judged = [
        (release, judge_model(table.rules[type_][release], readings, type_=type_))
        for release in table.asking(type_, releases)
    ]
    return join_spans(judged)


def join_spans(judged: Iterable[tuple[str, Verdict]]) -> tuple[Span, ...]:
    """Neighbours with one verdict as one span."""
    spans: list[Span] = []
    for release, verdict in judged:
        if spans and spans[-1].verdict == verdict:
            spans[-1] = Span(spans[-1].first, release, verdict)
        else:
            spans.append(Span(release, release, verdict))
    return tuple(spans)


def as_page(spans: Sequence[Span]) -> dict[str, Any]:
    """{"loads_from": release or None, "spans": [{"releases": "1.17.0 – 4.1.0", "effect", "why"}]}."""
    return {
        "loads_from": next((span.first for span in spans if span.verdict.usable), None),
        "spans": [{"releases": s.text, "effect": s.verdict.effect, "why": s.verdict.why} for s in spans],
    }


@dataclass(frozen=True)
class Problem:
    """One thing to tell a maintainer: JSON Pointer into the document, and a sentence."""

    path: str
    message: str


def hard_refusals(
    table: ReleaseTable, type_: str, records: Sequence[object], *, newest: str | None = None
) -> tuple[Problem, ...]:
    """What the newest release rejects, or what is poison or fatal there; empty where it may be registered.

    A missing updated_at is no refusal (submit sets it), nor is a name that the release packages without one
    (the feed withholds it). Paths start with the record's index where there are several records.
    """
    release = newest or table.newest
    found = []
    for prefix, record in _with_prefixes(records):
        verdict = _own_verdict(rules_of(table, type_, release), read_record(type_, record), type_=type_)
        if verdict.effect in ("reject", "poison", "fatal"):
            found.append(Problem(prefix + verdict.path, f"Xinference {release}, the newest release: {verdict.why}"))
    return tuple(found)


def warnings(
    table: ReleaseTable, type_: str, records: Sequence[object], *, releases: Sequence[str]
) -> tuple[Problem, ...]:
    """What hurts a supported release though the newest takes it, one item per record and span of releases."""
    refused = {problem.path for problem in hard_refusals(table, type_, records)}
    found = []
    asking = table.asking(type_, releases)
    readings = [read_record(type_, record) for record in records]
    for prefix, reading in _with_prefixes(readings):
        judged = [(r, _own_verdict(table.rules[type_][r], reading, type_=type_)) for r in asking]
        found += [
            Problem(
                prefix + span.verdict.path,
                f"Xinference {span.text} {_CONSEQUENCE[span.verdict.effect]}: {span.verdict.why}",
            )
            for span in join_spans(judged)
            if span.verdict.effect != "loads" and prefix + span.verdict.path not in refused
        ]
    judged = [(r, judge_model(table.rules[type_][r], readings, type_=type_, stamped=True)) for r in asking]
    found += [
        Problem(span.verdict.path, f"Xinference {span.text} {_CONSEQUENCE['replaced']}: {span.verdict.why}")
        for span in join_spans(judged)
        if span.verdict.effect == "replaced"
    ]
    found += _bare_name_warnings(table, type_, readings=readings, asking=asking)
    return tuple(found)


_CONSEQUENCE: Mapping[Effect, str] = {
    "skipped": "passes over this model",
    "replaced": "would lose a source, so the feed withholds it",
    "reject": "cannot read this model, so it stands at the feed's end",
    "poison": "would lose its whole list, so the feed withholds it",
    "fatal": "would not start again, so the feed withholds it",
}


def _with_prefixes(records: Sequence[Item]) -> list[tuple[str, Item]]:
    return [(f"/{n}" if len(records) > 1 else "", record) for n, record in enumerate(records)]


def _own_verdict(rules: TypeRules, reading: Reading, *, type_: str) -> Verdict:
    """The verdict on the record's own content, once submit has stamped it."""
    return judge(replace(rules, packaged_bare=frozenset()), reading, type_=type_, stamped=True)


def _bare_name_warnings(
    table: ReleaseTable, type_: str, *, readings: Sequence[Reading], asking: Sequence[str]
) -> list[Problem]:
    judged = [
        (
            r,
            Verdict("fatal")
            if {reading.name for reading in readings} & table.rules[type_][r].packaged_bare
            else Verdict("loads"),
        )
        for r in asking
    ]
    return [
        Problem("", f"Xinference {span.text} packages this name without updated_at, so the feed withholds it")
        for span in join_spans(judged)
        if span.verdict.effect == "fatal"
    ]
