from __future__ import annotations

import json

import pytest

from shared.client_repairs import repaired_text
from tests.support.catalogue import embedding, ocr


def test_empty_sources_are_added_and_no_other_byte_changes() -> None:
    text = json.dumps(ocr(model_description="图\u00e9"), indent=2, ensure_ascii=False)
    edit = repaired_text("image", text, json.loads(text))
    assert edit is not None
    assert edit.text == '{\n  "model_src": {},\n  ' + text[4:]
    assert json.loads(edit.text) == edit.value


@pytest.mark.parametrize("indent", [None, 2])
def test_abilities_are_shortened_in_place(indent: int | None) -> None:
    record = embedding(model_ability=["embed_vision", "embed_audio"], note="embed_vision")
    text = json.dumps(record, indent=indent)
    edit = repaired_text("embedding", text, record)
    assert edit is not None
    shortened = text.replace('"embed_vision"', '"vision"', 1).replace('"embed_audio"', '"audio"', 1)
    assert edit.text == shortened


def test_an_escaped_ability_is_shortened_too() -> None:
    text = json.dumps(embedding(model_ability=["embed_vision"])).replace("embed_vision", "embed\\u005fvision")
    edit = repaired_text("embedding", text, json.loads(text))
    assert edit is not None
    assert edit.value["model_ability"] == ["vision"]


def test_a_rerank_ability_is_not_taken_for_an_embedding_one() -> None:
    record = embedding(model_ability=["rerank_vision", "embed_text"])
    assert repaired_text("embedding", json.dumps(record), record) is None
    assert repaired_text("image", json.dumps(record | {"model_src": {}}), record | {"model_src": {}}) is None


def test_nothing_is_repaired_that_is_fine_or_of_another_type() -> None:
    record = embedding(model_ability=["vision"])
    assert repaired_text("embedding", json.dumps(record), record) is None
    assert repaired_text("llm", json.dumps(ocr()), ocr()) is None
    assert repaired_text("image", "[]", []) is None


def test_every_one_of_a_key_given_twice_is_shortened() -> None:
    text = '{"model_ability": ["embed_vision"], "model_ability": ["embed_audio", "vision"]}'
    edit = repaired_text("embedding", text, json.loads(text))
    assert edit is not None
    assert edit.text == '{"model_ability": ["vision"], "model_ability": ["audio", "vision"]}'
