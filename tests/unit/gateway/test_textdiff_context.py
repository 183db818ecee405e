from __future__ import annotations

import pytest

from gateway.textdiff import TextDiff, parse_unified
from gateway.textdiff_context import hides_lines, widened
from shared.document import unified

BEFORE = "".join(f"line {number}\n" for number in range(1, 101))
AFTER = BEFORE.replace("line 20\n", "twenty\nand more\n").replace("line 60\n", "")
DIFF = parse_unified(unified(BEFORE, AFTER))


def sides(diff: TextDiff) -> tuple[list[int], list[int]]:
    return [row.old_no for row in diff.rows if row.old_no], [row.new_no for row in diff.rows if row.new_no]


@pytest.mark.parametrize("more", [1, 5, 17, 40, 200])
def test_every_added_line_is_the_one_of_both_texts(more: int) -> None:
    old, new = BEFORE.splitlines(), AFTER.splitlines()
    for row in widened(DIFF, AFTER, more).rows:
        if row.kind == "context":
            assert row.old_no and row.new_no
            assert old[row.old_no - 1] == new[row.new_no - 1] == row.text


@pytest.mark.parametrize("more", [0, 1, 5, 17, 40, 200])
def test_lines_rise_and_none_comes_twice(more: int) -> None:
    for numbers in sides(widened(DIFF, AFTER, more)):
        assert numbers == sorted(set(numbers))


def test_hunks_that_meet_become_one_and_nothing_is_hidden() -> None:
    whole = widened(DIFF, AFTER, 200)
    assert [row for row in whole.rows if row.kind == "hunk"] == []
    assert sides(whole) == (list(range(1, 101)), list(range(1, 101)))
    assert hides_lines(DIFF, AFTER) and not hides_lines(whole, AFTER)


def test_new_text_has_nothing_to_widen() -> None:
    made = parse_unified(unified("", AFTER))
    assert widened(made, AFTER, 20).rows == made.rows
    assert not hides_lines(made, AFTER)
