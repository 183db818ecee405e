from __future__ import annotations

import json

from flask import Flask

from gateway.presentation import install_presentation
from gateway.revision_summary import Part, parts_of, said
from shared.contracts.catalog import Change
from shared.document import diff_by_field


def changes(before: object, after: object) -> list[Change]:
    found = diff_by_field(json.dumps(before), json.dumps(after))
    return [Change(path=each.path, op=each.op, before=each.before, after=each.after) for each in found]


def spec(size: int, revision: str = "main") -> dict[str, object]:
    source = {"model_id": "o/m", "model_revision": revision}
    return {"model_format": "pytorch", "model_size_in_billions": size, "model_src": {"huggingface": source}}


def test_whole_specs_are_counted_and_fields_named_once() -> None:
    before = [{"model_name": "m", "context_length": 1, "model_specs": [spec(1), spec(2), spec(3)]}]
    after = [
        {
            "model_name": "m",
            "context_length": 2,
            "updated_at": 9,
            "model_specs": [spec(1, "a"), spec(2, "b"), spec(4), spec(5)],
        }
    ]
    assert parts_of(changes(before, after)) == (
        Part(op="add", specs=2),
        Part(op="remove", specs=1),
        Part(op="change", fields=("context_length", "model_revision")),
    )


def test_one_record_reads_like_an_array_of_one() -> None:
    assert parts_of(changes({"a": 1}, {"a": 2, "b": {"c/d": 1}})) == (
        Part(op="add", fields=("b",)),
        Part(op="change", fields=("a",)),
    )


def test_many_fields_are_counted_in_words() -> None:
    app = Flask("gateway")
    install_presentation(app)
    with app.test_request_context():
        parts = [Part(op="change", specs=1, fields=("a", "b", "c")), Part(op="add", fields=("d", "e"))]
        assert list(said(parts)) == [("change", "1 spec, 3 fields"), ("add", "d, e")]
