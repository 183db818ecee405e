"""Text of a document set into Markdown so that it stays text: no markup, no HTML, no broken tables."""

from __future__ import annotations

import re

LONGEST_TEXT = 20_000
"""Characters taken from one string of a document: a README may have a megabyte at most."""

_INLINE = re.compile(r"([\\`*\[\]<>&|~])")
_EDGE_UNDERSCORE = re.compile(r"(?<![^\W_])_|_(?![^\W_])")
_SPACE = re.compile(r"\s+")
_ENTITIES = {"<": "&lt;", ">": "&gt;", "&": "&amp;"}
_ORDINAL = re.compile(r"^(\d{1,9})([.)])")


def inline(text: str) -> str:
    """One line that renders as the text itself, in a paragraph, a heading or a cell of a table."""
    line = _SPACE.sub(" ", _printable(text)).strip()
    line = _INLINE.sub(lambda found: _ENTITIES.get(found[1], "\\" + found[1]), line)
    line = _EDGE_UNDERSCORE.sub(r"\\_", line)
    line = _ORDINAL.sub(r"\1\\\2", line)
    return re.sub(r"^([#+=:-])", r"\\\1", line)


def paragraphs(text: str) -> str:
    """The text's paragraphs, each as `inline`."""
    return "\n\n".join(filter(None, (inline(part) for part in re.split(r"\n\s*\n", text))))


def code(text: str) -> str:
    """A code span of the text, fit for a cell of a table."""
    line = _SPACE.sub(" ", _printable(text)).strip()
    if not line:
        return ""
    fence = "`" * (_longest_run(line) + 1)
    pad = " " if "`" in (line[0], line[-1]) else ""
    return f"{fence}{pad}{line}{pad}{fence}".replace("|", "\\|")


def block(lines: list[str], language: str = "") -> str:
    """A fenced block that nothing in the lines can close."""
    body = "\n".join(_printable(line, keep="\n\t") for line in lines)
    fence = "`" * max(3, _longest_run(body) + 1)
    return f"{fence}{language}\n{body}\n{fence}"


def table(head: list[str], rows: list[list[str]]) -> str:
    """A table of cells that are Markdown already."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(cells) + " |" for cells in lines)


def _longest_run(text: str) -> int:
    return max((len(run) for run in re.findall(r"`+", text)), default=0)


def _printable(text: str, *, keep: str = "\n\t ") -> str:
    return "".join(each for each in text[:LONGEST_TEXT] if each.isprintable() or each in keep)
