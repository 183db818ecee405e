from __future__ import annotations

import json
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.document import name_of, newest_updated_at, parse, same, sha256
from shared.document.comparison import align, canonical
from shared.errors import Invalid
from tests.unit.shared.document.samples import STYLES, quick, records, values


@pytest.mark.parametrize(
    ("one", "other", "equal"),
    [
        ('{"a": 1, "b": 2}', '{"b":2,"a":1}', True),
        ('{"a": 1e-5}', '{"a": 0.00001}', True),
        ('{"a": 1.0}', '{"a": 1.00}', True),
        ('{"a": 1}', '{"a": 1.0}', False),
        ('{"a": 1}', '{"a": true}', False),
        ('{"a": "\\u00e9"}', '{"a": "é"}', True),
        ('{"a": [1, 2]}', '{"a": [2, 1]}', False),
        ('{"a": 1}', '[{"a": 1}]', True),
        ('[{"a": 1}, {"a": 2}]', '[{"a": 2}, {"a": 1}]', False),
        ('{"a": 1, "updated_at": 1}', '{"a": 1, "updated_at": 2}', True),
        ('{"a": 1, "updated_at": 1}', '{"a": 1}', True),
        ('{"a": {"updated_at": 1}}', '{"a": {"updated_at": 2}}', False),
    ],
)
def test_documents_are_the_same_where_they_say_the_same(one: str, other: str, equal: bool) -> None:
    assert same(one, other) is equal


def test_updated_at_counts_where_nothing_is_ignored() -> None:
    assert not same('{"updated_at": 1}', '{"updated_at": 2}', ignoring=())


@quick
@given(records(), st.sampled_from(STYLES), st.sampled_from(STYLES))
def test_spelling_never_makes_a_difference(value: Any, one: dict[str, Any], other: dict[str, Any]) -> None:
    assert same(json.dumps(value, **one), json.dumps(value, **other), ignoring=())


def test_hash_is_of_the_utf8_bytes() -> None:
    assert sha256("é") == "4a99557e4033c3539de2eb65472017cad5f9557f7a0625a09f1c3f6e2ba69c4c"


def test_name_is_the_one_all_records_share() -> None:
    assert name_of(parse('[{"model_name": "A"}, {"model_name": "A"}]')) == "A"
    assert name_of(parse('{"model_family": "A"}')) is None


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ('[{"model_name": "A"}, {"model_name": "a"}]', "/1/model_name"),
        ('[{"model_name": "A"}, {}]', "/1/model_name"),
        ('{"model_name": 1}', "/model_name"),
        ('{"model_name": null}', "/model_name"),
    ],
)
def test_records_that_do_not_share_a_name_are_refused(text: str, path: str) -> None:
    with pytest.raises(Invalid) as refused:
        name_of(parse(text))
    assert refused.value.details["errors"][0]["path"] == path


def test_newest_updated_at_is_the_greatest_integer_of_the_records() -> None:
    assert newest_updated_at('[{"updated_at": 1}, {"updated_at": 3}, {"updated_at": "9"}, {}]') == 3
    assert newest_updated_at('{"updated_at": true}') is None
    assert newest_updated_at('{"a": {"updated_at": 1}}') is None
    assert newest_updated_at('{"updated_at": ') is None
    assert newest_updated_at('{"updated_at": ' + "[" * 100_000) is None


@quick
@given(st.lists(values(1), max_size=8), st.lists(values(1), max_size=8))
def test_alignment_rises_on_both_sides_and_keeps_common_ends(old: list[Any], new: list[Any]) -> None:
    pairs = align(old, new)
    assert all(one[0] < two[0] and one[1] < two[1] for one, two in pairwise(pairs))
    if old and new and canonical(old[0]) == canonical(new[0]):
        assert pairs[0] == (0, 0)


def test_alignment_of_long_lists_pairs_by_position() -> None:
    old, new = [{"a": n} for n in range(300)], [{"a": -n - 1} for n in range(300)]
    assert align(old, new) == [(n, n) for n in range(300)]
