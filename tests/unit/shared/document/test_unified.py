from __future__ import annotations

import json
import re

from hypothesis import given
from hypothesis import strategies as st

from shared.document import unified
from tests.unit.shared.document.samples import quick, records, texts

LINES = st.lists(
    st.sampled_from(["{\n", "}\n", "},\n", "  {\n", "  },\n", "a\n", "b\n", "\u2028\n", "\r\n", ""]), max_size=12
)
TEXTS = st.builds(lambda lines, end: "".join(lines) + end, LINES, st.sampled_from(["", "end", "end\n"]))


def applied(before: str, diff: str) -> str:
    """What patch makes of it; every context and removed line must be where the diff says."""
    old = before.split("\n")
    old = [line + "\n" for line in old[:-1]] + ([old[-1]] if old[-1] else [])
    new, at = list[str](), 0
    body = diff.split("\n")[2:-1] if diff else []
    lines = [line + "\n" for line in body]
    for number, line in enumerate(lines):
        if found := re.match(r"@@ -(\d+)(?:,(\d+))? \+(\d+)(?:,(\d+))? @@", line):
            start = int(found.group(1)) - (found.group(2) != "0")
            new += old[at:start]
            at = start
            assert len(new) == int(found.group(3)) - (found.group(4) != "0")
            continue
        if line.startswith("\\"):
            continue
        text = line[1:]
        if number + 1 < len(lines) and lines[number + 1].startswith("\\"):
            text = text[:-1]
        if line[0] != "+":
            assert old[at] == text
            at += 1
        if line[0] != "-":
            new.append(text)
    return "".join(new + old[at:])


@quick
@given(TEXTS, TEXTS, st.integers(0, 4))
def test_diff_turns_one_text_into_the_other(before: str, after: str, context: int) -> None:
    diff = unified(before, after, context=context)
    assert applied(before, diff) == after
    assert bool(diff) == (before != after)


@quick
@given(texts(records()), texts(records()))
def test_diff_of_documents_turns_one_into_the_other(before: str, after: str) -> None:
    assert applied(before, unified(before, after)) == after


def test_removed_record_begins_at_its_bracket() -> None:
    file = [{"model_name": name, "specs": [{"a": 1}]} for name in "ABC"]
    before = json.dumps(file, indent=2) + "\n"
    after = json.dumps([file[0], file[2]], indent=2) + "\n"
    removed = [line for line in unified(before, after).split("\n")[2:] if line.startswith("-")]
    assert removed[0] == "-  {"
    assert removed[-1] == "-  },"


def test_added_spec_begins_at_its_bracket() -> None:
    specs = [{"format": name, "src": {"hub": "x"}} for name in ("a", "b", "c")]
    before = json.dumps({"specs": [specs[0], specs[2]]}, indent=2)
    after = json.dumps({"specs": specs}, indent=2)
    added = [line for line in unified(before, after).split("\n")[2:] if line.startswith("+")]
    assert added[0] == "+    {"


def test_names_stand_in_the_header() -> None:
    diff = unified("a\n", "b\n", from_name="a/x.json", to_name="b/x.json")
    assert diff == "--- a/x.json\n+++ b/x.json\n@@ -1 +1 @@\n-a\n+b\n"


def test_long_texts_of_equal_lines_are_compared_all_the_same() -> None:
    before, after = "0,\n" * 30_000, "1\n" + "0,\n" * 29_000 + "2\n"
    assert applied(before, unified(before, after)) == after
