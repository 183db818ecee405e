from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given

from shared.document import merge, newest_updated_at, same
from tests.unit.shared.document.samples import quick, records, texts


def pretty(value: Any) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False)


BASE = {
    "model_name": "A",
    "context_length": 8,
    "model_lang": ["en", "zh"],
    "model_specs": [
        {"model_format": "pytorch", "model_size_in_billions": 7, "model_src": {"huggingface": {"model_id": "x"}}},
        {"model_format": "fp4", "model_size_in_billions": 7, "model_src": {"huggingface": {"model_id": "y"}}},
    ],
    "updated_at": 10,
}


def changed(**members: Any) -> dict[str, Any]:
    return {**json.loads(json.dumps(BASE)), **members}


def test_changes_of_different_members_merge() -> None:
    merged = merge(pretty(BASE), pretty(changed(context_length=16)), pretty(changed(model_lang=["en"], updated_at=20)))
    assert merged.text == pretty(changed(context_length=16, model_lang=["en"], updated_at=20))
    assert merged.conflicts == ()


def test_two_changes_of_one_member_conflict_with_all_three_texts() -> None:
    merged = merge(pretty(BASE), pretty(changed(context_length=16)), pretty(changed(context_length=32)))
    assert merged.text is None
    (conflict,) = merged.conflicts
    assert (conflict.path, conflict.base, conflict.ours, conflict.theirs) == ("/context_length", "8", "16", "32")


def test_member_removed_here_and_changed_there_conflicts() -> None:
    ours = changed()
    del ours["context_length"]
    merged = merge(pretty(BASE), pretty(ours), pretty(changed(context_length=32)))
    assert [(c.ours, c.theirs) for c in merged.conflicts] == [(None, "32")]


def test_lists_of_words_merge_as_sets() -> None:
    ours, theirs = changed(model_lang=["en", "fr", "zh"]), changed(model_lang=["zh", "de"])
    merged = merge(pretty(BASE), pretty(ours), pretty(theirs))
    assert merged.text is not None
    assert set(json.loads(merged.text)["model_lang"]) == {"zh", "de", "fr"}


def test_specs_are_matched_by_format_and_size_not_by_place() -> None:
    ours, theirs = changed(), changed()
    ours["model_specs"].insert(0, {"model_format": "awq", "model_size_in_billions": 7})
    ours["model_specs"][2]["model_src"]["modelscope"] = {"model_id": "z"}
    theirs["model_specs"][1]["model_src"]["huggingface"]["model_id"] = "new"
    merged = merge(pretty(BASE), pretty(ours), pretty(theirs))
    assert merged.text is not None
    specs = json.loads(merged.text)["model_specs"]
    assert [spec["model_format"] for spec in specs] == ["awq", "pytorch", "fp4"]
    assert specs[2]["model_src"] == {"huggingface": {"model_id": "new"}, "modelscope": {"model_id": "z"}}


def test_conflict_inside_a_spec_points_into_theirs() -> None:
    ours, theirs = changed(), changed()
    ours["model_specs"][1]["model_src"]["huggingface"]["model_id"] = "mine"
    theirs["model_specs"].insert(0, {"model_format": "awq", "model_size_in_billions": 7})
    theirs["model_specs"][2]["model_src"]["huggingface"]["model_id"] = "yours"
    merged = merge(pretty(BASE), pretty(ours), pretty(theirs))
    assert [c.path for c in merged.conflicts] == ["/model_specs/2/model_src/huggingface/model_id"]


def test_variants_are_matched_by_engine() -> None:
    base = [{"engine": "x", "a": 1}, {"engine": "y", "a": 1}]
    ours = [{"engine": "x", "a": 2}, {"engine": "y", "a": 1}]
    theirs = [{"engine": "y", "a": 3}, {"engine": "x", "a": 1}]
    merged = merge(json.dumps(base), json.dumps(ours), json.dumps(theirs))
    assert merged.text == json.dumps([{"engine": "y", "a": 3}, {"engine": "x", "a": 2}])


def test_variant_added_to_a_single_record_makes_an_array() -> None:
    one, two = {"engine": "x", "a": 1}, {"engine": "y"}
    merged = merge(json.dumps(one), json.dumps([one, two]), json.dumps({**one, "a": 2}))
    assert merged.text is not None
    assert json.loads(merged.text) == [{"engine": "x", "a": 2}, two]


def test_equals_of_one_identity_merge_only_while_all_sides_have_the_same_number() -> None:
    twins = [{"engine": "x", "a": 1}, {"engine": "x", "a": 2}]
    ours, theirs = [{"engine": "x", "a": 9}, twins[1]], [twins[0], {"engine": "x", "a": 8}]
    merged = merge(json.dumps(twins), json.dumps(ours), json.dumps(theirs))
    assert merged.text == json.dumps([{"engine": "x", "a": 9}, {"engine": "x", "a": 8}])
    assert merge(json.dumps(twins), json.dumps(ours), json.dumps(twins[:1])).text is None


@pytest.mark.parametrize(("ours", "theirs", "kept"), [(20, 15, 20), (15, 20, 20), (5, 10, 10)])
def test_larger_updated_at_stays(ours: int, theirs: int, kept: int) -> None:
    merged = merge(pretty(BASE), pretty(changed(updated_at=ours)), pretty(changed(updated_at=theirs)))
    assert merged.text == pretty(changed(updated_at=kept))


@quick
@given(texts(records()), texts(records()))
def test_without_a_change_of_ours_theirs_stays_byte_for_byte(base: str, theirs: str) -> None:
    merged = merge(base, base, theirs)
    assert merged.text == theirs or (newest_updated_at(base) or 0) > (newest_updated_at(theirs) or 0)


@quick
@given(texts(records()), texts(records()))
def test_without_a_change_of_theirs_ours_is_the_result(base: str, ours: str) -> None:
    merged = merge(base, ours, base)
    assert merged.text is not None
    assert same(merged.text, ours)


@quick
@given(texts(records()), texts(records()))
def test_the_same_change_on_both_sides_is_no_conflict(base: str, ours: str) -> None:
    merged = merge(base, ours, ours)
    assert merged.text == ours


@quick
@given(texts(records()), texts(records()), texts(records()))
def test_both_orders_agree_on_whether_there_is_a_conflict(base: str, one: str, other: str) -> None:
    assert bool(merge(base, one, other).conflicts) == bool(merge(base, other, one).conflicts)
