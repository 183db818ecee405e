"""Diffs as rows a template can draw: from two texts, or from a unified diff. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from difflib import SequenceMatcher
from typing import Literal

Kind = Literal["file", "hunk", "context", "added", "removed", "note"]
Opcode = tuple[str, int, int, int, int]
Parts = tuple[tuple[str, bool], ...]

CONTEXT_LINES = 3
# Above this difflib's exact matching takes seconds; its junk heuristic then keeps it under 100 ms.
EXACT_LINES = 4_000
MARK_RATIO = 0.4
MARK_LENGTH = 2_000
HUNK = re.compile(r"^@@ -(\d+)(?:,\d+)? \+(\d+)(?:,\d+)? @@")
WORDS = re.compile(r"\w+|\s+|.")


@dataclass(frozen=True, slots=True)
class Row:
    """One line. `parts` are (text, marked): what differs inside a changed line is marked.

    Numbers count from 1, None where the side has no such line.
    """

    kind: Kind
    old_no: int | None
    new_no: int | None
    text: str
    parts: Parts = ()

    @property
    def pieces(self) -> Parts:
        return self.parts or ((self.text, False),)


@dataclass(frozen=True, slots=True)
class Pair:
    """A row of the side-by-side view; a hunk's or file's row stands on the left alone."""

    left: Row | None
    right: Row | None


@dataclass(frozen=True, slots=True)
class TextDiff:
    rows: tuple[Row, ...]
    added: int
    removed: int
    cut: bool = field(default=False)


def diff_texts(before: str, after: str, *, most_rows: int = 5_000) -> TextDiff:
    """The unified diff of two texts; `cut` says that rows beyond `most_rows` were left out."""
    old, new = lines_of(before), lines_of(after)
    rows: list[Row] = []
    added = removed = 0
    for group in grouped_opcodes(old, new):
        rows.append(hunk_row(group))
        for row in group_rows(group, old, new):
            added += row.kind == "added"
            removed += row.kind == "removed"
            rows.append(row)
    if before.endswith("\n") != after.endswith("\n") and before and after:
        rows.append(Row("note", None, None, "\\ No newline at end of file"))
    return TextDiff(tuple(rows[:most_rows]), added, removed, len(rows) > most_rows)


def lines_of(text: str) -> list[str]:
    """Lines as editors and JSON pointers count them: by the line feed alone, not by U+2028 and its like."""
    lines = text.split("\n")
    return lines[:-1] if lines[-1] == "" else lines


def grouped_opcodes(old: list[str], new: list[str]) -> list[list[Opcode]]:
    """difflib's opcodes with three lines of context, common head and tail cut off first."""
    head = common_length(zip(old, new, strict=False))
    tail = common_length(zip(reversed(old[head:]), reversed(new[head:]), strict=False))
    middle_old, middle_new = old[head : len(old) - tail], new[head : len(new) - tail]
    large = max(len(middle_old), len(middle_new)) > EXACT_LINES
    codes: list[Opcode] = [("equal", 0, head, 0, head)] if head else []
    for tag, i1, i2, j1, j2 in SequenceMatcher(None, middle_old, middle_new, autojunk=large).get_opcodes():
        codes.append((tag, i1 + head, i2 + head, j1 + head, j2 + head))
    if tail:
        codes.append(("equal", len(old) - tail, len(old), len(new) - tail, len(new)))
    return list(group_codes(slide(codes, old, new)))


def common_length(pairs: Iterable[tuple[str, str]]) -> int:
    count = 0
    for one, other in pairs:
        if one != other:
            break
        count += 1
    return count


def slide(codes: list[Opcode], old: list[str], new: list[str]) -> list[Opcode]:
    """Moves pure insertions and deletions to where the block begins at the line that opens a record.

    difflib lets a removed record begin at the `}` of the one before; git's indent heuristic and people do not.
    """
    result = list(codes)
    for at in range(1, len(result) - 1):
        tag, i1, i2, j1, j2 = result[at]
        before, after = result[at - 1], result[at + 1]
        if tag not in ("insert", "delete") or before[0] != "equal" or after[0] != "equal":
            continue
        lines, start, end = (new, j1, j2) if tag == "insert" else (old, i1, i2)
        shift = best_shift(lines, start, end, up=before[2] - before[1], down=after[2] - after[1])
        result[at - 1] = ("equal", before[1], before[2] + shift, before[3], before[4] + shift)
        result[at] = (tag, i1 + shift, i2 + shift, j1 + shift, j2 + shift)
        result[at + 1] = ("equal", after[1] + shift, after[2], after[3] + shift, after[4])
    return [code for code in result if code[1] != code[2] or code[3] != code[4]]


def best_shift(lines: list[str], start: int, end: int, *, up: int, down: int) -> int:
    """Where the block reads best among its equal positions: at the least indented `{`; 0 to leave it."""
    least = 0
    while -least < up and lines[start + least - 1] == lines[end + least - 1]:
        least -= 1
    most = 0
    while most < down and lines[start + most] == lines[end + most]:
        most += 1
    opening = [shift for shift in range(least, most + 1) if lines[start + shift].rstrip().endswith(("{", "["))]
    return min(opening, key=lambda shift: (indent(lines[start + shift]), abs(shift)), default=0)


def indent(line: str) -> int:
    return len(line) - len(line.lstrip())


def group_codes(codes: list[Opcode]) -> Iterator[list[Opcode]]:
    """As difflib's get_grouped_opcodes, for opcodes that were moved."""
    n = CONTEXT_LINES
    if not any(code[0] != "equal" for code in codes):
        return
    group: list[Opcode] = []
    for at, (tag, i1, i2, j1, j2) in enumerate(codes):
        if tag != "equal":
            group.append((tag, i1, i2, j1, j2))
            continue
        first, last = at == 0, at == len(codes) - 1
        if not first and not last and i2 - i1 <= 2 * n:
            group.append((tag, i1, i2, j1, j2))
            continue
        if not first:
            group.append((tag, i1, min(i2, i1 + n), j1, min(j2, j1 + n)))
            yield group
        group = [] if last else [(tag, max(i1, i2 - n), i2, max(j1, j2 - n), j2)]
    if group:
        yield group


def hunk_row(group: list[Opcode]) -> Row:
    i1, i2, j1, j2 = group[0][1], group[-1][2], group[0][3], group[-1][4]
    return Row("hunk", None, None, f"@@ −{i1 + 1},{i2 - i1} +{j1 + 1},{j2 - j1} @@")


def group_rows(group: list[Opcode], old: list[str], new: list[str]) -> Iterator[Row]:
    for tag, i1, i2, j1, j2 in group:
        if tag == "equal":
            for offset in range(i2 - i1):
                yield Row("context", i1 + offset + 1, j1 + offset + 1, old[i1 + offset])
            continue
        removed = [Row("removed", i + 1, None, old[i]) for i in range(i1, i2)]
        added = [Row("added", None, j + 1, new[j]) for j in range(j1, j2)]
        yield from mark_words(removed, added)


def mark_words(removed: list[Row], added: list[Row]) -> list[Row]:
    """Marks what differs inside lines that stand against each other and are alike enough."""
    if len(removed) != len(added):
        return removed + added
    old_rows, new_rows = [], []
    for one, other in zip(removed, added, strict=True):
        old_parts, new_parts = word_parts(one.text, other.text)
        old_rows.append(Row(one.kind, one.old_no, None, one.text, old_parts))
        new_rows.append(Row(other.kind, None, other.new_no, other.text, new_parts))
    return old_rows + new_rows


def word_parts(before: str, after: str) -> tuple[Parts, Parts]:
    """Empty parts where the lines are too different or too long to compare by word."""
    if max(len(before), len(after)) > MARK_LENGTH:
        return (), ()
    old, new = WORDS.findall(before), WORDS.findall(after)
    matcher = SequenceMatcher(None, old, new, autojunk=False)
    if matcher.ratio() < MARK_RATIO:
        return (), ()
    left: list[tuple[str, bool]] = []
    right: list[tuple[str, bool]] = []
    for tag, i1, i2, j1, j2 in matcher.get_opcodes():
        if i2 > i1:
            left.append(("".join(old[i1:i2]), tag != "equal"))
        if j2 > j1:
            right.append(("".join(new[j1:j2]), tag != "equal"))
    return tuple(left), tuple(right)


def parse_unified(text: str, *, most_rows: int = 5_000) -> TextDiff:
    """The rows of a unified diff, as git and difflib write it; headers of files become `file` rows."""
    rows: list[Row] = []
    old_no = new_no = 0
    in_hunk = False
    for line in lines_of(text):
        found = HUNK.match(line)
        if found:
            old_no, new_no, in_hunk = int(found[1]), int(found[2]), True
            rows.append(Row("hunk", None, None, line))
        elif line.startswith("diff --git ") or (not in_hunk and line.startswith("+++ ")):
            in_hunk = False
            if line.startswith("+++ "):
                rows.append(Row("file", None, None, line[4:].split("\t")[0].removeprefix("b/")))
        elif in_hunk:
            row, old_no, new_no = hunk_line(line, old_no, new_no)
            rows.append(row)
    marked = mark_runs(rows)
    added = sum(row.kind == "added" for row in marked)
    removed = sum(row.kind == "removed" for row in marked)
    return TextDiff(tuple(marked[:most_rows]), added, removed, len(marked) > most_rows)


def hunk_line(line: str, old_no: int, new_no: int) -> tuple[Row, int, int]:
    text = line[1:]
    match line[:1]:
        case "+":
            return Row("added", None, new_no, text), old_no, new_no + 1
        case "-":
            return Row("removed", old_no, None, text), old_no + 1, new_no
        case "\\":
            return Row("note", None, None, text.strip()), old_no, new_no
        case _:
            return Row("context", old_no, new_no, text), old_no + 1, new_no + 1


def mark_runs(rows: list[Row]) -> list[Row]:
    result: list[Row] = []
    at = 0
    while at < len(rows):
        removed = run_of(rows, at, "removed")
        added = run_of(rows, at + len(removed), "added")
        if removed or added:
            result += mark_words(removed, added)
            at += len(removed) + len(added)
        else:
            result.append(rows[at])
            at += 1
    return result


def run_of(rows: list[Row], start: int, kind: Kind) -> list[Row]:
    end = start
    while end < len(rows) and rows[end].kind == kind:
        end += 1
    return rows[start:end]


def paired(rows: Iterable[Row]) -> list[Pair]:
    """The side-by-side form of unified rows; removed and added runs stand against each other."""
    listed = list(rows)
    pairs: list[Pair] = []
    at = 0
    while at < len(listed):
        removed = run_of(listed, at, "removed")
        added = run_of(listed, at + len(removed), "added")
        if not removed and not added:
            row = listed[at]
            pairs.append(Pair(row, row if row.kind == "context" else None))
            at += 1
            continue
        for offset in range(max(len(removed), len(added))):
            left = removed[offset] if offset < len(removed) else None
            right = added[offset] if offset < len(added) else None
            pairs.append(Pair(left, right))
        at += len(removed) + len(added)
    return pairs
