"""What the scripts that run inside a release share: its loader, its registry, its stored lists."""

from __future__ import annotations

import importlib
import inspect
import json
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

TYPES = ("llm", "embedding", "rerank", "image", "audio", "video", "world")


@dataclass(frozen=True)
class Loaded:
    """The families that the release read before `error`, if any, stopped it."""

    families: int
    error: str
    names: frozenset[str] = frozenset()


def said(error: BaseException) -> str:
    """An exception in one line."""
    return " ".join(f"{type(error).__name__}: {error}".split())[:400]


def load_alone(type_: str, records: Sequence[Any]) -> Loaded:
    """Read these records with the release's own loader, into nothing."""
    module = importlib.import_module(f"xinference.model.{type_}")
    load = module.load_model_family_from_json
    options = {"register_metadata": False} if "register_metadata" in inspect.signature(load).parameters else {}
    target: Any = [] if type_ == "llm" else {}
    error = ""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "records.json"
        path.write_text(json.dumps(records, ensure_ascii=False), encoding="utf-8")
        try:
            load(str(path), target, **options)
        except Exception as problem:  # noqa: BLE001 - whatever a release raises is the measurement
            error = said(problem)
    names = frozenset(family.model_name for family in target) if type_ == "llm" else frozenset(target)
    return Loaded(len(target) if type_ == "llm" else sum(map(len, target.values())), error, names)


def registry(type_: str) -> Any:
    """The live list (llm) or dict of lists that the release shows and launches from."""
    for name in (f"xinference.model.{type_}", f"xinference.model.{type_}.core"):
        module = importlib.import_module(name)
        for attribute in ("BUILTIN_LLM_FAMILIES", f"BUILTIN_{type_.upper()}_MODELS"):
            if hasattr(module, attribute):
                return getattr(module, attribute)
    raise LookupError(f"xinference.model.{type_} has no registry of builtin models")


def registered_names(type_: str) -> set[str]:
    """The names in the live registry."""
    live = registry(type_)
    return {family.model_name for family in live} if type_ == "llm" else set(live)


def stored_list(type_: str) -> Path:
    """The file in which the release keeps a downloaded list."""
    from xinference.constants import XINFERENCE_MODEL_DIR  # type: ignore[import-not-found]

    return Path(XINFERENCE_MODEL_DIR) / "v2" / "builtin" / type_ / f"{type_}_models.json"
