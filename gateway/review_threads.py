"""Where comments stand in a text diff: below their line, or apart where the diff does not show it. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from gateway.textdiff import TextDiff
from shared.contracts.catalog import ReviewComment

NEW, OLD = "new", "old"


@dataclass(frozen=True, slots=True)
class Spot:
    """A line of one side; `key` names its thread."""

    line: int
    side: str = NEW

    @property
    def key(self) -> str:
        return f"{self.side}-{self.line}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Threads:
    """`below`: {key: comments} of lines that the diff shows; `apart`: all others, in their order.

    `asked` is the line that somebody wants to comment on; `quote` is its text where the diff shows it.
    """

    below: dict[str, list[ReviewComment]]
    apart: list[ReviewComment]
    asked: Spot | None = None
    quote: str | None = None

    @property
    def keys(self) -> list[str]:
        """Of every thread to draw, the asked one too where the diff shows its line."""
        asked = [self.asked.key] if self.asked and self.quote is not None else []
        return list(dict.fromkeys([*self.below, *asked]))


def threads_of(
    diff: TextDiff, comments: Iterable[ReviewComment], *, against: int, asked: Spot | None = None
) -> Threads:
    """`against`: the revision on the diff's old side; a comment on an old line of another one stands apart."""
    shown = shown_lines(diff)
    below: dict[str, list[ReviewComment]] = {}
    apart: list[ReviewComment] = []
    for comment in comments:
        spot = Spot(comment.line, comment.side)
        here = comment.line and spot.key in shown and (comment.side == NEW or comment.against == against)
        if here:
            below.setdefault(spot.key, []).append(comment)
        else:
            apart.append(comment)
    return Threads(below=below, apart=apart, asked=asked, quote=shown.get(asked.key) if asked else None)


def shown_lines(diff: TextDiff) -> dict[str, str]:
    """{key: text} of every line of either side that the diff shows."""
    return {
        Spot(number, side).key: row.text
        for row in diff.rows
        for number, side in ((row.old_no, OLD), (row.new_no, NEW))
        if number is not None
    }


def spot_of(line: str, side: str) -> Spot | None:
    """From an address or a form; None for what names no line."""
    if not (line.isascii() and line.isdigit() and len(line) <= 7 and int(line)):
        return None
    return Spot(int(line), OLD if side == OLD else NEW)
