from __future__ import annotations

import pytest

from gateway.review_threads import Spot, spot_of, threads_of
from gateway.textdiff import diff_texts
from shared.contracts.catalog import ReviewComment

BEFORE = "".join(f"line {number}\n" for number in range(1, 41))
AFTER = BEFORE.replace("line 20\n", "line twenty\n")
DIFF = diff_texts(BEFORE, AFTER)


def said(text: str, line: int, side: str = "new", against: int = 0) -> ReviewComment:
    return ReviewComment(author="rita", text=text, at=0.0, line=line, side=side, against=against, revision=2)


def texts(comments: list[ReviewComment]) -> list[str]:
    return [comment.text for comment in comments]


def test_comments_stand_below_their_lines_in_the_order_they_were_written() -> None:
    found = threads_of(DIFF, [said("one", 20), said("two", 20), said("old", 20, "old", 1)], against=1)
    assert {key: texts(comments) for key, comments in found.below.items()} == {
        "new-20": ["one", "two"],
        "old-20": ["old"],
    }
    assert found.apart == []


def test_comment_on_a_line_that_is_not_shown_stands_apart() -> None:
    found = threads_of(DIFF, [said("far", 1), said("whole", 0)], against=1)
    assert (found.below, texts(found.apart)) == ({}, ["far", "whole"])


def test_comment_on_another_base_s_line_stands_apart() -> None:
    assert texts(threads_of(DIFF, [said("old", 20, "old", 3)], against=1).apart) == ["old"]


def test_asked_line_has_a_thread_where_the_diff_shows_it() -> None:
    shown = threads_of(DIFF, [], against=1, asked=Spot(20))
    assert (shown.keys, shown.quote) == (["new-20"], "line twenty")
    hidden = threads_of(DIFF, [], against=1, asked=Spot(1))
    assert (hidden.keys, hidden.quote) == ([], None)


@pytest.mark.parametrize("line", ["", "0", "-1", "x", "1.5", "٣", "99999999"])
def test_what_names_no_line_is_no_spot(line: str) -> None:
    assert spot_of(line, "new") is None


def test_side_that_is_not_known_is_the_new_one() -> None:
    assert (spot_of("3", "old"), spot_of("3", "?")) == (Spot(3, "old"), Spot(3))
