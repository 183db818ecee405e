"""Words of people as text: read the same, and neither mention, link, close nor format anything."""

from __future__ import annotations

import re

_SHOWN_CHARS = 160
_SHOWN_LINES = 40
_QUOTED_CHARS = 4_000

# Each becomes itself with a zero-width space inside: read the same, but no mention, no reference, no closing word.
_ACTING = re.compile(r"@|#|://|\bGH-|\bwww\.", re.IGNORECASE)
_BREAK = "\u200b"


def inert(text: str) -> str:
    """`text` on one line, for a title or a commit's message; in Markdown it belongs into `code` or `quoted`."""
    flat = " ".join("".join(char if char.isprintable() else " " for char in text).split())
    return _ACTING.sub(lambda found: found[0][0] + _BREAK + found[0][1:], flat)


def code(text: str, *, limit: int = _SHOWN_CHARS) -> str:
    """`text` as an inline code span of a paragraph."""
    flat = inert(text)
    shown = flat if len(flat) <= limit else flat[: limit - 1] + "…"
    fence = "`" * (_longest_run([shown]) + 1)
    pad = " " if shown.startswith("`") or shown.endswith("`") or not shown.strip() else ""
    return f"{fence}{pad}{shown}{pad}{fence}"


def cell(text: str) -> str:
    """`text` as a code span of a table's cell; tables take an escaped bar for a bar, also inside of code."""
    return code(text).replace("|", "\\|")


def quoted(text: str, *, limit: int = _QUOTED_CHARS) -> str:
    """`text` as a fenced block, line by line."""
    lines = [inert(line) for line in text[: min(limit, _QUOTED_CHARS)].splitlines()]
    if len(lines) > _SHOWN_LINES:
        lines = [*lines[:_SHOWN_LINES], "…"]
    fence = "`" * max(3, _longest_run(lines) + 1)
    return "\n".join([f"{fence}text", *lines, fence])


def _longest_run(lines: list[str]) -> int:
    return max((len(run) for line in lines for run in re.findall("`+", line)), default=0)
