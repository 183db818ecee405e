"""Catalogue records for tests of the client rules: the wheel's whole list, and the smallest of each type."""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import cache
from pathlib import PurePosixPath
from typing import Any

from services.catalog.feed import FeedModel, RecordText
from tests.support.real_data import aggregate_files, wheel_models

_DECODER = json.JSONDecoder()


def array_items(text: str) -> Iterator[tuple[str, Any]]:
    """(exact text, value) of each item of the JSON array that `text` is."""
    at = text.index("[") + 1
    while True:
        while text[at] in " \t\r\n,":
            at += 1
        if text[at] == "]":
            return
        value, end = _DECODER.raw_decode(text, at)
        yield text[at:end], value
        at = end


@cache
def wheel_feed_models(type_: str) -> tuple[FeedModel, ...]:
    """Every model of the newest wheel, in the order in which its own loader reads the files."""
    files = {PurePosixPath(path): text for path, text in wheel_models().items() if path.split("/")[2] == type_}
    ordered = sorted(files, key=lambda path: (path.name.casefold(), path.name))
    return tuple(
        FeedModel(path.stem, tuple(RecordText(*item) for item in array_items(files[path])), order)
        for order, path in enumerate(ordered)
    )


def aggregate_records(type_: str) -> list[Any]:
    """The records of the aggregate file of this type; [] where there is none."""
    found = [text for path, text in aggregate_files().items() if path.split("/")[2] == type_]
    return json.loads(found[0]) if found else []


def feed_model(*records: dict[str, Any], order: int = 0) -> FeedModel:
    """One model out of its records."""
    texts = tuple(RecordText(json.dumps(record, ensure_ascii=False), record) for record in records)
    return FeedModel(str(records[0].get("model_name")), texts, order)


def source(**more: Any) -> dict[str, Any]:
    """One hub's part of `model_src` in an image, audio or video record."""
    return {"model_id": "someone/some-model", "model_revision": "main", **more}


def llm(**more: Any) -> dict[str, Any]:
    return {
        "version": 2,
        "model_name": "some-llm",
        "model_lang": ["en"],
        "model_ability": ["chat"],
        "model_specs": [llm_spec("pytorch")],
        "updated_at": 1_700_000_000,
        **more,
    }


def llm_spec(model_format: str, **more: Any) -> dict[str, Any]:
    hub = {"model_id": "someone/some-llm", "quantizations": ["none"]}
    return {"model_format": model_format, "model_size_in_billions": 7, "model_src": {"huggingface": hub}, **more}


def embedding(**more: Any) -> dict[str, Any]:
    spec = {"model_format": "pytorch", "model_src": {"huggingface": source(quantizations=["none"])}}
    record = {"version": 2, "model_name": "some-embedding", "dimensions": 8, "max_tokens": 512, "language": ["en"]}
    return {**record, "model_specs": [spec], "updated_at": 1_700_000_000, **more}


def image(**more: Any) -> dict[str, Any]:
    record = {"version": 2, "model_name": "some-image", "model_family": "stable_diffusion"}
    return {**record, "model_src": {"huggingface": source()}, "updated_at": 1_700_000_000, **more}


def ocr(**more: Any) -> dict[str, Any]:
    """An image record of the newer kind: its sources lie in model_specs."""
    record = image(model_name="some-ocr", model_family="ocr", **more)
    del record["model_src"]
    return {**record, "model_specs": [{"model_format": "pytorch", "model_src": {"huggingface": source()}}]}


def video(**more: Any) -> dict[str, Any]:
    record = {"version": 2, "model_name": "some-video", "model_family": "Wan"}
    return {**record, "model_src": {"huggingface": source()}, "updated_at": 1_700_000_000, **more}
