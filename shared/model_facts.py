"""What a model's records say of it, for lists, facets and README templates.

Reads any JSON value without raising: what has the wrong shape is passed over, validation names it.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from shared.model_engines import engines_by_format, ordered
from shared.model_memory import least_memory_gb

TYPES = ("llm", "embedding", "rerank", "image", "audio", "video", "world")
TITLES: Mapping[str, str] = {
    "llm": "Large language model",
    "embedding": "Embedding",
    "rerank": "Rerank",
    "image": "Image",
    "audio": "Audio",
    "video": "Video",
    "world": "World model",
}
_FLOATING = {"", "main", "master", "HEAD"}
_MODEL_ID = re.compile(r"[A-Za-z0-9][\w.-]*(?:/[\w.-]+)+", re.ASCII)
_SIZE = re.compile(r"[0-9]{1,9}(?:_[0-9]{1,9})?")
_HUB_PAGES: Mapping[str, str] = {
    "huggingface": "https://huggingface.co/",
    "modelscope": "https://modelscope.cn/models/",
}
QUANTIZATION_SLOT = "{quantization}"
_SETTINGS_DEPTH = 4
_LONGEST_ID = 200
"""Of ids whose slots are filled in: a long one with many slots and quantizations would fill the memory."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """One place to load one form of the model from. `size` is as written; `size_b` in billions, None if unsaid."""

    hub: str
    model_id: str
    revision: str = ""
    name: str = ""
    model_format: str = ""
    quantizations: tuple[str, ...] = ()
    size: str = ""
    size_b: float | None = None
    engines: tuple[str, ...] = ()
    gguf_quantizations: tuple[str, ...] = ()

    @property
    def floating(self) -> bool:
        """Whether what it loads can change without the record changing."""
        return self.revision in _FLOATING

    @property
    def builds(self) -> tuple[str, ...]:
        """Its quantizations; one without a name where it says none."""
        return self.quantizations or self.gguf_quantizations or ("",)

    @property
    def repositories(self) -> tuple[str, ...]:
        """The repositories it names: one for each quantization where the id has a slot for it."""
        if QUANTIZATION_SLOT not in self.model_id or len(self.model_id) > _LONGEST_ID or not self.quantizations:
            return (self.model_id,)
        return tuple(self.model_id.replace(QUANTIZATION_SLOT, name) for name in self.quantizations)


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """`formats`, `engines`, `sources` (hubs) and so on: each value once. Sizes in billions of parameters, ascending.

    `context_length` in tokens (`max_tokens` of embedding and rerank), 0 where unsaid; `dimensions` of an embedding.
    `family` tells how the model is run; `license` is empty in today's catalogue. `least_gb` is the memory that the
    most frugal build wants, as shared/model_memory.py estimates it, 0 where no size is said. `remote_code`: it has
    clients run code that comes with the weights or from a repository of its own.
    """

    type: str
    name: str
    description: str = ""
    family: str = ""
    license: str = ""
    abilities: tuple[str, ...] = ()
    languages: tuple[str, ...] = ()
    formats: tuple[str, ...] = ()
    quantizations: tuple[str, ...] = ()
    sources: tuple[str, ...] = ()
    engines: tuple[str, ...] = ()
    sizes_b: tuple[float, ...] = ()
    least_gb: float = 0.0
    remote_code: bool = False
    context_length: int = 0
    dimensions: int = 0
    updated_at: int = 0
    featured: bool = False
    floating_sources: int = 0
    source_count: int = 0

    @property
    def min_size_b(self) -> float | None:
        return self.sizes_b[0] if self.sizes_b else None

    @property
    def max_size_b(self) -> float | None:
        return self.sizes_b[-1] if self.sizes_b else None


def size_in_billions(value: object) -> float | None:
    """7 and "7" as 7.0, "1_8" as 1.8; None for what is no size: only positive sizes are."""
    if isinstance(value, bool) or not isinstance(value, int | str):
        return None
    text = str(value) if isinstance(value, str) or abs(value) < 10**9 else ""
    if not _SIZE.fullmatch(text):
        return None
    return float(text.replace("_", ".")) or None


def hub_page(hub: str, model_id: str) -> str:
    """The model's page at its hub; empty for hubs and ids of which none is known."""
    page = _HUB_PAGES.get(hub)
    return page + model_id if page and _MODEL_ID.fullmatch(model_id) and ".." not in model_id else ""


def sources_of(type_: str, records: Sequence[object]) -> tuple[Source, ...]:
    """Every source of every record, in the document's order."""
    return tuple(source for record in records if isinstance(record, dict) for source in _record_sources(type_, record))


def engines_for(type_: str, records: Sequence[object]) -> tuple[str, ...]:
    """The engines that these records are made for, in the order people know them."""
    return ordered(engine for source in sources_of(type_, records) for engine in source.engines)


def facts_of(type_: str, records: Sequence[object], *, name: str = "") -> Facts:
    """The facts of one model; `name` stands in where its records have none."""
    maps = [record for record in records if isinstance(record, dict)]
    sources = sources_of(type_, maps)
    return Facts(
        type=type_,
        name=_first_text(maps, "model_name") or name or _first_text(maps, "model_family"),
        description=_first_text(maps, "model_description"),
        family=_first_text(maps, "model_family"),
        license=_first_text(maps, "license"),
        abilities=_unique(ability for record in maps for ability in _texts(record.get("model_ability"))),
        languages=_unique(language for record in maps for language in _languages(record)),
        formats=_unique(source.model_format for source in sources),
        quantizations=_unique(q for source in sources for q in (*source.quantizations, *source.gguf_quantizations)),
        sources=_unique(source.hub for source in sources),
        engines=ordered(engine for source in sources for engine in source.engines),
        sizes_b=tuple(sorted({source.size_b for source in sources if source.size_b is not None})),
        least_gb=least_memory_gb((s.size_b, s.model_format, build) for s in sources for build in s.builds),
        remote_code=any(_text(record, "source_url") or _trusts_code(record) for record in maps),
        context_length=max((_length(record) for record in maps), default=0),
        dimensions=max((_whole(record.get("dimensions")) for record in maps), default=0),
        updated_at=max((_whole(record.get("updated_at")) for record in maps), default=0),
        featured=any(record.get("featured") is True for record in maps),
        floating_sources=sum(source.floating for source in sources),
        source_count=len(sources),
    )


def _trusts_code(value: object, depth: int = 0) -> bool:
    """Whether `trust_remote_code` is true wherever an engine's settings may hold it."""
    if not isinstance(value, dict) or depth > _SETTINGS_DEPTH:
        return False
    return value.get("trust_remote_code") is True or any(_trusts_code(inner, depth + 1) for inner in value.values())


def _record_sources(type_: str, record: Mapping[str, Any]) -> Iterator[Source]:
    specs = record.get("model_specs")
    holders = specs if isinstance(specs, list) else [record]
    engines = engines_by_format(type_, record)
    for holder in holders:
        if not isinstance(holder, dict):
            continue
        found = holder.get("model_src")
        if not isinstance(found, dict):
            continue
        form = {**record, **holder}
        for hub, info in found.items():
            if isinstance(info, dict):
                yield _source(hub, {**form, **info}, engines_in=engines)


def _source(hub: str, laid: Mapping[str, Any], *, engines_in: Callable[[str], tuple[str, ...]]) -> Source:
    """`laid`: a source over its form, over its record, as a client flattens them."""
    size = laid.get("model_size_in_billions")
    size_b = size_in_billions(size)
    single = _text(laid, "quantization")
    model_format = _text(laid, "model_format")
    return Source(
        hub=hub,
        model_id=_text(laid, "model_id"),
        revision=_text(laid, "model_revision"),
        name=_text(laid, "model_name"),
        model_format=model_format,
        quantizations=_unique(_texts(laid.get("quantizations"))) or ((single,) if single else ()),
        size=str(size) if size_b is not None else "",
        size_b=size_b,
        engines=engines_in(model_format),
        gguf_quantizations=_unique(_texts(laid.get("gguf_quantizations"))),
    )


def _text(fields: Mapping[str, Any], name: str) -> str:
    value = fields.get(name)
    return value if isinstance(value, str) else ""


def _texts(value: object) -> list[str]:
    return [item for item in value if isinstance(item, str)] if isinstance(value, list) else []


def _whole(value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value < 2**53:
        return 0
    return int(value) if math.isfinite(value) else 0


def _languages(record: Mapping[str, Any]) -> list[str]:
    language = _text(record, "language")
    return [
        *_texts(record.get("model_lang")),
        *_texts(record.get("language")),
        *([language.lower()] if language else []),
    ]


def _length(record: Mapping[str, Any]) -> int:
    return _whole(record.get("context_length")) or _whole(record.get("max_tokens"))


def _unique(values: Iterable[str]) -> tuple[str, ...]:
    return tuple(filter(None, dict.fromkeys(values)))


def _first_text(records: Sequence[Mapping[str, Any]], name: str) -> str:
    for record in records:
        if value := _text(record, name):
            return value
    return ""
