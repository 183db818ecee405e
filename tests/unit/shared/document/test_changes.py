from __future__ import annotations

import json
from typing import Any

from hypothesis import given

from shared.document import Change, diff_by_field
from tests.unit.shared.document.samples import pointers, quick, records, texts

SPECS: list[dict[str, Any]] = [
    {
        "model_format": "pytorch",
        "model_size_in_billions": 32,
        "model_src": {"huggingface": {"quantizations": ["none"]}},
    },
    {
        "model_format": "fp4",
        "model_size_in_billions": "1_8",
        "activated_size_in_billions": 3,
        "model_src": {"huggingface": {"model_id": "a"}},
    },
]


def diff(before: Any, after: Any) -> list[tuple[str, str, str | None, str | None, str]]:
    changes = diff_by_field(json.dumps(before), json.dumps(after))
    return [(c.path, c.op, c.before, c.after, c.label) for c in changes]


def test_scalar_change_carries_both_spellings() -> None:
    assert diff_by_field('{"a": 1.0}', '{"a": 1e-5}') == [Change("/a", "change", "1.0", "1e-5", "a")]


def test_inserted_spec_is_one_addition() -> None:
    awq = {"model_format": "awq", "model_size_in_billions": 32}
    found = diff({"model_specs": SPECS}, {"model_specs": [awq, *SPECS]})
    assert found == [("/model_specs/0", "add", None, json.dumps(awq), "AWQ, 32 B")]


def test_change_inside_a_spec_is_labelled_by_what_the_spec_is() -> None:
    specs = json.loads(json.dumps(SPECS))
    specs[1]["model_src"]["huggingface"]["model_id"] = "b"
    specs[1]["model_src"]["modelscope"] = {"model_id": "c"}
    label = "FP4, 1.8 B (3 B active)"
    assert diff({"model_specs": SPECS}, {"model_specs": specs}) == [
        ("/model_specs/1/model_src/huggingface/model_id", "change", '"a"', '"b"', f"{label} · huggingface · model_id"),
        ("/model_specs/1/model_src/modelscope", "add", None, '{"model_id": "c"}', f"{label} · modelscope"),
    ]


def test_removed_spec_points_into_the_old_document() -> None:
    found = diff({"model_specs": SPECS}, {"model_specs": SPECS[1:]})
    assert found == [("/model_specs/0", "remove", json.dumps(SPECS[0]), None, "PyTorch, 32 B")]


def test_lists_of_words_differ_as_sets() -> None:
    assert diff({"model_lang": ["en", "zh"]}, {"model_lang": ["zh", "fr", "en"]}) == [
        ("/model_lang/1", "add", None, '"fr"', "model_lang")
    ]
    assert diff({"model_lang": ["en", "zh"]}, {"model_lang": ["zh", "en"]}) == []


def test_order_of_specs_alone_is_one_change() -> None:
    found = diff({"model_specs": SPECS}, {"model_specs": SPECS[::-1]})
    assert [(path, op, label) for path, op, _, _, label in found] == [("/model_specs", "change", "order")]


def test_variants_are_matched_by_engine_and_labelled() -> None:
    before = [{"engine": "x", "a": 1}, {"engine": "y", "a": 1}]
    after = [{"engine": "y", "a": 2}, {"engine": "x", "a": 1}]
    assert diff(before, after) == [("/0/a", "change", "1", "2", "y · a")]


def test_without_a_before_every_member_is_added() -> None:
    changes = diff_by_field(None, '{"model_name": "A", "model_lang": ["en"], "x": {}}')
    assert [(c.path, c.op) for c in changes] == [("/model_name", "add"), ("/model_lang/0", "add"), ("/x", "add")]


@quick
@given(texts(records()))
def test_equal_documents_have_no_changes(text: str) -> None:
    assert diff_by_field(text, json.dumps(json.loads(text), indent=3)) == []


@quick
@given(texts(records()), texts(records()))
def test_each_path_leads_to_the_text_it_carries(before: str, after: str) -> None:
    old, new = dict(pointers(json.loads(before))), dict(pointers(json.loads(after)))
    for change in diff_by_field(before, after):
        if change.label.endswith("order"):
            continue
        if change.op == "remove":
            assert json.loads(change.before or "") == old[change.path]
        else:
            assert json.loads(change.after or "") == new[change.path]
