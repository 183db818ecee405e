"""What each Xinference release demands of each model type, read out of the data table's text.

The table is `shared/data/client-releases.json`; nothing here reads a file.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from shared.client_record import SPEC_TYPES, TYPES
from shared.errors import Invalid

_RELEASE = re.compile(r"\d{1,6}(?:\.\d{1,6}){1,3}")


@dataclass(frozen=True)
class TypeRules:
    """What one release demands of one type; `missing_stamp_is_fatal` is for any name, not packaged ones alone."""

    versions: tuple[object, ...]
    required: frozenset[str]
    abilities: frozenset[str] | None
    formats: Mapping[str, frozenset[str]]
    takes_listed_options: bool
    needs_huggingface: bool
    reads_inner_specs: bool
    missing_stamp_is_fatal: bool
    newest_stamp_only: bool
    filters_apple_only: bool
    packaged: frozenset[str]
    packaged_bare: frozenset[str]


@dataclass(frozen=True)
class ReleaseTable:
    """Releases that start, oldest first, and the rules of each type that a release asks for."""

    releases: tuple[str, ...]
    rules: Mapping[str, Mapping[str, TypeRules]]
    refusals: Mapping[str, tuple[Mapping[str, Any], ...]] = field(default_factory=dict)

    @property
    def newest(self) -> str:
        return self.releases[-1]

    def asking(self, type_: str, window: Iterable[str]) -> tuple[str, ...]:
        """Those of the window that ask for this type."""
        known = self.rules.get(type_, {})
        return tuple(release for release in window if release in known)


def release_key(release: str) -> tuple[int, ...]:
    """Orders releases; raises Invalid for what is no release number such as 3.2.1."""
    if not _RELEASE.fullmatch(release):
        raise Invalid(f"client release {release!r}: expected numbers such as 3.2.1; correct it")
    return tuple(map(int, release.split(".")))


def load_table(text: str) -> ReleaseTable:
    """The table out of its JSON text; raises KeyError or ValueError where that is not one."""
    data = json.loads(text)
    starting = [release for release, facts in data["releases"].items() if facts["starts"]]
    releases = tuple(sorted(starting, key=release_key))
    rules = {
        type_: {
            release: _type_rules(data, type_=type_, release=release)
            for release in releases
            if type_ in data["releases"][release]["types"]
        }
        for type_ in TYPES
    }
    refusals = {type_: tuple(rows) for type_, rows in data["refusals"].items()}
    return ReleaseTable(releases=releases, rules=rules, refusals=refusals)


def _within(release: str, first: str, last: str) -> bool:
    return release_key(first) <= release_key(release) <= release_key(last)


def _type_rules(data: Mapping[str, Any], *, type_: str, release: str) -> TypeRules:
    schema, merge = data["schema"], data["merge"]
    spans = (span for span in schema[type_] if _within(release, span["from"], span["to"]))
    classes = next(spans)["classes"]
    family = next(shape for name, shape in classes.items() if "Family" in name)
    formats = {
        model_format: frozenset(shape["required"])
        for name, shape in classes.items()
        if "Spec" in name
        for model_format in shape["enums"].get("model_format", [])
    }
    huggingface = schema["needs_huggingface_source"].get(type_)
    by_variant = type_ in merge["types"] and release_key(release) >= release_key(merge["identity_from"])
    return TypeRules(
        versions=tuple(family["enums"].get("version", ())),
        required=frozenset(family["required"]),
        abilities=_abilities(schema, family, type_=type_, release=release),
        formats=formats,
        takes_listed_options=_takes_listed_options(schema, release),
        needs_huggingface=bool(huggingface) and _within(release, *huggingface),
        reads_inner_specs=_reads_inner_specs(schema, type_=type_, release=release),
        missing_stamp_is_fatal=_missing_stamp_is_fatal(schema, type_=type_, release=release),
        newest_stamp_only=not by_variant,
        filters_apple_only=type_ == "audio",
        packaged=_packaged(data, type_=type_, release=release),
        packaged_bare=frozenset(data["releases"][release]["types"][type_]["packaged_without_updated_at"]),
    )


def _abilities(
    schema: Mapping[str, Any], family: Mapping[str, Any], *, type_: str, release: str
) -> frozenset[str] | None:
    known = family["enums"].get("model_ability")
    if known is None:
        return None
    short = schema["short_abilities_accepted"]
    takes_short = type_ in short["types"] and release_key(release) >= release_key(short["from"])
    return frozenset(known) | frozenset(short["values"] if takes_short else ())


def _takes_listed_options(schema: Mapping[str, Any], release: str) -> bool:
    spans = [span for span in schema["virtualenv"] if _within(release, span["from"], span["to"])]
    return any("list" in span["extra_index_url"] for span in spans)


def _reads_inner_specs(schema: Mapping[str, Any], *, type_: str, release: str) -> bool:
    notes = schema["multi_spec_records"]
    # A table may name image alone, but every flattened type goes through the same code of the client.
    since = re.search(r"from (\d+\.\d+\.\d+)", notes.get(type_, notes.get("image", "")))
    return type_ in SPEC_TYPES or since is None or release_key(release) >= release_key(since[1])


def _missing_stamp_is_fatal(schema: Mapping[str, Any], *, type_: str, release: str) -> bool:
    for types, rule in schema["missing_updated_at_breaks_reload"].items():
        if type_ in types.split(", "):
            since = re.match(r"(\d+\.\d+\.\d+) and later, any name", rule)
            if since:
                return release_key(release) >= release_key(since[1])
            return bool(rule.startswith("every release, any name"))
    return False


def _packaged(data: Mapping[str, Any], *, type_: str, release: str) -> frozenset[str]:
    names: set[str] = set()
    newest = max(data["releases"], key=release_key)
    for span, members in data["packaged_since"].get(type_, {}).items():
        first, _, last = span.partition(" to ")
        if _within(release, first, last or newest):
            names.update(members)
    return frozenset(names)
