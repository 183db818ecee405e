"""More of the lines around what a diff shows, from the text of its new side. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from gateway.textdiff import HUNK, Row, TextDiff, lines_of

MOST = 200
"""Lines that can be added on each side of a hunk."""


def widened(diff: TextDiff, text: str, more: int) -> TextDiff:
    """Up to `more` lines above and below each hunk; hunks that meet become one. A diff that was cut stays as it is."""
    if more <= 0 or diff.cut or not diff.rows:
        return diff
    rows = list(_rows(diff.rows, lines_of(text), min(more, MOST)))
    return TextDiff(tuple(rows), diff.added, diff.removed)


def hides_lines(diff: TextDiff, text: str) -> bool:
    """Whether lines of the text stand outside the diff."""
    shown = sum(1 for row in diff.rows if row.new_no is not None)
    return shown < len(lines_of(text))


def _rows(rows: Sequence[Row], lines: Sequence[str], more: int) -> Iterator[Row]:
    old = new = 0
    began = False
    for row in rows:
        found = HUNK.match(row.text) if row.kind == "hunk" else None
        if found is None:
            old, new = row.old_no or old, row.new_no or new
            yield row
            continue
        gap = int(found[2]) - new - 1
        if gap != int(found[1]) - old - 1 or gap < 0:
            yield row
            continue
        below = min(more, gap) if began else 0
        above = min(more, gap - below)
        yield from _equal(lines, old, new, below)
        old, new = old + gap - above, new + gap - above
        if gap > below + above:
            yield Row("hunk", None, None, f"@@ -{old + 1} +{new + 1} @@")
        yield from _equal(lines, old, new, above)
        old, new, began = old + above, new + above, True
    if began:
        yield from _equal(lines, old, new, min(more, len(lines) - new))


def _equal(lines: Sequence[str], old: int, new: int, count: int) -> Iterator[Row]:
    for offset in range(1, count + 1):
        yield Row("context", old + offset, new + offset, lines[new + offset - 1])
