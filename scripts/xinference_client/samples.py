"""The smallest record of each type, and the variants of it that show where releases differ."""

from __future__ import annotations

from typing import Any

STAMP = 4_000_000_000


def _source(**more: Any) -> dict[str, Any]:
    return {"model_id": "someone/sample", "model_revision": "main", **more}


def _spec() -> dict[str, Any]:
    return {"model_format": "pytorch", "model_src": {"huggingface": _source(quantizations=["none"])}}


def sample(type_: str, **more: Any) -> dict[str, Any]:
    """A record that every release loads, with a name that none packages."""
    own: dict[str, dict[str, Any]] = {
        "llm": {
            "model_lang": ["en"],
            "model_ability": ["chat"],
            "model_specs": [{**_spec(), "model_size_in_billions": 7}],
        },
        "embedding": {"dimensions": 8, "max_tokens": 512, "language": ["en"], "model_specs": [_spec()]},
        "rerank": {"language": ["en"], "model_specs": [_spec()]},
        "image": {"model_family": "stable_diffusion", "model_ability": ["text2image"]},
        "audio": {"model_family": "whisper", "multilingual": True, "model_ability": ["audio2text"]},
        "video": {"model_family": "CogVideoX", "model_ability": ["text2video"]},
        "world": {
            "version": 1,
            "model_family": "sample",
            "model_ability": ["text2world"],
            "source_url": "https://example.org/sample.git",
            "source_revision": "main",
        },
    }
    record = {"version": 2, "model_name": "hub-sample", "updated_at": STAMP, **own[type_]}
    if "model_specs" not in record:
        record["model_src"] = {"huggingface": _source()}
    return {**record, **more}


def listed_option(type_: str) -> dict[str, Any]:
    return sample(type_, virtualenv={"packages": [], "extra_index_url": ["https://example.org/simple"]})


def inner_specs(type_: str) -> dict[str, Any]:
    """A record whose sources lie in model_specs, which only newer releases read in an image record."""
    record = sample(type_)
    sources = record.pop("model_src")
    return {**record, "model_specs": [{"model_format": "pytorch", "model_src": sources}]}


def other_hub(type_: str) -> dict[str, Any]:
    return sample(type_, model_src={"modelscope": _source()})


def without_stamp(type_: str, name: str) -> dict[str, Any]:
    record = sample(type_, model_name=name)
    del record["updated_at"]
    return record


def variants(type_: str, name: str) -> list[dict[str, Any]]:
    """Two records of one name that differ in engine, format, source and age."""
    old = sample(type_, model_name=name, engine="sample-a", model_engine="sample-a", model_format="pytorch")
    new = {**old, "engine": "sample-b", "model_engine": "sample-b", "model_format": "fp8", "updated_at": STAMP + 1}
    return [old, {**new, "model_src": {"huggingface": {**_source(), "model_id": "someone/other"}}}]
