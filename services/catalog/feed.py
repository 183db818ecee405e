"""The client feed of one type: what is served in which order, what is withheld, and why. Pure.

Three rules, all read from the table of client releases, keep every supported client whole:
1. a model that is fatal, kills a whole list or costs a source in a supported release is withheld;
2. what a newer release refuses stands behind what it takes, so nothing is lost behind it;
3. the served text is repaired where both forms give equal objects.
"""

from __future__ import annotations

import gzip
import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from shared.client_record import Reading, read_record
from shared.client_releases import (
    Effect,
    ReleaseTable,
    Span,
    Verdict,
    join_spans,
    judge_model,
    release_key,
    window,
)
from shared.client_repairs import repaired_text

SINGLE_REFRESH_FROM = "4.0.0"
_HARM: Mapping[Effect, int] = {"loads": 0, "skipped": 1, "replaced": 2, "reject": 3, "poison": 4, "fatal": 5}
_WITHHELD: frozenset[Effect] = frozenset({"replaced", "poison", "fatal"})
_SEPARATOR = b",\n"


@dataclass(frozen=True)
class RecordText:
    """One record: its exact JSON text and the value it parses to."""

    text: str
    value: Any


@dataclass(frozen=True)
class FeedModel:
    """One published model: its records in document order; `order` is its place in upstream's list."""

    name: str
    records: tuple[RecordText, ...]
    order: int


@dataclass(frozen=True)
class Withheld:
    """A model that no client gets, why, and the releases (such as "1.13.0 – 3.1.0") that it would hurt."""

    name: str
    why: str
    releases: str


@dataclass(frozen=True)
class Repaired:
    """A model whose served text differs from its document, and in what."""

    name: str
    what: str


@dataclass(frozen=True)
class Lost:
    """A served model that stands, in these releases alone, behind one that they refuse."""

    name: str
    releases: str


@dataclass(frozen=True)
class Feed:
    """The answer to a client's update of one type, as a bare JSON array; `etag` is quoted."""

    body: bytes
    etag: str
    served: tuple[str, ...]
    withheld: tuple[Withheld, ...]
    repaired: tuple[Repaired, ...]
    lost: tuple[Lost, ...]
    usable: Mapping[str, tuple[Span, ...]]

    @cached_property
    def gzip(self) -> bytes:
        """`body` as gzip, the same bytes each time; made when first asked for, which costs more than assembling."""
        return gzip.compress(self.body, compresslevel=6, mtime=0)


@dataclass(frozen=True)
class _Form:
    """One form of a model's text (as written, or repaired), with its verdict by release."""

    body: bytes
    verdicts: Mapping[str, Verdict]


@dataclass(frozen=True)
class _Assessed:
    """A model's forms; `flaw`: why it cannot be served whatever the release; `names`: of its records."""

    written: _Form | None
    names: frozenset[object] = frozenset()
    repaired: _Form | None = None
    what: str = ""
    flaw: str = ""


@dataclass
class FeedCache:
    """Assessments by content, so that an assembly pays for changed models alone; give one per process.

    Not safe for two threads at once. `limit` bounds the models kept.
    """

    limit: int = 20_000
    table: ReleaseTable | None = None
    entries: dict[tuple[str, bytes], _Assessed] = field(default_factory=dict)

    def assess(self, table: ReleaseTable, type_: str, model: FeedModel) -> _Assessed:
        if self.table is not table:
            self.table = table
            self.entries.clear()
        key = (type_, _fingerprint(model))
        if key not in self.entries:
            if len(self.entries) >= self.limit:
                self.entries.clear()
            self.entries[key] = _assess(table, type_, model)
        return self.entries[key]


def assemble(
    table: ReleaseTable,
    type_: str,
    models: Sequence[FeedModel],
    clients_from: str,
    *,
    cache: FeedCache | None = None,
) -> Feed:
    """The feed of one type; a model that cannot be served is withheld with its reason, never raised."""
    kept = cache or FeedCache()
    releases = table.asking(type_, window(table, clients_from))
    assessed = [(model, kept.assess(table, type_, model)) for model in sorted(models, key=lambda m: m.order)]
    chosen, withheld, repaired = [], [], []
    usable: dict[str, tuple[Span, ...]] = {}
    for model, assessment in assessed:
        form = _choose(assessment, releases)
        if form is not None:
            usable[model.name] = join_spans((release, form.verdicts[release]) for release in releases)
        reason = _reason_to_withhold(assessment, form, releases)
        if reason is not None or form is None:
            withheld.append(Withheld(model.name, *(reason or ("it cannot be read", ""))))
            continue
        chosen.append((model.name, form))
        if form is assessment.repaired:
            repaired.append(Repaired(model.name, assessment.what))
    chosen.sort(key=lambda item: _refused_newest_first(item[1], releases))
    body = b"[" + _SEPARATOR.join(form.body for _, form in chosen) + b"]"
    return Feed(
        body=body,
        etag=etag_of(body),
        served=tuple(name for name, _ in chosen),
        withheld=tuple(withheld),
        repaired=tuple(repaired),
        lost=_lost(chosen, releases),
        usable=usable,
    )


def single(
    table: ReleaseTable, type_: str, model: FeedModel | None, clients_from: str, *, cache: FeedCache | None = None
) -> bytes | None:
    """The array of one model's records, as written, for a single refresh; None where that would do harm.

    Only releases from `SINGLE_REFRESH_FROM` on ask so; but a name that any supported release packages without
    updated_at is refused, since its stored copy stops the next start. `model` is None where it is hidden or unknown.
    """
    if model is None:
        return None
    assessed = (cache or FeedCache()).assess(table, type_, model)
    form = assessed.written
    supported = table.asking(type_, window(table, clients_from))
    bare = any(model.name in table.rules[type_][release].packaged_bare for release in supported)
    asking = [r for r in supported if release_key(r) >= release_key(SINGLE_REFRESH_FROM)] or list(supported[-1:])
    if form is None or bare or not asking or any(not form.verdicts[release].usable for release in asking):
        return None
    if assessed.names != {model.name}:
        return None
    return b"[" + form.body + b"]"


def etag_of(body: bytes) -> str:
    """A strong ETag: equal exactly where the bytes are."""
    return f'"{hashlib.sha256(body).hexdigest()[:32]}"'


def _fingerprint(model: FeedModel) -> bytes:
    digest = hashlib.sha256()
    for record in model.records:
        digest.update(record.text.encode("utf-8", "surrogatepass"))
        digest.update(b"\0")
    return digest.digest()


class _Unservable(ValueError):
    """A record's text that no client must get; the message says why."""


def _assess(table: ReleaseTable, type_: str, model: FeedModel) -> _Assessed:
    if type_ not in table.rules:
        return _Assessed(None, flaw=f"no client release asks for the type {type_}")
    texts = [record.text for record in model.records]
    try:
        values = [_checked(record) for record in model.records]
        written = _form(table, type_, texts, values)
        edits = [repaired_text(type_, text, value) for text, value in zip(texts, values, strict=True)]
    except (ValueError, RecursionError) as error:
        return _Assessed(None, flaw=f"its text cannot be served: {str(error)[:200]}")
    names: frozenset[object] = frozenset(str(value.get("model_name")) for value in values)
    what = next((edit.what for edit in edits if edit), "")
    if not what:
        return _Assessed(written, names)
    edited = [edit.text if edit else text for edit, text in zip(edits, texts, strict=True)]
    changed = [edit.value if edit else value for edit, value in zip(edits, values, strict=True)]
    return _Assessed(written, names, _form(table, type_, edited, changed), what)


def _checked(record: RecordText) -> dict[str, Any]:
    """The value of the record's text; raises ValueError for what a client must not get."""

    def refuse_constant(name: str) -> None:
        raise _Unservable(f"{name} is not JSON")

    def refuse_provenance(members: dict[str, Any]) -> dict[str, Any]:
        if "is_builtin" in members:
            raise _Unservable("is_builtin would let the model run its own code unasked")
        return members

    value = json.loads(record.text, parse_constant=refuse_constant, object_hook=refuse_provenance)
    if not isinstance(value, dict):
        raise _Unservable("a record must be a JSON object")
    if value != record.value:
        raise _Unservable("it does not hold the value that was judged")
    # A client stores the list with ensure_ascii=False: one lone surrogate and the whole list is not written.
    json.dumps(value, ensure_ascii=False).encode("utf-8")
    return value


def _form(table: ReleaseTable, type_: str, texts: Sequence[str], values: Sequence[object]) -> _Form:
    body = _SEPARATOR.join(text.strip().encode("utf-8") for text in texts)
    readings: list[Reading] = [read_record(type_, value) for value in values]
    rules = table.rules[type_]
    return _Form(body, {release: judge_model(rule, readings, type_=type_) for release, rule in rules.items()})


def _choose(assessed: _Assessed, releases: Sequence[str]) -> _Form | None:
    """The repaired form where it is better for a supported release and worse for none."""
    written, repaired = assessed.written, assessed.repaired
    if written is None or repaired is None:
        return written
    gains = [_HARM[written.verdicts[r].effect] - _HARM[repaired.verdicts[r].effect] for r in releases]
    return repaired if any(gains) and min(gains) >= 0 else written


def _reason_to_withhold(assessed: _Assessed, form: _Form | None, releases: Sequence[str]) -> tuple[str, str] | None:
    """(why, releases) by rule 1, or None where the model is served."""
    if form is None:
        return assessed.flaw, _spanned(releases)
    hurt = [s for s in join_spans((r, form.verdicts[r]) for r in releases) if s.verdict.effect in _WITHHELD]
    if hurt:
        return _sentences(hurt), "; ".join(span.text for span in hurt)
    if not any(form.verdicts[release].usable for release in releases):
        unusable = join_spans((release, form.verdicts[release]) for release in releases)
        return "no supported release can use it: " + _sentences(unusable), _spanned(releases)
    return None


def _sentences(spans: Iterable[Span]) -> str:
    return "; ".join(f"Xinference {span.text}: {span.verdict.why}" for span in spans)


def _spanned(releases: Sequence[str]) -> str:
    return Span(releases[0], releases[-1], Verdict("loads")).text if releases else ""


def _refused_newest_first(form: _Form, releases: Sequence[str]) -> tuple[bool, ...]:
    return tuple(form.verdicts[release].effect == "reject" for release in reversed(releases))


def _lost(chosen: Sequence[tuple[str, _Form]], releases: Sequence[str]) -> tuple[Lost, ...]:
    """What stands behind a refused model though the release could use it (sets that are not nested)."""
    behind: dict[str, list[str]] = {}
    for release in releases:
        stopped = False
        for name, form in chosen:
            if form.verdicts[release].effect == "reject":
                stopped = True
            elif stopped and form.verdicts[release].usable:
                behind.setdefault(name, []).append(release)
    return tuple(Lost(name, ", ".join(found)) for name, found in behind.items())
