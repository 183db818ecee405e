"""What any Xinference client finds when it reads one catalogue record, whatever its release.

`read_record` walks a record once and keeps the few facts on which releases differ; it never
raises on a JSON value, however odd. `shared/client_releases.py` judges these facts by release.
A client coerces scalars (pydantic 1), so "12" passes for a whole number here as it does there.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

SPEC_TYPES = frozenset({"llm", "embedding", "rerank"})
"""Types whose sources lie in `model_specs`; a client reads the others' lists flattened, all at once."""

SOURCE_FIELDS = frozenset({"model_id", "model_revision", "model_hub", "quantization"})
LISTABLE_OPTIONS = ("extra_index_url", "find_links", "trusted_host")


@dataclass(frozen=True)
class Fault:
    """One reason why every release refuses a record; `poison`: the whole list is lost with it."""

    path: str
    why: str
    poison: bool = False


@dataclass(frozen=True)
class Part:
    """One source of a model, as a client builds it: where it lies, its format, its non-null fields."""

    path: str
    model_format: str
    fields: frozenset[str]


@dataclass(frozen=True)
class Reading:
    """The facts of one record; `fault` is the first that every release stumbles over."""

    name: str
    fault: Fault | None
    fields: frozenset[str]
    version: object
    abilities: tuple[str, ...]
    parts: tuple[Part, ...]
    hubs: frozenset[str]
    sources: frozenset[tuple[str, str]]
    listed_option: str
    has_specs: bool
    has_sources: bool
    stamp: float | None
    stamp_is_there: bool
    apple_only: bool


def name_of(record: object) -> str:
    """The name a client files the record under; "" where it has none (`world` may have a family alone)."""
    if not isinstance(record, Mapping):
        return ""
    name = record.get("model_name") or record.get("model_family")
    return name if isinstance(name, str) else ""


def pointer(*steps: str | int) -> str:
    """The JSON Pointer of these steps."""
    return "".join("/" + str(step).replace("~", "~0").replace("/", "~1") for step in steps)


def _is_text(value: object) -> bool:
    return isinstance(value, str | int | float)


def _is_whole(value: object) -> bool:
    if not isinstance(value, str | int | float):
        return False
    try:
        int(value)
    except (ValueError, OverflowError):
        return False
    return True


def _is_size(value: object) -> bool:
    return _is_text(value) and ("_" in str(value) or _is_whole(str(value)))


def _is_flag(value: object) -> bool:
    return str(value).lower() in {"true", "false", "0", "1", "on", "off", "t", "f", "y", "n", "yes", "no"}


def _is_texts(value: object) -> bool:
    return isinstance(value, list) and all(_is_text(item) for item in value)


def _is_wholes(value: object) -> bool:
    return isinstance(value, list) and all(_is_whole(item) for item in value)


def _is_text_or_texts(value: object) -> bool:
    return _is_text(value) or _is_texts(value)


def _is_parts(value: object) -> bool:
    return isinstance(value, Mapping) and all(_is_texts(item) for item in value.values())


def _is_object(value: object) -> bool:
    return isinstance(value, Mapping)


def _is_list(value: object) -> bool:
    return isinstance(value, list)


_KINDS: dict[str, tuple[Callable[[object], bool], str]] = {
    "text": (_is_text, "a string"),
    "whole": (_is_whole, "a whole number"),
    "size": (_is_size, 'a whole number or a string such as "1_8"'),
    "flag": (_is_flag, "true or false"),
    "texts": (_is_texts, "a list of strings"),
    "wholes": (_is_wholes, "a list of whole numbers"),
    "text|texts": (_is_text_or_texts, "a string or a list of strings"),
    "parts": (_is_parts, "an object of lists of strings"),
    "object": (_is_object, "an object"),
    "list": (_is_list, "a list"),
}


def _shape(fields: str) -> dict[str, str]:
    return dict(field.split(":") for field in fields.split())


_FAMILY = {
    "llm": _shape(
        "model_name:text model_lang:texts model_ability:texts model_specs:list context_length:whole "
        "model_description:text model_family:text chat_template:text stop_token_ids:wholes stop:texts "
        "architectures:texts reasoning_start_tag:text reasoning_end_tag:text cache_config:object tool_parser:text"
    ),
    "embedding": _shape(
        "model_name:text dimensions:whole max_tokens:whole language:texts model_ability:texts model_specs:list "
        "cache_config:object"
    ),
    "rerank": _shape(
        "model_name:text language:texts model_ability:texts model_specs:list type:text max_tokens:whole "
        "cache_config:object"
    ),
    "image": _shape(
        "model_name:text model_family:text model_id:text model_revision:text model_ability:texts controlnet:list "
        "default_model_config:object default_generate_config:object gguf_model_id:text gguf_quantizations:texts "
        "gguf_model_file_name_template:text lightning_model_id:text lightning_versions:texts "
        "lightning_model_file_name_template:text cache_config:object"
    ),
    "audio": _shape(
        "model_name:text model_family:text model_id:text model_revision:text multilingual:flag language:text "
        "model_lang:texts model_ability:texts default_model_config:object default_transcription_config:object "
        "engine:text model_format:text quantization:text cache_name:text cache_config:object"
    ),
    "video": _shape(
        "model_name:text model_family:text model_id:text model_revision:text model_ability:texts "
        "default_model_config:object default_generate_config:object engine:text model_engine:text model_format:text "
        "cache_name:text gguf_model_id:text gguf_quantizations:texts gguf_model_file_name_template:text "
        "lightning_model_id:text lightning_model_revision:text lightning_versions:texts "
        "lightning_model_file_name_template:text lightning_version_configs:object text_encoder_model_id:text "
        "text_encoder_model_revision:text cache_config:object"
    ),
    "world": _shape(
        "model_name:text model_family:text model_id:text model_revision:text model_ability:texts model_format:text "
        "model_engine:text default_model_config:object default_generate_config:object source_url:text "
        "source_revision:text source_subdir:text inference_task:text inference_mode:text auxiliary_model_id:text "
        "auxiliary_model_revision:text auxiliary_model_allow_patterns:texts cache_config:object"
    ),
}
_SPEC = _shape(
    "model_format:text model_id:text model_revision:text model_uri:text quantization:text "
    "model_file_name_template:text model_file_name_split_template:text quantization_parts:parts"
)
_LLM_SPEC = _SPEC | _shape(
    "model_size_in_billions:size activated_size_in_billions:size multimodal_projectors:texts draft_model_id:text "
    "draft_model_file_name_template:text draft_quantizations:texts draft_model_revision:text model_metadata:object"
)
_EMBEDDING_SPEC = _SPEC | _shape("multimodal_projector:text")
_SPECS = {"llm": _LLM_SPEC, "embedding": _EMBEDDING_SPEC, "rerank": _SPEC}
_VIRTUALENV = _shape(
    "packages:texts inherit_pip_config:flag index_url:text extra_index_url:text|texts find_links:text|texts "
    "trusted_host:text|texts index_strategy:text no_build_isolation:flag"
)
_CONTROLNET = ("model_name", "model_family", "model_id", "model_revision")
TYPES = tuple(_FAMILY)


def _shape_faults(fields: Mapping[str, Any], shape: Mapping[str, str], path: str) -> Iterator[Fault]:
    for name, kind in shape.items():
        value = fields.get(name)
        fits, expected = _KINDS[kind]
        if value is not None and not fits(value):
            yield Fault(path + pointer(name), f"{name} must be {expected}")


def _virtualenv_faults(value: object, path: str) -> Iterator[Fault]:
    if value is None:
        return
    if not isinstance(value, Mapping):
        yield Fault(path, "virtualenv must be an object")
        return
    if value.get("packages") is None:
        yield Fault(path, "virtualenv needs packages, a list of strings")
    if "inherit_pip_config" in value and value["inherit_pip_config"] is None:
        yield Fault(path + "/inherit_pip_config", "inherit_pip_config must be true or false")
    yield from _shape_faults(value, _VIRTUALENV, path)


def _listed_option(value: object, path: str) -> str:
    if isinstance(value, Mapping):
        for name in LISTABLE_OPTIONS:
            if isinstance(value.get(name), list):
                return path + pointer(name)
    return ""


def _present(fields: Mapping[str, Any]) -> frozenset[str]:
    return frozenset(name for name, value in fields.items() if value is not None)


@dataclass
class _Walk:
    """What one pass over a record gathers; the first fault is the one a client would meet first."""

    faults: list[Fault]
    parts: dict[tuple[str, frozenset[str]], Part]
    hubs: set[str]
    sources: set[tuple[str, str]]
    listed: str = ""

    def add(self, part: Part) -> None:
        self.parts.setdefault((part.model_format, part.fields), part)

    def source(self, hub: str, info: Mapping[str, Any]) -> None:
        self.hubs.add(hub)
        self.sources.add((hub, str(info.get("model_id"))))


def _walk_spec(walk: _Walk, spec: object, *, type_: str, path: str) -> None:
    if not isinstance(spec, Mapping):
        walk.faults.append(Fault(path, "each of model_specs must be an object"))
        return
    sources = spec.get("model_src")
    if not isinstance(sources, Mapping):
        walk.faults.append(Fault(path + "/model_src", "model_src must be an object of hubs"))
        return
    walk.faults.extend(_shape_faults(spec, _SPECS[type_], path))
    for hub, info in sources.items():
        at = path + pointer("model_src", hub)
        if not isinstance(info, Mapping) or not _is_texts(info.get("quantizations")):
            walk.faults.append(Fault(at, f"{hub} needs quantizations, a list of strings"))
            continue
        walk.faults.extend(_shape_faults(info, _SPECS[type_], at))
        if not isinstance(info.get("model_metadata_by_quantization", {}), Mapping):
            walk.faults.append(Fault(at, "model_metadata_by_quantization must be an object"))
        if info["quantizations"]:
            walk.source(hub, info)
            fields = _present({**spec, **info}) | {"quantization"}
            walk.add(Part(at, str(spec.get("model_format", "")), fields))


def _walk_specs(walk: _Walk, record: Mapping[str, Any], type_: str) -> None:
    specs = record.get("model_specs")
    if not isinstance(specs, list):
        walk.faults.append(Fault("/model_specs", "model_specs must be a list"))
        return
    for n, spec in enumerate(specs):
        _walk_spec(walk, spec, type_=type_, path=pointer("model_specs", n))


def _walk_source(walk: _Walk, fields: Mapping[str, Any], *, type_: str, path: str) -> None:
    """Add the sources of `fields` (a record, or one of its specs laid over it) as a client flattens them."""
    sources = fields.get("model_src")
    if not isinstance(sources, Mapping):
        walk.faults.append(Fault(path + "/model_src", "model_src must be an object of hubs", poison=True))
        return
    plain = {name: value for name, value in fields.items() if name not in ("model_src", "model_specs")}
    for hub, info in sources.items():
        at = path + pointer("model_src", hub)
        if not isinstance(info, Mapping):
            walk.faults.append(Fault(at, f"{hub} must be an object", poison=True))
            continue
        flat = {**plain, **info}
        if isinstance(flat.get("quantizations"), list):
            flat.setdefault("quantization", None)
        walk.faults.extend(_shape_faults(flat, _FAMILY[type_], at))
        walk.source(hub, info)
        walk.add(Part(at, "", _present(flat)))


def _walk_sources(walk: _Walk, record: Mapping[str, Any], type_: str) -> None:
    if "model_specs" not in record:
        _walk_source(walk, record, type_=type_, path="")
        return
    specs = record["model_specs"]
    if not isinstance(specs, list) or not all(isinstance(spec, Mapping) for spec in specs):
        walk.faults.append(Fault("/model_specs", "model_specs must be a list of objects", poison=True))
        return
    for n, spec in enumerate(specs):
        at = pointer("model_specs", n)
        walk.faults.extend(_virtualenv_faults(spec.get("virtualenv"), at + "/virtualenv"))
        walk.listed = walk.listed or _listed_option(spec.get("virtualenv"), at + "/virtualenv")
        _walk_source(walk, {**record, "model_src": None, **spec}, type_=type_, path=at)


def _own_faults(record: Mapping[str, Any], type_: str) -> Iterator[Fault]:
    yield from _shape_faults(record, _FAMILY[type_], "")
    yield from _virtualenv_faults(record.get("virtualenv"), "/virtualenv")
    if "version" in record and record["version"] is None:
        yield Fault("/version", "version must be a whole number")
    if type_ == "audio" and not isinstance(record.get("engine", ""), str):
        yield Fault("/engine", "engine must be a string where it is given")
    if type_ == "image":
        for n, extra in enumerate(record.get("controlnet") or [] if _is_list(record.get("controlnet")) else []):
            if not isinstance(extra, Mapping) or any(not _is_text(extra.get(name)) for name in _CONTROLNET):
                yield Fault(pointer("controlnet", n), f"a controlnet needs {', '.join(_CONTROLNET)}, all strings")


def _stamp(record: Mapping[str, Any]) -> float | None:
    value = record.get("updated_at")
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return value if isinstance(value, int) or math.isfinite(value) else None


def read_record(type_: str, record: object) -> Reading:
    """Everything the releases judge in this record; never raises on a JSON value."""
    if not isinstance(record, Mapping):
        record, walk = {}, _Walk([Fault("", "a record must be a JSON object", poison=True)], {}, set(), set())
    else:
        walk = _Walk([], {}, set(), set())
        walk.listed = _listed_option(record.get("virtualenv"), "/virtualenv")
        (_walk_specs if type_ in SPEC_TYPES else _walk_sources)(walk, record, type_)
        walk.faults.extend(_own_faults(record, type_))
    poison = next((fault for fault in walk.faults if fault.poison), None)
    abilities = record.get("model_ability")
    engines = (record.get("engine"), record.get("model_format"))
    return Reading(
        name=name_of(record),
        fault=poison or next(iter(walk.faults), None),
        fields=_present(record),
        version=record.get("version") if "version" in record else None,
        abilities=tuple(map(str, abilities)) if _is_texts(abilities) and abilities else (),
        parts=tuple(walk.parts.values()),
        hubs=frozenset(walk.hubs),
        sources=frozenset(walk.sources),
        listed_option=walk.listed,
        has_specs="model_specs" in record,
        has_sources="model_src" in record,
        stamp=_stamp(record),
        stamp_is_there="updated_at" in record,
        apple_only=any(isinstance(engine, str) and engine.upper() == "MLX" for engine in engines),
    )
