"""Folds what the releases were measured to do into the compact table that the hub reads. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from shared.client_record import SPEC_TYPES, TYPES, name_of

Catalogue = Mapping[str, Sequence[Any]]
Measured = Mapping[str, Mapping[str, Any]]
ABOUT = (
    "Which Xinference release loads which catalogue entry; made by scripts/client_releases.py. "
    "effect: reject = this and all later entries of the list are lost; poison = the whole list is lost wherever the "
    "entry stands; fatal = loads, then the reload raises, and so does the next start"
)


def build_table(measured: Measured, catalogues: Mapping[str, Catalogue], own: Mapping[str, Catalogue]) -> Any:
    """The table; `measured` by release, oldest first, over all catalogues' records one after another."""
    starting = {release: found["types"] for release, found in measured.items() if found["starts"]}
    places = {t: _places(catalogues, t) for t in TYPES}
    return {
        "about": ABOUT,
        "releases": {release: _release(found, own[release], places) for release, found in measured.items()},
        "schema": {t: _class_spans(starting, t) for t in TYPES} | _schema_traits(starting),
        "refusals": {t: _refusals(starting, catalogues, places[t], type_=t) for t in TYPES},
        "packaged_since": {t: _packaged_since(starting, own, t) for t in TYPES},
        "merge": _merge(starting),
    }


def _places(catalogues: Mapping[str, Catalogue], type_: str) -> dict[str, range]:
    """{catalogue: where its records of the type stand in the list that was measured}."""
    places, start = {}, 0
    for name, catalogue in catalogues.items():
        places[name] = range(start, start := start + len(catalogue.get(type_, ())))
    return places


def _release(found: Mapping[str, Any], own: Catalogue, places: Mapping[str, Mapping[str, range]]) -> dict[str, Any]:
    types = {}
    for type_, records in own.items():
        row: dict[str, Any] = {
            "packaged": len(records),
            "packaged_without_updated_at": sorted({name_of(r) for r in records if "updated_at" not in r}),
        }
        if type_ in found["types"]:
            results = found["types"][type_]["results"]
            row["loads"] = {
                name: [sum(not results[n] for n in place), len(place)] for name, place in places[type_].items()
            }
        types[type_] = row
    return {"starts": found["starts"], "types": types}


def _spans(values: Iterable[tuple[str, Any]]) -> list[tuple[str, str, Any]]:
    """(first, last, value) of neighbours with one value."""
    spans: list[tuple[str, str, Any]] = []
    for release, value in values:
        if spans and spans[-1][2] == value:
            spans[-1] = (spans[-1][0], release, value)
        else:
            spans.append((release, release, value))
    return spans


def _class_spans(starting: Measured, type_: str) -> list[dict[str, Any]]:
    found = _spans((release, types[type_]["classes"]) for release, types in starting.items() if type_ in types)
    return [{"from": first, "to": last, "classes": classes} for first, last, classes in found]


def _having(starting: Measured, type_: str, trait: str) -> list[tuple[str, bool]]:
    return [(release, types[type_]["traits"][trait]) for release, types in starting.items() if type_ in types]


def _since(having: Sequence[tuple[str, bool]]) -> str | None:
    """The first release of the last unbroken run of yes that reaches the newest; None where there is none."""
    spans = _spans(having)
    return spans[-1][0] if spans and spans[-1][2] else None


def _schema_traits(starting: Measured) -> dict[str, Any]:
    options = {True: "string, list of strings or null", False: "string or null"}
    found: dict[str, Any] = {
        "virtualenv": [
            {"from": first, "to": last, "extra_index_url": options[listed]}
            for first, last, listed in _spans(_having(starting, "llm", "listed_options"))
        ],
        "multi_spec_records": {},
        "needs_huggingface_source": {},
        "missing_updated_at_breaks_reload": {t: _stamp_rule(starting, t) for t in TYPES},
        "short_abilities_accepted": _short_abilities(starting),
    }
    for type_ in TYPES:
        if type_ in SPEC_TYPES:
            continue
        inner = _having(starting, type_, "inner_specs")
        if not all(reads for _, reads in inner):
            since = f"from {_since(inner)}" if _since(inner) else "from no release"
            note = f"model_specs inside a record without model_src: {since}; before, the whole list is lost"
            found["multi_spec_records"][type_] = note
        needing = [span for span in _spans(_having(starting, type_, "needs_huggingface")) if span[2]]
        if needing:
            found["needs_huggingface_source"][type_] = [needing[0][0], needing[-1][1]]
    return found


def _stamp_rule(starting: Measured, type_: str) -> str:
    any_name = _having(starting, type_, "stamp_any_name")
    if any_name and all(breaks for _, breaks in any_name):
        return "every release, any name"
    since = _since(any_name)
    return f"{since} and later, any name; before, packaged names" if since else "packaged names"


def _short_abilities(starting: Measured) -> dict[str, Any]:
    """From when the short forms are turned into the long ones: they load though the class lists only the others."""
    both = [
        (r, _lists_long_abilities(types) and types["embedding"]["traits"]["ability vision"])
        for r, types in starting.items()
    ]
    return {
        "from": _since(both) or "999.0",
        "values": ["vision", "video", "audio"],
        "types": ["embedding", "rerank"],
        "note": "normalised to embed_/rerank_ before the check, so the short form loads in every release",
    }


def _lists_long_abilities(types: Mapping[str, Any]) -> bool:
    shapes = types["embedding"]["classes"].values()
    return any("embed_vision" in shape["enums"].get("model_ability", ()) for shape in shapes)


def _merge(starting: Measured) -> dict[str, Any]:
    since = {t: _since(_having(starting, t, "keeps_variants")) for t in TYPES if t not in SPEC_TYPES}
    types = [type_ for type_, first in since.items() if first]
    return {
        "identity_from": since[types[0]] if types else "999.0",
        "types": types,
        "before": "of a packaged name only the records with the newest updated_at stay",
    }


def _effect(types: Mapping[str, Any], type_: str, n: int) -> tuple[str, str] | None:
    """(effect, what was raised) of the n-th record, or None where it loads."""
    row = types[type_]
    if row["results"][n]:
        return ("poison" if n in row["poison"] else "reject"), row["results"][n]
    if str(n) in row["fatal"]:
        return "fatal", row["fatal"][str(n)]
    return None


def _refusals(
    starting: Measured, catalogues: Mapping[str, Catalogue], places: Mapping[str, range], *, type_: str
) -> list[dict[str, Any]]:
    """One row a name, effect and span of releases, with the catalogues in which the entry is so."""
    rows: dict[tuple[Any, ...], dict[str, Any]] = {}
    for catalogue, place in places.items():
        for n, record in zip(place, catalogues[catalogue].get(type_, ()), strict=True):
            hit: dict[str, list[tuple[str, str]]] = defaultdict(list)
            for release, types in starting.items():
                found = _effect(types, type_, n) if type_ in types else None
                if found:
                    hit[found[0]].append((release, found[1]))
            for effect, cases in sorted(hit.items()):
                key = (name_of(record), effect, cases[0][0], cases[-1][0], len(cases))
                names = ("name", "effect", "from", "to", "releases")
                row = rows.setdefault(key, dict(zip(names, key, strict=True)) | {"why": cases[0][1][:110], "in": []})
                row["in"].append(catalogue)
    return list(rows.values())


def _packaged_since(starting: Measured, own: Mapping[str, Catalogue], type_: str) -> dict[str, list[str]]:
    """{"first" or "first to last": [names]}; no "to" where the newest release still packages them."""
    first_last: dict[str, tuple[str, str]] = {}
    for release in starting:
        for record in own[release].get(type_, ()):
            name = name_of(record)
            first_last[name] = (first_last.get(name, (release, ""))[0], release)
    newest = list(starting)[-1]
    found: dict[str, list[str]] = defaultdict(list)
    for name, (first, last) in first_last.items():
        found[first if last == newest else f"{first} to {last}"].append(name)
    return dict(found)
