from __future__ import annotations

from difflib import unified_diff

from hypothesis import given
from hypothesis import strategies as st

from gateway.textdiff import diff_texts, paired, parse_unified

RECORDS = '[\n  {\n    "id": "a"\n  },\n  {\n    "id": "b"\n  },\n  {\n    "id": "c"\n  }\n]\n'


def test_equal_texts_have_no_rows() -> None:
    assert diff_texts("a\nb\n", "a\nb\n").rows == ()


def test_changed_line_shows_both_numbers_and_marks_the_words() -> None:
    diff = diff_texts('{\n  "context": 40960,\n}', '{\n  "context": 131072,\n}')
    removed = next(row for row in diff.rows if row.kind == "removed")
    added = next(row for row in diff.rows if row.kind == "added")
    assert (removed.old_no, removed.new_no, added.old_no, added.new_no) == (2, None, None, 2)
    assert [text for text, marked in added.pieces if marked] == ["131072"]
    assert (diff.added, diff.removed) == (1, 1)


def test_lines_with_little_in_common_carry_no_marks() -> None:
    diff = diff_texts("completely different", "xyz 12345 @@@@@")
    assert not any(marked for row in diff.rows for _, marked in row.pieces)


def test_removed_record_begins_at_its_opening_brace() -> None:
    without = RECORDS.replace('  {\n    "id": "b"\n  },\n', "")
    removed = [row.text for row in diff_texts(RECORDS, without).rows if row.kind == "removed"]
    assert removed == ["  {", '    "id": "b"', "  },"]


def test_added_record_begins_at_its_opening_brace() -> None:
    without = RECORDS.replace('  {\n    "id": "b"\n  },\n', "")
    added = [row.text for row in diff_texts(without, RECORDS).rows if row.kind == "added"]
    assert added == ["  {", '    "id": "b"', "  },"]


def test_long_differences_are_cut_and_say_so() -> None:
    diff = diff_texts("", "\n".join(map(str, range(50))), most_rows=10)
    assert (len(diff.rows), diff.cut, diff.added) == (10, True, 50)


def test_unified_diff_of_git_keeps_numbers_files_and_signs_in_content() -> None:
    text = (
        "diff --git a/x.json b/x.json\nindex 1..2 100644\n--- a/x.json\n+++ b/x.json\n"
        "@@ -10,3 +10,3 @@ model\n one\n--- not a header\n++++ nor this\n three\n\\ No newline at end of file\n"
    )
    rows = parse_unified(text).rows
    assert [row.kind for row in rows] == ["file", "hunk", "context", "removed", "added", "context", "note"]
    assert rows[0].text == "x.json"
    assert (rows[3].text, rows[3].old_no) == ("-- not a header", 11)
    assert (rows[5].old_no, rows[5].new_no) == (12, 12)


def test_side_by_side_sets_runs_against_each_other() -> None:
    pairs = paired(diff_texts("a\nb\nc\n", "a\nx\ny\nc\n").rows)
    sides = [(pair.left and pair.left.text, pair.right and pair.right.text) for pair in pairs[1:]]
    assert sides == [("a", "a"), ("b", "x"), (None, "y"), ("c", "c")]


LINES = st.lists(st.sampled_from(["{", "}", "},", '"a": 1', '"b": 2', "[", "]", ""]), max_size=30)


def text_of(lines: list[str]) -> str:
    return "".join(f"{line}\n" for line in lines)


@given(LINES, LINES)
def test_every_row_shows_a_line_of_its_text(old: list[str], new: list[str]) -> None:
    rows = diff_texts(text_of(old), text_of(new)).rows
    assert bool(rows) == (old != new)
    for row in rows:
        assert row.old_no is None or old[row.old_no - 1] == row.text
        assert row.new_no is None or new[row.new_no - 1] == row.text
        assert "".join(text for text, _ in row.pieces) == row.text


@given(LINES, LINES)
def test_applying_the_rows_to_the_old_text_gives_the_new_one(old: list[str], new: list[str]) -> None:
    rows = diff_texts(text_of(old), text_of(new)).rows
    removed = {row.old_no for row in rows if row.kind == "removed"}
    added = {row.new_no: row.text for row in rows if row.kind == "added"}
    kept = [line for number, line in enumerate(old, 1) if number not in removed]
    result = [added[number] if number in added else kept.pop(0) for number in range(1, len(new) + 1)]
    assert (result, kept) == (new, [])


@given(LINES, LINES)
def test_own_rows_and_those_of_a_unified_diff_agree_on_the_counts(old: list[str], new: list[str]) -> None:
    unified = parse_unified("\n".join(unified_diff(old, new, "a", "b", lineterm="")))
    assert unified.added - unified.removed == len(new) - len(old)


def test_missing_newline_at_the_end_is_said() -> None:
    assert [row.kind for row in diff_texts("a\n", "a").rows] == ["note"]


def test_lines_are_counted_by_line_feed_alone() -> None:
    diff = diff_texts("a\u2028b\nc\n", "a\u2028b\nd\n")
    assert [row.old_no for row in diff.rows if row.kind == "removed"] == [2]
