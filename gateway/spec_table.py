"""What a model's specs come to as tables: size by format, and every source. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from shared.model_facts import Source, hub_page, size_in_billions

FORMAT_ORDER = ("pytorch", "fp8", "fp4", "gptq", "awq", "bnb", "ggufv2", "mlx")


@dataclass(frozen=True, slots=True, kw_only=True)
class SizeRow:
    """One size: `cells` holds the quantizations of each format of the matrix, in its order."""

    size_b: float | None
    active_b: tuple[float, ...]
    cells: tuple[tuple[str, ...], ...]
    hubs: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceRow:
    """One source: `links` are (what it is called, its page or ""), one for each repository."""

    name: str
    size_b: float | None
    model_format: str
    quantizations: tuple[str, ...]
    hub: str
    links: tuple[tuple[str, str], ...]
    revision: str
    floating: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class SpecTable:
    """`formats` and `sizes` are empty where a model has neither; `count` is the number of specs."""

    formats: tuple[str, ...]
    sizes: tuple[SizeRow, ...]
    sources: tuple[SourceRow, ...]
    count: int
    pinned: int
    floating: int

    @property
    def has_sizes(self) -> bool:
        return any(row.size_b is not None for row in self.sizes)


def spec_table(records: Sequence[object], sources: Sequence[Source]) -> SpecTable:
    """The tables of one model; `sources` are those of `records`."""
    formats = _formats(sources)
    active = _active_sizes(records)
    sizes = sorted({source.size_b for source in sources if source.model_format}, key=lambda size: size or 0)
    floating = sum(source.floating for source in sources)
    return SpecTable(
        formats=formats,
        sizes=tuple(_size_row(size, formats, sources, active) for size in sizes),
        sources=tuple(_source_row(source) for source in sources),
        count=len({(s.name, s.size, s.model_format, s.quantizations, s.gguf_quantizations) for s in sources}),
        pinned=len(sources) - floating,
        floating=floating,
    )


def _formats(sources: Sequence[Source]) -> tuple[str, ...]:
    found = dict.fromkeys(source.model_format for source in sources if source.model_format)
    return tuple(
        sorted(found, key=lambda name: FORMAT_ORDER.index(name) if name in FORMAT_ORDER else len(FORMAT_ORDER))
    )


def _size_row(
    size_b: float | None, formats: Sequence[str], sources: Sequence[Source], active: Mapping[float, set[float]]
) -> SizeRow:
    own = [source for source in sources if source.size_b == size_b and source.model_format]
    return SizeRow(
        size_b=size_b,
        active_b=tuple(sorted(active.get(size_b, ()))) if size_b is not None else (),
        cells=tuple(
            tuple(dict.fromkeys(q for s in own if s.model_format == name for q in _builds(s))) for name in formats
        ),
        hubs=tuple(dict.fromkeys(source.hub for source in own)),
    )


def _builds(source: Source) -> tuple[str, ...]:
    return source.quantizations or source.gguf_quantizations or ("none",)


def _source_row(source: Source) -> SourceRow:
    repositories = source.repositories
    quantized = len(repositories) > 1
    return SourceRow(
        name=source.name,
        size_b=source.size_b,
        model_format=source.model_format,
        quantizations=source.quantizations or source.gguf_quantizations,
        hub=source.hub,
        links=tuple(
            (source.quantizations[at] if quantized else repository, hub_page(source.hub, repository))
            for at, repository in enumerate(repositories)
        ),
        revision=source.revision,
        floating=source.floating,
    )


def _active_sizes(records: Sequence[object]) -> dict[float, set[float]]:
    """By size, how many billions of its parameters a mixture of experts uses at a time."""
    found: dict[float, set[float]] = {}
    for spec in _specs(records):
        size, active = (size_in_billions(spec.get(f"{kind}_size_in_billions")) for kind in ("model", "activated"))
        if size is not None and active is not None and active != size:
            found.setdefault(size, set()).add(active)
    return found


def _specs(records: Sequence[object]) -> Iterator[Mapping[str, Any]]:
    for record in records:
        specs = record.get("model_specs") if isinstance(record, Mapping) else None
        yield from (spec for spec in specs if isinstance(spec, Mapping)) if isinstance(specs, list) else ()
