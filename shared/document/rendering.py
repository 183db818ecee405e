"""Writing values: the canonical look of upstream's files, and containers rebuilt around the parts that stay.

Numbers keep their spelling and members their order; whatever was not changed keeps its exact bytes.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from shared.document.tree import Node

_ESCAPE = re.compile(r"\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|\\u[0-9a-fA-F]{4}|\\.")


@dataclass(frozen=True, slots=True)
class Layout:
    """How new text is laid out: one step of indentation, the line's end, and whether lines are broken at all."""

    unit: str = "  "
    newline: str = "\n"
    broken: bool = True


CANONICAL = Layout()


@dataclass(frozen=True, slots=True)
class Part:
    """One part of a rebuilt container: its text, and the number of the old part it stands for, if any."""

    text: str
    old: int | None = None


def layout_of(root: Node) -> Layout:
    """The layout a text already has, read from its first broken lines; one line stays one line."""
    node, outer = root, indent_of(root)
    while node.spans:
        inner = lead_indent(node)
        if inner is not None:
            unit = inner.removeprefix(outer) or "  "
            return Layout(unit=unit, newline="\r\n" if "\r\n" in lead_of(node) else "\n")
        node = node.members[0].node if node.is_object else node.items[0]
    return Layout(broken=False) if root.spans else CANONICAL


def indent_of(node: Node) -> str:
    """The white space that begins the line on which the value begins."""
    line = node.text.rfind("\n", 0, node.start) + 1
    found = re.compile(r"[ \t]*").match(node.text, line, node.start)
    return found.group() if found else ""


def lead_of(node: Node) -> str:
    """What stands between the opening bracket and the first part; empty where there is no part."""
    spans = node.spans
    return node.text[node.start + 1 : spans[0][0]] if spans else ""


def lead_indent(node: Node) -> str | None:
    """The indentation of the container's parts, None where they follow on the opening line."""
    lead = lead_of(node)
    return lead.rpartition("\n")[2] if "\n" in lead else None


def render(node: Node, *, indent: str, layout: Layout) -> str:
    """The value's text in canonical form, its later lines indented from `indent` on."""
    if node.is_object:
        parts = [f"{tidy(m.key_raw)}: {_inner(m.node, indent, layout)}" for m in node.members]
        return enclosed(parts, brackets="{}", indent=indent, layout=layout)
    if node.is_array:
        parts = [_inner(item, indent, layout) for item in node.items]
        return enclosed(parts, brackets="[]", indent=indent, layout=layout)
    return tidy(node.raw)


def _inner(node: Node, indent: str, layout: Layout) -> str:
    return render(node, indent=indent + layout.unit, layout=layout)


def enclosed(parts: Sequence[str], *, brackets: str, indent: str, layout: Layout) -> str:
    """The parts between brackets, each on its own line where the layout breaks lines."""
    if not parts:
        return brackets
    if not layout.broken:
        return brackets[0] + ", ".join(parts) + brackets[1]
    lead = layout.newline + indent + layout.unit
    return brackets[0] + lead + ("," + lead).join(parts) + layout.newline + indent + brackets[1]


def tidy(raw: str) -> str:
    """A scalar as canonical form spells it: escapes of printable characters become the characters.

    Numbers stay as spelled; escapes of what cannot be seen (zero-width and the like) stay escapes.
    """
    return _ESCAPE.sub(_tidy_escape, raw) if "\\" in raw else raw


def _tidy_escape(found: re.Match[str]) -> str:
    character = json.loads(f'"{found.group()}"')
    if character.isprintable() or ord(character) <= 0x7F:
        return json.dumps(character, ensure_ascii=False)[1:-1]
    return found.group()


def rebuild(container: Node, parts: Sequence[Part], *, indent: str, layout: Layout) -> str:
    """The container with these parts: what stands between two parts that were neighbours stays as it is."""
    spans, text = container.spans, container.text
    brackets = "{}" if container.is_object else "[]"
    if not parts:
        return brackets if spans else container.raw
    if not spans:
        return enclosed([part.text for part in parts], brackets=brackets, indent=indent, layout=layout)
    separator_before = _separators(container)
    written = [text[container.start : spans[0][0]], parts[0].text]
    for part in parts[1:]:
        written += [separator_before(part.old), part.text]
    return "".join([*written, text[spans[-1][1] : container.end]])


def _separators(container: Node) -> Callable[[int | None], str]:
    spans, text = container.spans, container.text
    gaps = [text[end:start] for (_, end), (start, _) in pairwise(spans)]
    lead = lead_of(container)
    usual = gaps[-1] if gaps else "," + (lead if "\n" in lead else " ")

    def before(this: int | None) -> str:
        return gaps[this - 1] if this else usual

    return before


def inner_layout(container: Node, *, indent: str, layout: Layout) -> tuple[str, Layout]:
    """(indentation, layout) for new parts of a container, following the way its parts are written."""
    if not container.spans:
        return indent + layout.unit, layout
    inner = lead_indent(container)
    return (indent, replace(layout, broken=False)) if inner is None else (inner, replace(layout, broken=True))
