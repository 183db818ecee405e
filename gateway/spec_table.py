"""What a model's specs come to as tables: size by format, and every source. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from shared.model_facts import Source, hub_page, size_in_billions
from shared.model_memory import bits_per_parameter, memory_gb

_WHOLE = ("", "none")
_QUANTIZED = ("fp8", "fp4", "gptq", "awq", "bnb")
FORMAT_ORDER = ("pytorch", "fp8", "fp4", "gptq", "awq", "bnb", "ggufv2", "mlx")


@dataclass(frozen=True, slots=True, kw_only=True)
class Build:
    """One cell's build: what it takes of bits and, 0 where its size is unknown, of memory in gigabytes."""

    size_b: float | None
    model_format: str
    quantization: str

    @property
    def is_whole(self) -> bool:
        """Whether nothing is quantized."""
        return self.quantization in _WHOLE and self.model_format not in _QUANTIZED

    @property
    def bits(self) -> float:
        return bits_per_parameter(self.model_format, self.quantization)

    @property
    def memory_gb(self) -> float:
        return memory_gb(self.size_b, self.model_format, self.quantization) if self.size_b is not None else 0.0

    @property
    def query(self) -> str:
        """What the address of the Specs says of it; `build_among` reads it back."""
        said = {"size": _plain(self.size_b), "format": self.model_format, "quantization": self.quantization}
        return urlencode(said)


@dataclass(frozen=True, slots=True, kw_only=True)
class SizeRow:
    """One size: `cells` holds the builds of each format of the matrix, in its order, the most frugal first."""

    size_b: float | None
    active_b: tuple[float, ...]
    cells: tuple[tuple[Build, ...], ...]
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


def build_among(
    sources: Sequence[Source], *, size: str, model_format: str, quantization: str
) -> tuple[Build, tuple[Source, ...]] | None:
    """The build that an address names and where it comes from; None where the model has no such."""
    having = tuple(
        source
        for source in sources
        if (_plain(source.size_b), source.model_format) == (size, model_format) and quantization in source.builds
    )
    if not having or not model_format:
        return None
    return Build(size_b=having[0].size_b, model_format=model_format, quantization=quantization), having


def _plain(size_b: float | None) -> str:
    return "" if size_b is None else f"{size_b:g}"


def spec_table(records: Sequence[object], sources: Sequence[Source]) -> SpecTable:
    """The tables of one model; `sources` are those of `records`."""
    formats = _formats(sources)
    active = _active_sizes(records)
    sizes = sorted({source.size_b for source in sources if source.model_format}, key=lambda size: size or 0)
    floating = sum(source.floating for source in sources)
    return SpecTable(
        formats=formats,
        sizes=tuple(_size_row(size, formats, sources, active) for size in sizes),
        sources=tuple(source_row(source) for source in sources),
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
        cells=tuple(_builds(size_b, name, own) for name in formats),
        hubs=tuple(dict.fromkeys(source.hub for source in own)),
    )


def _builds(size_b: float | None, model_format: str, own: Sequence[Source]) -> tuple[Build, ...]:
    names = dict.fromkeys(name for source in own if source.model_format == model_format for name in source.builds)
    found = [Build(size_b=size_b, model_format=model_format, quantization=name) for name in names]
    return tuple(sorted(found, key=lambda build: build.bits))


def source_row(source: Source) -> SourceRow:
    """A source as the table shows it."""
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
