"""Which Xinference engines a model is made for, as far as its records say.

Formats come first: each engine reads some (as the loaders of 4.1.0 have it). Where the packages of a
record's `virtualenv` name engines (`; #engine# == "vllm"`), those among them are meant and no others.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any

NAMES = (
    "Transformers",
    "vLLM",
    "SGLang",
    "llama.cpp",
    "MLX",
    "TRT-LLM",
    "sentence_transformers",
    "flag",
    "diffusers",
    "PyTorch",
)
"""Spelling and order in which engines are shown; Xinference takes any case."""

LLM_ENGINES: Mapping[str, tuple[str, ...]] = {
    "pytorch": ("Transformers", "vLLM", "SGLang"),
    "gptq": ("Transformers", "vLLM", "SGLang"),
    "awq": ("Transformers", "vLLM", "SGLang"),
    "bnb": ("Transformers", "vLLM", "SGLang"),
    "fp8": ("vLLM", "SGLang"),
    "fp4": ("Transformers", "vLLM"),
    "ggufv2": ("llama.cpp",),
    "mlx": ("MLX",),
}
EMBEDDING_ENGINES: Mapping[str, tuple[str, ...]] = {
    "pytorch": ("sentence_transformers", "vLLM"),
    "ggufv2": ("llama.cpp",),
}
IMAGE_ENGINES: Mapping[str, tuple[str, ...]] = {"ggufv2": ("llama.cpp",), "mlx": ("MLX",)}
_READERS = {"ocr", "docanalyze"}
_OWN_FORMAT = {"llama.cpp", "MLX"}
"""Engines that read one format and no other: no marker is needed to know them."""

_MARKER = re.compile(r"#engine#\s{0,9}==\s{0,9}[\"']([^\"']{1,64})[\"']")
_SPELLING = {name.lower(): name for name in NAMES}
_PLACES = {name: place for place, name in enumerate(NAMES)}


def spelled(engine: str) -> str:
    """The engine's name as Xinference spells it; an unknown one stays as it is."""
    return _SPELLING.get(engine.lower(), engine)


def ordered(engines: Iterable[str]) -> tuple[str, ...]:
    """Each once, in the order of NAMES, unknown ones last by name."""
    return tuple(sorted(set(engines), key=lambda name: (_PLACES.get(name, len(NAMES)), name)))


def engines_by_format(type_: str, record: Mapping[str, Any]) -> Callable[[str], tuple[str, ...]]:
    """From a format to the engines for the record's sources in it, in the order of NAMES; none where nothing tells."""
    own = record.get("engine") or record.get("model_engine")
    if isinstance(own, str):
        return lambda _: (spelled(own),)
    marked = _marked(record)
    found: dict[str, tuple[str, ...]] = {}

    def engines(model_format: str) -> tuple[str, ...]:
        if model_format not in found:
            found[model_format] = _engines(type_, record, marked, model_format=model_format)
        return found[model_format]

    return engines


def _engines(type_: str, record: Mapping[str, Any], marked: set[str], *, model_format: str) -> tuple[str, ...]:
    match type_:
        case "llm":
            more = marked & {"TRT-LLM"} if model_format == "pytorch" else set()
            return _meant(LLM_ENGINES.get(model_format, ()), marked=marked, more=more)
        case "embedding" | "rerank":
            return _meant(EMBEDDING_ENGINES.get(model_format, ()), marked=marked, more=marked - _OWN_FORMAT)
        case "image":
            own_format = IMAGE_ENGINES.get(model_format)
            return own_format or ordered(marked - _OWN_FORMAT) or (_image_default(record),)
        case "video":
            return ordered(marked) or ("diffusers",)
        case _:
            return ordered(marked) or (("MLX",) if model_format == "mlx" else ("PyTorch",))


def _meant(readers: tuple[str, ...], *, marked: set[str], more: set[str]) -> tuple[str, ...]:
    """Those of the readers that the record names, with `more`; all readers where it names none of them."""
    named = [name for name in readers if name in marked]
    return ordered([*named, *more]) if named and not _OWN_FORMAT & set(readers) else readers


def _image_default(record: Mapping[str, Any]) -> str:
    abilities = record.get("model_ability")
    reads = isinstance(abilities, list) and any(isinstance(a, str) and a in _READERS for a in abilities)
    return "Transformers" if reads else "diffusers"


def _marked(record: Mapping[str, Any]) -> set[str]:
    specs = record.get("model_specs")
    holders = [record, *(specs if isinstance(specs, list) else [])]
    return {
        spelled(found)
        for holder in holders
        if isinstance(holder, dict) and "virtualenv" in holder
        for package in _packages(holder)
        for found in _MARKER.findall(package)
    }


def _packages(holder: Mapping[str, Any]) -> list[str]:
    virtualenv = holder.get("virtualenv")
    packages = virtualenv.get("packages") if isinstance(virtualenv, dict) else None
    return [package for package in packages if isinstance(package, str)] if isinstance(packages, list) else []
