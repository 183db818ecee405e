from __future__ import annotations

import pytest

from gateway.figures import byte_size, context, initials, ladder, ladder_x, page_numbers, parameters, size_range


@pytest.mark.parametrize(
    ("size_b", "words"),
    [(0.022, "22 M"), (0.6, "0.6 B"), (1.2, "1.2 B"), (753, "753 B"), (999.4, "999 B"), (1600, "1.6 T")],
)
def test_parameters_are_said_in_the_unit_people_use(size_b: float, words: str) -> None:
    assert parameters(size_b) == words


def test_range_says_a_shared_unit_once() -> None:
    assert size_range([0.8, 397]) == "0.8–397 B"
    assert size_range([0.022, 7]) == "22 M – 7 B"
    assert size_range([7]) == "7 B"


@pytest.mark.parametrize(
    ("tokens", "words"), [(512, "512"), (40_960, "40K"), (131_072, "128K"), (200_000, "200K"), (1_048_576, "1M")]
)
def test_context_counts_powers_of_two_in_their_own_thousand(tokens: int, words: str) -> None:
    assert context(tokens) == words


def test_ladder_ends_hold_sizes_off_the_axis() -> None:
    assert ladder_x(0.001) == ladder_x(0.1) == 3.0
    assert ladder_x(99_999) == 117.0


def test_ladder_rises_with_size_and_counts_each_size_once() -> None:
    drawn = ladder([8, 0.6, 8, 235])
    assert drawn is not None
    assert list(drawn.dots) == sorted(drawn.dots)
    assert (drawn.count, drawn.words) == (3, "0.6–235 B")


def test_ladder_of_no_or_senseless_sizes_is_none() -> None:
    assert ladder([]) is None
    assert ladder([0, -1, float("nan"), float("inf")]) is None


def test_byte_sizes_are_decimal() -> None:
    assert [byte_size(n) for n in (12, 57_000, 1_250_000)] == ["12 B", "57 kB", "1.25 MB"]


def test_initials_come_from_first_and_last_word() -> None:
    assert [initials(name) for name in ("Lin Yao", "lin", "mary-ann van dyke", "林瑶", "")] == [
        "LY",
        "L",
        "MD",
        "瑶",
        "?",
    ]


@pytest.mark.parametrize(
    ("page", "pages", "expected"),
    [(1, 1, [1]), (1, 3, [1, 2, 3]), (3, 17, [1, 2, 3, 4, None, 17]), (9, 17, [1, None, 8, 9, 10, None, 17])],
)
def test_pager_links_ends_and_neighbours(page: int, pages: int, expected: list[int | None]) -> None:
    assert page_numbers(page, pages) == expected
