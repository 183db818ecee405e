"""Warnings that no client gives: likely slips, and what a reviewer should look at twice."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from typing import Any

from services.registry.rules import messages as m
from services.registry.rules.messages import Problem, problem, shown
from services.registry.rules.record_rules import places
from services.registry.rules.schema_parts import HUBS
from services.registry.rules.schemas import record_schema
from services.registry.rules.shape import subject_of
from shared.client_record import pointer
from shared.model_facts import QUANTIZATION_SLOT, sources_of

_COMMIT = re.compile(r"[0-9a-f]{40}")
_ADDRESS = re.compile(r"(?:^|[\s@+])[a-z+]{2,12}://", re.IGNORECASE)
_DUNDER = re.compile(r"__[a-z]{2,30}__")
_INDEX_OPTIONS = ("index_url", "extra_index_url", "find_links", "trusted_host")
_DEPTH = 4


def risks(records: Sequence[object], *, prefixes: Sequence[str] | None = None) -> Iterator[Problem]:
    """What these records let a client's machine do; none of it is refused."""
    yield from _floating(records)
    for record, prefix in zip(records, prefixes or [""] * len(records), strict=True):
        if isinstance(record, Mapping):
            yield from _remote_code(record, [], prefix=prefix)
            yield from _source_code(record, prefix)
            yield from _virtualenvs(record, prefix)
            yield from _template(record, prefix)


def _risk(template: str, path: str, **values: object) -> Problem:
    return problem(template, path, kind="risk", **values)


def _remote_code(value: object, steps: list[str | int], *, prefix: str) -> Iterator[Problem]:
    """`trust_remote_code` wherever an engine's settings may hold it."""
    if not isinstance(value, Mapping) or len(steps) > _DEPTH:
        return
    for name, inner in value.items():
        if name == "trust_remote_code" and inner is True:
            here = [*steps, name]
            yield _risk(m.RISK_REMOTE_CODE, prefix + pointer(*here), subject=subject_of(here))
        yield from _remote_code(inner, [*steps, str(name)], prefix=prefix)


def _source_code(record: Mapping[str, Any], prefix: str) -> Iterator[Problem]:
    address, revision = record.get("source_url"), record.get("source_revision")
    if isinstance(address, str):
        yield _risk(m.RISK_SOURCE_CODE, prefix + "/source_url", found=shown(address))
        if not isinstance(revision, str) or not _COMMIT.fullmatch(revision):
            yield _risk(m.RISK_MOVING_CODE, prefix + "/source_revision", found=shown(revision))


def _virtualenvs(record: Mapping[str, Any], prefix: str) -> Iterator[Problem]:
    specs = record.get("model_specs")
    yield from _virtualenv(record.get("virtualenv"), prefix + "/virtualenv")
    for n, spec in enumerate(specs if isinstance(specs, list) else []):
        if isinstance(spec, Mapping):
            yield from _virtualenv(spec.get("virtualenv"), prefix + pointer("model_specs", n, "virtualenv"))


def _virtualenv(value: object, path: str) -> Iterator[Problem]:
    if not isinstance(value, Mapping):
        return
    packages = value.get("packages")
    for n, package in enumerate(packages if isinstance(packages, list) else []):
        if not isinstance(package, str):
            continue
        at = path + pointer("packages", n)
        if package.lstrip().startswith("-"):
            yield _risk(m.RISK_PACKAGE_OPTION, at, found=shown(package))
        elif _ADDRESS.search(package):
            yield _risk(m.RISK_PACKAGE_ADDRESS, at, found=shown(package))
    for name in _INDEX_OPTIONS:
        if value.get(name):
            places_ = value[name] if isinstance(value[name], list) else [value[name]]
            found = ", ".join(shown(place) for place in places_[:3])
            yield _risk(m.RISK_PACKAGE_SOURCE, path + pointer(name), subject=name, found=found)
    strategy = value.get("index_strategy")
    if isinstance(strategy, str) and strategy.startswith("unsafe"):
        yield _risk(m.RISK_INDEX_STRATEGY, path + "/index_strategy", found=strategy)


def _template(record: Mapping[str, Any], prefix: str) -> Iterator[Problem]:
    template = record.get("chat_template")
    found = _DUNDER.search(template) if isinstance(template, str) else None
    if found:
        yield _risk(m.RISK_TEMPLATE, prefix + "/chat_template", found=found[0])


def _floating(records: Sequence[object]) -> list[Problem]:
    sources = sources_of("", records)
    count = sum(source.floating for source in sources)
    return [_risk(m.RISK_FLOATING, "", count=count, total=len(sources))] if count else []


def advice(type_: str, record: Mapping[str, Any], *, prefix: str) -> Iterator[Problem]:
    """Likely slips: members and hubs nobody reads, GGUF names that cannot tell files apart."""
    yield from _unknown(record, _members(type_), steps=[], prefix=prefix)
    specs = record.get("model_specs")
    for n, spec in enumerate(specs if isinstance(specs, list) else []):
        if isinstance(spec, Mapping):
            yield from _unknown(spec, _members(type_, "model_specs"), steps=["model_specs", n], prefix=prefix)
    for steps, holder in places(record):
        if steps[-2:-1] == ["model_src"]:
            yield from _source_advice(type_, holder, steps=steps, prefix=prefix)


def _source_advice(type_: str, source: Mapping[str, Any], *, steps: list[str | int], prefix: str) -> Iterator[Problem]:
    hub = steps[-1]
    if hub not in HUBS:
        at = prefix + pointer(*steps)
        yield problem(m.NO_UPSTREAM_HUB, at, kind="advice", subject=subject_of(steps), values=", ".join(HUBS))
    level = ("model_specs", "model_src") if steps[0] == "model_specs" else ("model_src",)
    yield from _unknown(source, _members(type_, *level), steps=steps, prefix=prefix)
    template, names = source.get("model_file_name_template"), source.get("quantizations")
    if not isinstance(template, str) or not isinstance(names, list):
        return
    if template and len(names) > 1 and QUANTIZATION_SLOT not in template + str(source.get("model_id")):
        here = [*steps, "model_file_name_template"]
        yield problem(m.NO_SLOT, prefix + pointer(*here), kind="advice", subject=subject_of(here))
    parts = source.get("quantization_parts")
    without = [name for name in names if isinstance(parts, Mapping) and isinstance(name, str) and name not in parts]
    if not template and without:
        here = [*steps, "quantization_parts"]
        listed = ", ".join(without[:5])
        yield problem(m.PARTS_MISSING, prefix + pointer(*here), kind="advice", subject=subject_of(here), names=listed)


def _unknown(
    holder: Mapping[str, Any], known: frozenset[str], *, steps: list[str | int], prefix: str
) -> Iterator[Problem]:
    for name in holder:
        if name not in known:
            here = [*steps, str(name)]
            guess = m.closest(name, [each for each in known if each not in holder])
            remedy = f"write {guess}" if guess else "leave it out, or keep it as a note"
            at = prefix + pointer(*here)
            yield problem(m.UNKNOWN_MEMBER, at, kind="advice", subject=subject_of(here), remedy=remedy)


@cache
def _members(type_: str, *level: str) -> frozenset[str]:
    """The members that some release or tool reads, at a level of the record."""
    shape = record_schema(type_)
    for step in level:
        inner = shape["properties"].get(step, {})
        shape = inner.get("items") or inner.get("additionalProperties") or {"properties": {}}
    return frozenset(shape["properties"]) | {"is_builtin", "license"}
