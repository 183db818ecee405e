from __future__ import annotations

import copy
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.document import parse, remove_member, same, set_member, stamp, write_member
from shared.errors import Invalid, NotFound
from tests.unit.shared.document.samples import SCALARS, STYLES, pointers, quick, record, records, texts


@pytest.mark.parametrize(
    ("text", "pointer", "raw", "expected"),
    [
        ('{"a": 1.0}', "/a", "1e-5", '{"a": 1e-5}'),
        ('{\n  "a": 1,\n  "b": 2\n}\n', "/c", "3", '{\n  "a": 1,\n  "b": 2,\n  "c": 3\n}\n'),
        ('{"a":1,"b":2}', "/c", "3", '{"a":1,"b":2,"c":3}'),
        ('{"a" : 1}', "/c", "3", '{"a" : 1, "c" : 3}'),
        ("{}", "/é", "3", '{\n  "é": 3\n}'),
        ('{"l": [1, 2]}', "/l/-", "3", '{"l": [1, 2, 3]}'),
        ('{"l": [\n 1\n]}', "/l/1", "3", '{"l": [\n 1,\n 3\n]}'),
        ('{"l": [1, 2]}', "/l/0", '{"x": 1}', '{"l": [{"x": 1}, 2]}'),
        ('[{"a": 1}]', "/0/a", "2", '[{"a": 2}]'),
    ],
)
def test_set_member_changes_its_own_bytes_alone(text: str, pointer: str, raw: str, expected: str) -> None:
    assert set_member(text, pointer, raw) == expected


@pytest.mark.parametrize("pointer", ["/x/y", "/a/b", "/l/5", "/l/x"])
def test_set_member_needs_its_parent(pointer: str) -> None:
    with pytest.raises(NotFound):
        set_member('{"a": 1, "l": []}', pointer, "1")


@pytest.mark.parametrize("raw", ["", "nope", "1 2", "NaN", '{"a": 1, "a": 2}'])
def test_set_member_takes_only_acceptable_json(raw: str) -> None:
    with pytest.raises(Invalid):
        set_member('{"a": 1}', "/a", raw)


@pytest.mark.parametrize(
    ("text", "pointer", "expected"),
    [
        ('{\n  "a": 1,\n  "b": 2\n}', "/b", '{\n  "a": 1\n}'),
        ('{\n  "a": 1,\n  "b": 2\n}', "/a", '{\n  "b": 2\n}'),
        ('{"a": 1 , "b": 2, "c": 3}', "/b", '{"a": 1, "c": 3}'),
        ('{ "a": 1 }', "/a", "{}"),
        ('{"l": [1, 2, 3]}', "/l/1", '{"l": [1, 3]}'),
    ],
)
def test_remove_member_takes_its_comma_along(text: str, pointer: str, expected: str) -> None:
    assert remove_member(text, pointer) == expected


@quick
@given(texts(records()), SCALARS, st.data())
def test_set_member_equals_an_assignment(text: str, new: Any, data: st.DataObject) -> None:
    pointer, _ = data.draw(st.sampled_from(list(pointers(json.loads(text)))))
    expected = copy.deepcopy(json.loads(text))
    if not pointer:
        return
    parent, key = _parent(expected, pointer)
    parent[key] = new
    changed = set_member(text, pointer, json.dumps(new))
    assert json.loads(changed) == expected
    assert set_member(changed, pointer, json.dumps(new)) == changed


@quick
@given(texts(records()), st.data())
def test_remove_member_equals_a_deletion(text: str, data: st.DataObject) -> None:
    pointer, _ = data.draw(st.sampled_from(list(pointers(json.loads(text)))))
    expected = copy.deepcopy(json.loads(text))
    if not pointer:
        return
    parent, key = _parent(expected, pointer)
    del parent[key]
    assert json.loads(remove_member(text, pointer)) == expected


@quick
@given(texts(record()), st.sampled_from(["zz", "z/z", "z~z"]))
def test_a_member_added_and_removed_leaves_the_text_as_it_was(text: str, key: str) -> None:
    pointer = "/" + key.replace("~", "~0").replace("/", "~1")
    changed = remove_member(set_member(text, pointer, "1"), pointer)
    assert changed == text or not json.loads(text)


def _parent(value: Any, pointer: str) -> tuple[Any, Any]:
    tokens = [token.replace("~1", "/").replace("~0", "~") for token in pointer.split("/")[1:]]
    for token in tokens[:-1]:
        value = value[int(token)] if isinstance(value, list) else value[token]
    return value, int(tokens[-1]) if isinstance(value, list) else tokens[-1]


def test_stamp_replaces_the_number_alone() -> None:
    text = '[\n {"a": 1.0, "updated_at":  17 , "b": "\\u00e9"}\n]'
    assert stamp(text, 99, base_text=None) == text.replace("17", "99")


def test_stamp_adds_a_missing_member_in_the_record_s_own_style() -> None:
    assert stamp('{\n\t"a": 1\n}\n', 5, base_text=None) == '{\n\t"a": 1,\n\t"updated_at": 5\n}\n'
    assert stamp('{"a":1,"b":2}', 5, base_text=None) == '{"a":1,"b":2,"updated_at":5}'


def test_stamp_leaves_unchanged_records_with_the_base_s_number() -> None:
    base = '[{"engine": "x", "a": 1, "updated_at": 7}, {"engine": "y", "a": 1, "updated_at": 8}]'
    text = '[{"a": 1, "engine": "x", "updated_at": 1000}, {"engine": "y", "a": 2, "updated_at": 8}]'
    expected = '[{"a": 1, "engine": "x", "updated_at": 7}, {"engine": "y", "a": 2, "updated_at": 50}]'
    assert stamp(text, 50, base_text=base) == expected


def test_stamp_adds_none_to_an_unchanged_record_that_had_none() -> None:
    assert stamp('[{"a": 1}, {"b": 2}]', 5, base_text='{"a": 1}') == '[{"a": 1}, {"b": 2, "updated_at": 5}]'
    assert stamp('{"a": 1, "updated_at": 3}', 5, base_text='{"a": 1}') == '{"a": 1}'


def test_stamp_marks_a_second_copy_of_an_unchanged_record_as_new() -> None:
    assert stamp('[{"a": 1}, {"a": 1}]', 5, base_text='[{"a": 1}]') == '[{"a": 1}, {"a": 1, "updated_at": 5}]'


@quick
@given(texts(records()), texts(records()), st.integers(0, 2**40))
def test_stamp_changes_nothing_but_updated_at(text: str, base: str, now: int) -> None:
    stamped = stamp(text, now, base_text=base)
    assert same(stamped, text)
    assert stamp(stamped, now, base_text=base) == stamped
    assert all("updated_at" not in r.value or r.value["updated_at"] == now for r in parse(stamped).records)


@quick
@given(records(), st.sampled_from(STYLES), st.integers(0, 2**40))
def test_unchanged_content_is_never_stamped(value: Any, style: dict[str, Any], now: int) -> None:
    text = json.dumps(value, **style)
    assert stamp(text, now, base_text=json.dumps(value)) == text


@pytest.mark.parametrize(
    ("text", "pointer", "raw", "expected"),
    [
        ('{\n  "l": [\n    "a",\n    "b"\n  ]\n}', "/l", '["b", "c"]', '{\n  "l": [\n    "b",\n    "c"\n  ]\n}'),
        ('{"a":1,"c":1.50}', "/b", "2", '{"a":1,"b":2,"c":1.50}'),
        ('{"b":1,"c":3}', "/a", "2", '{"a":2,"b":1,"c":3}'),
        ('{"x":1}', "/a", "2", '{"x":1, "a":2}'),
        ('{"a":1,"x":9}', "/d", "2", '{"a":1,"d":2,"x":9}'),
        ('{"a":1}', "/y", "2", '{"a":1, "y":2}'),
        ('{\n "a": 1\n}', "/b", '{"k": [1]}', '{\n "a": 1,\n "b": {\n  "k": [\n   1\n  ]\n }\n}'),
        ('{"l":[{"a":1}]}', "/l/-", '{"a":2}', '{"l":[{"a":1}, {"a": 2}]}'),
    ],
)
def test_a_written_value_keeps_what_it_shares_and_takes_its_place(
    text: str, pointer: str, raw: str, expected: str
) -> None:
    assert write_member(text, pointer, raw, order=("a", "b", "c", "d")) == expected


@given(texts(records()), st.data())
@quick
def test_writing_what_is_there_already_changes_no_byte(text: str, data: st.DataObject) -> None:
    pointer, found = data.draw(st.sampled_from(list(pointers(json.loads(text)))))
    assert write_member(text, pointer, json.dumps(found)) == text


@given(texts(records()), SCALARS, st.data())
@quick
def test_a_written_value_is_the_only_one_that_differs(text: str, value: Any, data: st.DataObject) -> None:
    pointer, _ = data.draw(st.sampled_from(list(pointers(json.loads(text)))))
    raw = json.dumps([value])
    assert json.loads(write_member(text, pointer, raw)) == json.loads(set_member(text, pointer, raw))


def test_writing_below_what_is_missing_is_refused() -> None:
    with pytest.raises(NotFound):
        write_member('{"a": 1}', "/b/c", "1")
    with pytest.raises(NotFound):
        write_member('{"l": []}', "/l/3", "1")
    with pytest.raises(Invalid):
        write_member('{"a": 1}', "/a", "{")
