from __future__ import annotations

import pytest
from werkzeug.datastructures import MultiDict

from gateway.browsing import (
    SIZES,
    Filter,
    Selection,
    address,
    cleared,
    filters,
    on_page,
    only,
    question,
    read_selection,
    with_sort,
    with_type,
    with_view,
    without,
)


def read(query: str) -> Selection:
    pairs = [part.split("=", 1) for part in query.split("&") if part]
    return read_selection(MultiDict((name, value) for name, value in pairs))


def test_address_says_all_of_a_selection_and_nothing_by_default() -> None:
    selection = read("q=glm&type=llm&ability=chat&ability=tools&size=1-8&sort=name&page=3")
    assert address(selection) == "/models?q=glm&type=llm&ability=chat&ability=tools&size=1-8&sort=name&page=3"
    assert address(read("")) == "/models"


@pytest.mark.parametrize(
    "query", ["type=evil", "sort=x", "status=x", "size=7", "page=0", "page=x", "size_min_b=nan", "size_max_b=-1"]
)
def test_senseless_values_are_left_out(query: str) -> None:
    assert read(query) == Selection()


def test_values_are_kept_once_and_without_control_characters() -> None:
    assert read("ability=chat&ability=chat&ability= to\x00ols ").choices == {"ability": ("chat", "to ols")}


def test_long_search_is_cut() -> None:
    assert len(read(f"q={'a' * 999}").q) == 300


def test_size_buckets_do_not_overlap() -> None:
    bounds = [bound for low, high in SIZES.values() for bound in (low, high) if bound is not None]
    assert bounds == sorted(bounds)
    assert len(set(bounds)) == len(bounds)


def test_question_takes_the_range_of_the_bucket() -> None:
    asked = question(read("size=8-20&size_min_b=1&type=llm"))
    assert (asked.size_min_b, asked.size_max_b, asked.type) == (8.0, 19.999, ["llm"])


def test_removing_a_filter_starts_at_the_first_page_and_keeps_the_rest() -> None:
    selection = read("q=a&ability=chat&ability=tools&page=4&sort=name")
    left = without(selection, Filter(kind="ability", value="chat"))
    assert left.choices == {"ability": ("tools",)}
    assert left.page == 1
    assert without(selection, Filter(kind="q", value="a")).sort == "name"


def test_order_by_default_is_not_said() -> None:
    assert read("sort=-updated").sort == ""
    assert read("q=a&sort=-updated").sort == "-updated"
    assert read("q=a&sort=relevance").sort == ""
    assert read("sort=relevance").sort == "", "relevance needs words"


def test_every_filter_can_be_removed() -> None:
    selection = read("q=a&type=llm&ability=chat&format=awq&size=1-8&featured=true&status=deprecated")
    taken = filters(selection, with_type=True)
    assert {each.kind for each in taken} == {"q", "type", "ability", "format", "size", "featured", "status"}
    for each in taken:
        assert each not in filters(without(selection, each), with_type=True)


def test_free_range_is_one_filter() -> None:
    selection = read("size_min_b=3&size_max_b=10")
    (taken,) = filters(selection)
    assert taken == Filter(kind="range", value="3 – 10 B")
    assert without(selection, taken) == Selection()


def test_only_keeps_one_filter() -> None:
    selection = read("q=a&type=llm&ability=chat")
    assert address(only(selection, Filter(kind="ability", value="chat"))) == "/models?ability=chat"


def test_clear_all_stays_on_the_tab() -> None:
    assert address(cleared(read("q=a&type=llm&ability=chat&sort=name"))) == "/models?type=llm&sort=name"


def test_links_to_tabs_and_pages_keep_the_filters() -> None:
    selection = read("ability=chat&page=2")
    assert with_type(selection, "image") == "/models?type=image&ability=chat"
    assert on_page(selection, 3) == "/models?ability=chat&page=3"


def test_only_the_unfiltered_front_page_is_plain() -> None:
    assert read("").is_plain
    assert read("sort=name").is_plain
    assert not read("page=2").is_plain
    assert not read("type=llm").is_plain


@pytest.mark.parametrize(("given", "kept"), [("24", 24.0), ("5.55", 5.5), ("0", None), ("nan", None), ("x", None)])
def test_memory_is_a_positive_number_in_tenths(given: str, kept: float | None) -> None:
    assert read(f"fits_gb={given}").fits_gb == kept


def test_memory_that_is_typed_wins_over_the_one_that_is_picked() -> None:
    assert read("fits_gb=24&fits_gb=11").fits_gb == 11.0
    assert read("fits_gb=24&fits_gb=").fits_gb == 24.0


def test_memory_is_a_filter_like_others() -> None:
    selection = read("fits_gb=24&type=llm")
    assert filters(selection) == [Filter(kind="fits_gb", value="24")]
    assert question(selection).fits_gb == 24.0
    assert address(without(selection, Filter(kind="fits_gb", value="24"))) == "/models?type=llm"


def test_view_is_part_of_the_address_and_says_how_many_a_page_shows() -> None:
    table = read("ability=chat&view=table&page=3")
    assert question(table).per_page > question(read("")).per_page
    assert with_view(table, "") == "/models?ability=chat"
    assert address(cleared(table)) == "/models?view=table"
    assert read("view=table").is_plain
    assert read("view=evil") == Selection()


def test_sort_is_said_only_where_it_is_not_the_usual_one() -> None:
    selection = read("ability=chat&view=table&page=2")
    assert (selection.order, read("q=a").order) == ("-updated", "relevance")
    assert with_sort(selection, "size") == "/models?ability=chat&sort=size&view=table"
    assert with_sort(read("sort=size"), "-updated") == "/models"
    assert with_sort(read("q=a"), "-updated") == "/models?q=a&sort=-updated"
