from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.document import MAX_DOCUMENT_BYTES, locate, parse
from shared.document.faults import Scan
from shared.errors import Invalid
from tests.unit.shared.document.samples import pointers, quick, records, texts

REFUSED = {
    "empty": "",
    "blank": " \n",
    "scalar": "1",
    "null": "null",
    "empty_array": "[]",
    "array_of_numbers": "[1]",
    "trailing_comma": '{"a": 1,}',
    "missing_value": '{"a": }',
    "missing_colon": '{"a" 1}',
    "single_quotes": "{'a': 1}",
    "leading_zero": '{"a": 01}',
    "plus_sign": '{"a": +1}',
    "comment": '{"a": 1} // x',
    "two_documents": '{"a": 1} {"b": 2}',
    "unclosed_object": '{"a": 1',
    "unclosed_string": '{"a": "',
    "wrong_bracket": '{"a": [1}',
    "raw_tab": '{"a": "\t"}',
    "wrong_escape": '{"a": "\\x"}',
    "no_break_space": '{"a":\u00a01}',
    "arabic_digit": '{"a": \u0661}',
    "duplicate_key": '{"a": 1, "a": 2}',
    "duplicate_key_by_escape": '{"a": 1, "\\u0061": 2}',
    "nested_duplicate_key": '{"x": [{"a": 1, "a": 1}]}',
    "nan": '{"a": NaN}',
    "infinity": '{"a": -Infinity}',
    "byte_order_mark": '\ufeff{"a": 1}',
    "raw_surrogate": '{"a": "\ud800"}',
    "escaped_high_surrogate": '{"a": "\\ud800"}',
    "escaped_low_surrogate": '{"a": "\\udc00"}',
    "surrogates_in_wrong_order": '{"a": "\\udc00\\ud800"}',
    "surrogate_in_key": '{"\\ud800": 1}',
    "two_high_surrogates": '{"a": "\\ud800\\ud800"}',
    "raw_nul": '{"a": "\x00"}',
    "escaped_nul": '{"a": "\\u0000"}',
    "huge_integer": '{"a": 9223372036854775808}',
    "huge_negative_integer": '{"a": -9223372036854775809}',
    "five_thousand_digits": '{"a": ' + "9" * 5000 + "}",
    "float_overflow": '{"a": 1e999}',
    "negative_float_overflow": '{"a": -1e999}',
    "deep_array": "[" * 100_000 + "]" * 100_000,
    "deep_object": '{"a":' * 100_000 + "1" + "}" * 100_000,
    "deep_and_unclosed": "[" * 100_000,
    "too_large": '{"a": "' + "x" * MAX_DOCUMENT_BYTES + '"}',
    "too_large_in_bytes": '{"a": "' + "é" * (MAX_DOCUMENT_BYTES // 2) + '"}',
    "too_many_records": "[" + ",".join(["{}"] * 257) + "]",
    "too_many_values": '{"a": [' + "0," * 60_000 + "0]}",
    "a_million_numbers": "[" + "0," * 1_000_000 + "0]",
    "many_escaped_quotes": '"' + '\\"' * 1_000_000,
}


@pytest.mark.parametrize("name", REFUSED)
def test_text_that_is_no_document_is_refused_with_its_place(name: str) -> None:
    with pytest.raises(Invalid) as refused:
        parse(REFUSED[name])
    errors = refused.value.details["errors"]
    assert errors
    assert len(errors) <= 256
    for error in errors:
        assert set(error) == {"path", "message", "line", "column"}
        assert error["line"] >= 1
        assert error["column"] >= 1
    json.dumps(refused.value.details, ensure_ascii=True)
    refused.value.message.encode()


@pytest.mark.parametrize(
    "text",
    [
        "{}",
        ' \r\n\t[{"a": 1}]\n',
        '{"a": "\\ud83d\\ude00"}',
        '{"a": "\\\\u0000"}',
        '{"a": "\\\\ud800"}',
        '{"a": 9223372036854775807, "b": -9223372036854775808}',
        '{"a": 1e308, "b": 1E-999, "c": -0.0}',
        '{"": {"": 1}}',
        '{"a": ' + "[" * 63 + "]" * 63 + "}",
        '{"a": "' + "[" * 1000 + '"}',
        '{"a": "' + "," * 100_000 + '"}',
    ],
)
def test_strict_json_of_records_is_read(text: str) -> None:
    assert parse(text).value == json.loads(text)


def test_fault_names_pointer_line_and_column() -> None:
    with pytest.raises(Invalid) as refused:
        parse('[\n  {"a/b": {"c": [1, NaN]}}\n]')
    assert [(e["path"], e["line"], e["column"]) for e in refused.value.details["errors"]] == [("/0/a~1b/c/1", 2, 21)]


def test_every_fault_before_a_broken_token_is_listed() -> None:
    with pytest.raises(Invalid) as refused:
        parse('{"a": 1, "a": 1e999, "b": "\\ud800", "c": ]}')
    assert [error["path"] for error in refused.value.details["errors"]] == ["/a", "/a", "/b", "/c"]


def test_records_know_their_text_and_place() -> None:
    text = '[ {"a": 1},\n{"b": 2.50} ]'
    parsed = parse(text)
    assert [record.text for record in parsed.records] == ['{"a": 1}', '{"b": 2.50}']
    assert [text[record.start : record.end] for record in parsed.records] == [record.text for record in parsed.records]


@quick
@given(texts(records()))
def test_parse_agrees_with_json(text: str) -> None:
    parsed = parse(text)
    assert parsed.value == json.loads(text)
    assert [json.loads(record.text) for record in parsed.records] == [record.value for record in parsed.records]


@quick
@given(texts(records()), st.data())
def test_damaged_text_is_judged_alike_by_both_scanners(text: str, data: st.DataObject) -> None:
    at = data.draw(st.integers(0, len(text)))
    cut = data.draw(st.integers(0, 2))
    added = data.draw(
        st.sampled_from(["", '"', "{", "}", "[", "]", ",", ":", "\\", "0", "-", ".", "e", "NaN", "\t", "a"])
    )
    damaged = text[:at] + added + text[at + cut :]
    acceptable = not Scan(damaged).run() and _holds_records(json.loads(damaged))
    try:
        parse(damaged)
    except Invalid as refused:
        assert refused.details["errors"]
        assert not acceptable
    else:
        assert acceptable


def _holds_records(value: Any) -> bool:
    if isinstance(value, list):
        return bool(value) and all(isinstance(item, dict) for item in value)
    return isinstance(value, dict)


@quick
@given(texts(records()))
def test_every_pointer_is_located_at_its_value(text: str) -> None:
    for pointer, value in pointers(json.loads(text)):
        place = locate(text, pointer)
        found, _ = json.JSONDecoder().raw_decode(text, place.offset)
        assert found == value
        lines = text.split("\n")
        assert sum(len(line) + 1 for line in lines[: place.line - 1]) + place.column - 1 == place.offset


def test_missing_key_is_located_at_the_enclosing_bracket() -> None:
    text = '{\n  "a": {\n    "b": 1\n  }\n}'
    place = locate(text, "/a/missing/deeper")
    assert (place.line, place.column, text[place.offset]) == (2, 8, "{")


def test_pointer_without_a_slash_is_refused() -> None:
    with pytest.raises(Invalid):
        locate("{}", "a")
