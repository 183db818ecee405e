from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.document import array_document, array_records, new_file, patch_file, same, splice
from shared.errors import Invalid
from tests.unit.shared.document.samples import STYLES, quick, record, records, texts

HAND_MADE = (
    '[\n  { "model_name": "A", "langs": ["en","zh"],\n    "size": 1.0 },\n\n'
    '  {\n    "model_name": "B",\n    "note": "caf\\u00e9"\n  },\n'
    '  {"model_name": "a", "engine": "MLX"}\n]'
)


def canonical_text(value: Any) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False) + "\n"


def test_new_model_goes_last_in_canonical_form_with_its_own_spelling() -> None:
    before = canonical_text([{"model_name": "A", "x": [1]}])
    document = '{"model_name":"caf\\u00e9","eps":1e-5,"one":1.0,"zero_width":"\\u200b","langs":["en"],"none":[]}'
    expected = (
        '[\n  {\n    "model_name": "A",\n    "x": [\n      1\n    ]\n  },\n'
        '  {\n    "model_name": "café",\n    "eps": 1e-5,\n    "one": 1.0,\n    "zero_width": "\\u200b",\n'
        '    "langs": [\n      "en"\n    ],\n    "none": []\n  }\n]\n'
    )
    assert splice(before, name="café", document=document) == expected


def test_first_model_of_an_empty_file() -> None:
    assert splice("[]\n", name="A", document='{"model_name": "A"}') == canonical_text([{"model_name": "A"}])


def test_last_model_leaves_an_empty_array() -> None:
    assert splice(canonical_text([{"model_name": "A"}]), name="a", document=None) == "[]\n"


def test_file_of_another_hand_keeps_every_byte_outside_the_change() -> None:
    document = '[{"model_name": "A", "langs": ["en", "zh", "fr"], "size": 1.0}, {"model_name": "a", "engine": "MLX"}]'
    expected = HAND_MADE.replace('"en","zh"', '"en","zh","fr"')
    assert splice(HAND_MADE, name="A", document=document) == expected


def test_equal_records_keep_their_bytes() -> None:
    document = '[{"size": 1.00, "langs": ["en", "zh"], "model_name": "A"}, {"engine": "MLX", "model_name": "a"}]'
    assert splice(HAND_MADE, name="A", document=document) == HAND_MADE


def test_removed_variant_leaves_the_others_where_they_are() -> None:
    document = '{"model_name": "A", "langs": ["en", "zh"], "size": 1.0}'
    expected = HAND_MADE.replace(',\n  {"model_name": "a", "engine": "MLX"}', "")
    assert splice(HAND_MADE, name="A", document=document) == expected


def test_added_variant_follows_its_predecessor() -> None:
    file = canonical_text([{"model_name": "A", "engine": "x"}, {"model_name": "B"}])
    document = json.dumps([{"model_name": "A", "engine": "x"}, {"model_name": "A", "engine": "y"}])
    names = [(r["model_name"], r.get("engine")) for r in json.loads(splice(file, name="A", document=document))]
    assert names == [("A", "x"), ("A", "y"), ("B", None)]


def test_windows_line_ends_are_kept() -> None:
    file = canonical_text([{"model_name": "A"}]).replace("\n", "\r\n")
    changed = splice(file, name="B", document='{"model_name": "B"}')
    assert changed == canonical_text([{"model_name": "A"}, {"model_name": "B"}]).replace("\n", "\r\n")


@pytest.mark.parametrize("file", ["{}", "", "[", '[{"a": 1, "a": 2}]'])
def test_file_that_cannot_be_read_is_not_written(file: str) -> None:
    with pytest.raises(Invalid):
        splice(file, name="A", document='{"model_name": "A"}')


def named(name: str) -> st.SearchStrategy[dict[str, Any]]:
    return record().map(lambda value: {**value, "model_name": name})


files = texts(st.lists(st.sampled_from("ABC").flatmap(named), max_size=6))
documents = texts(st.lists(named("B"), min_size=1, max_size=3))


@quick
@given(files, documents)
def test_spliced_file_says_the_document_and_all_else_as_before(file: str, document: str) -> None:
    changed = splice(file, name="b", document=document)
    assert [r for r in json.loads(changed) if r["model_name"] == "B"] == json.loads(document)
    others = [r.text for r in array_records(file)[0] if r.name != "B"]
    assert [r.text for r in array_records(changed)[0] if r.name != "B"] == others
    assert splice(changed, name="b", document=document) == changed


@quick
@given(files)
def test_model_added_and_removed_leaves_the_file_as_it_was(file: str) -> None:
    added = splice(file, name="new", document='{"model_name": "new"}')
    assert splice(added, name="new", document=None) == file or not json.loads(file)


@quick
@given(st.lists(st.sampled_from("ABC").flatmap(named), max_size=5), named("B"))
def test_canonical_file_stays_canonical(file: list[Any], document: dict[str, Any]) -> None:
    changed = splice(canonical_text(file), name="B", document=json.dumps(document))
    assert changed == canonical_text(json.loads(changed)) or "\\u" in changed


@quick
@given(texts(records()), texts(records()))
def test_own_file_is_patched_to_say_the_document(file: str, document: str) -> None:
    changed = patch_file(file, document)
    assert same(changed, document, ignoring=())
    assert patch_file(changed, document) == changed
    assert patch_file(file, file) == file


@quick
@given(texts(records()))
def test_new_file_is_an_array_in_canonical_form(document: str) -> None:
    text = new_file(document)
    assert same(text, document, ignoring=())
    assert isinstance(json.loads(text), list)
    assert text.endswith("]\n")


@quick
@given(st.lists(st.sampled_from("AB").flatmap(named), min_size=1, max_size=5), st.sampled_from(STYLES))
def test_records_read_from_a_file_are_documents_of_their_own(value: list[Any], style: dict[str, Any]) -> None:
    found, wrong = array_records(json.dumps(value, **style))
    assert not wrong
    assert [json.loads(r.text) for r in found] == value
    assert same(array_document(found), json.dumps(value), ignoring=())


def test_broken_file_gives_the_records_before_the_break() -> None:
    found, wrong = array_records('[\n{"model_name": "A"},\n{"model_name": }, {"model_name": "C"}]')
    assert [r.name for r in found] == ["A"]
    assert "line 3" in wrong
