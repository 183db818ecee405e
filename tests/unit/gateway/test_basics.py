from __future__ import annotations

import json

import pytest

from gateway.basics import changed, read_basics, write_basics
from shared.errors import Invalid
from tests.support.smallest_records import record

WISHES = {"name": "tiny", "abilities": "chat, tools", "languages": "en zh", "format": "pytorch", "size": "0.6"}


def test_new_document_holds_what_was_filled_in_and_nothing_else() -> None:
    made = json.loads(write_basics("llm", "", {**WISHES, "model_id": "owner/tiny", "hub": "modelscope"}))
    assert made == {
        "version": 2,
        "model_name": "tiny",
        "model_lang": ["en", "zh"],
        "model_ability": ["chat", "tools"],
        "model_specs": [
            {
                "model_format": "pytorch",
                "model_size_in_billions": "0_6",
                "model_src": {"modelscope": {"model_id": "owner/tiny", "quantizations": ["none"]}},
            }
        ],
    }


def test_a_change_leaves_every_other_byte_alone() -> None:
    text = '[\n {"model_name": "tiny",  "odd" : 1.50,\n  "model_description": "Old." }\n]\n'
    after = write_basics("llm", text, {"description": "New.", "name": "tiny"})
    assert after == text.replace("Old.", "New.")


def test_a_missing_member_is_added_with_what_is_above_it() -> None:
    after = write_basics("llm", '{"model_name": "tiny"}', {"model_id": "owner/tiny"})
    assert json.loads(after)["model_specs"] == [{"model_src": {"huggingface": {"model_id": "owner/tiny"}}}]


def test_an_emptied_field_takes_its_member_away() -> None:
    after = write_basics("llm", '{"model_name": "tiny", "context_length": 4096}', {"context_length": ""})
    assert json.loads(after) == {"model_name": "tiny"}


def test_what_is_no_number_stays_for_validation_to_name() -> None:
    assert json.loads(write_basics("llm", "", {"context_length": "40k"}))["context_length"] == "40k"


@pytest.mark.parametrize("kind", ["llm", "embedding", "rerank", "image", "audio", "video", "world"])
def test_what_is_read_and_written_again_changes_nothing(kind: str) -> None:
    text = json.dumps([record(kind)], indent=2)
    assert write_basics(kind, text, read_basics(kind, text)) == text


@pytest.mark.parametrize("text", ["", "{", "[]", "[1]", "null", '{"model_specs": 5}', "[" * 3000])
def test_reading_never_fails(text: str) -> None:
    assert read_basics("llm", text)["name"] == ""


def test_unreadable_text_is_refused_and_not_replaced() -> None:
    with pytest.raises(Invalid):
        write_basics("llm", '{"model_name": ', {"name": "tiny"})


def test_only_fields_that_differ_count_as_changed() -> None:
    assert changed({"name": "a ", "size": "7"}, {"name": "a", "size": "8"}) == {"size": "7"}
