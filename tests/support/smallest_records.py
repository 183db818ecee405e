"""The smallest acceptable record of each type, and every model of the real catalogue with its records."""

from __future__ import annotations

import copy
import json
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import PurePosixPath
from typing import Any

from shared.client_releases import ReleaseTable, load_table
from tests.support.real_data import PROJECT, aggregate_files, wheel_models

_SOURCE = {"model_id": "owner/model", "model_revision": "a" * 40}
_SPEC = {"model_format": "pytorch", "model_src": {"huggingface": {**_SOURCE, "quantizations": ["none"]}}}
_RECORDS: Mapping[str, dict[str, Any]] = {
    "llm": {
        "version": 2,
        "model_name": "tiny-llm",
        "model_lang": ["en"],
        "model_ability": ["chat"],
        "model_specs": [{**_SPEC, "model_size_in_billions": 7}],
    },
    "embedding": {
        "version": 2,
        "model_name": "tiny-embedding",
        "dimensions": 768,
        "max_tokens": 512,
        "language": ["en"],
        "model_specs": [_SPEC],
    },
    "rerank": {"version": 2, "model_name": "tiny-rerank", "language": ["en"], "model_specs": [_SPEC]},
    "image": {
        "version": 2,
        "model_name": "tiny-image",
        "model_family": "stable_diffusion",
        "model_ability": ["text2image"],
        "model_src": {"huggingface": _SOURCE},
    },
    "audio": {
        "version": 2,
        "model_name": "tiny-audio",
        "model_family": "whisper",
        "model_ability": ["audio2text"],
        "multilingual": True,
        "model_src": {"huggingface": _SOURCE},
    },
    "video": {
        "version": 2,
        "model_name": "tiny-video",
        "model_family": "Wan",
        "model_ability": ["text2video"],
        "model_src": {"huggingface": _SOURCE},
    },
    "world": {
        "version": 1,
        "model_name": "tiny-world",
        "model_family": "Astra",
        "model_ability": ["image2world"],
        "source_url": "https://example.org/code.git",
        "source_revision": "b" * 40,
        "model_src": {"huggingface": _SOURCE},
    },
}
TYPES = tuple(_RECORDS)


def record(type_: str, **members: Any) -> dict[str, Any]:
    """The smallest acceptable record of the type, with these members on top."""
    return {**copy.deepcopy(_RECORDS[type_]), **members}


def text_of(value: object) -> str:
    """The value as upstream writes its files."""
    return json.dumps(value, indent=2, ensure_ascii=False)


@cache
def release_table() -> ReleaseTable:
    """The table of client releases that the project ships."""
    return load_table((PROJECT / "shared" / "data" / "client-releases.json").read_text(encoding="utf-8"))


@cache
def real_models() -> Sequence[tuple[str, str, str]]:
    """(type, name, document text) of every model in the wheel and in the aggregate."""
    found = [(PurePosixPath(path).parts[2], PurePosixPath(path).stem, text) for path, text in wheel_models().items()]
    for path, text in aggregate_files().items():
        by_name: dict[str, list[Any]] = {}
        for each in json.loads(text):
            by_name.setdefault(each["model_name"], []).append(each)
        found += [(PurePosixPath(path).parts[2], name, text_of(records)) for name, records in by_name.items()]
    return found
