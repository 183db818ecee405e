"""Where each JSON value lies in a text: spans found on demand, by the C scanner, level by level."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

_DECODER = json.JSONDecoder()
_SPACE = re.compile(r"[ \t\n\r]*")


def after_space(text: str, at: int) -> int:
    """The offset of the next character that is no JSON whitespace."""
    found = _SPACE.match(text, at)
    return found.end() if found else at


class Node:
    """One value: `text[start:end]`, decoded in `value`. Its parts are looked up when first asked for."""

    def __init__(self, text: str, *, start: int, end: int, value: Any) -> None:
        self.text = text
        self.start = start
        self.end = end
        self.value = value

    @property
    def raw(self) -> str:
        return self.text[self.start : self.end]

    @property
    def is_object(self) -> bool:
        return isinstance(self.value, dict)

    @property
    def is_array(self) -> bool:
        return isinstance(self.value, list)

    @cached_property
    def members(self) -> list[Member]:
        """An object's members in their order; empty for anything else."""
        return _members(self) if self.is_object else []

    @cached_property
    def items(self) -> list[Node]:
        """An array's items in their order; empty for anything else."""
        return _items(self) if self.is_array else []

    @cached_property
    def by_key(self) -> dict[str, Member]:
        return {member.key: member for member in self.members}

    @cached_property
    def spans(self) -> list[tuple[int, int]]:
        """(start, end) of each part: of an object from the key to the value's end."""
        if self.is_object:
            return [(member.start, member.node.end) for member in self.members]
        return [(item.start, item.end) for item in self.items]

    def child(self, token: str) -> Node | None:
        """The part a JSON Pointer token names, None where there is none."""
        if self.is_object:
            member = self.by_key.get(token)
            return member.node if member else None
        if self.is_array and re.fullmatch(r"0|[1-9][0-9]{0,8}", token) and int(token) < len(self.items):
            return self.items[int(token)]
        return None


@dataclass(frozen=True, slots=True, eq=False)
class Member:
    """One member of an object: `start` and `key_end` enclose the key as it is spelled, quotes included."""

    key: str
    start: int
    key_end: int
    node: Node

    @property
    def key_raw(self) -> str:
        return self.node.text[self.start : self.key_end]

    @property
    def colon(self) -> str:
        """What stands between key and value: the colon with its spaces."""
        return self.node.text[self.key_end : self.node.start]


def value_at(text: str, at: int) -> Node:
    """The value that begins at offset `at`; raises `json.JSONDecodeError` where none does."""
    value, end = _DECODER.raw_decode(text, at)
    return Node(text, start=at, end=end, value=value)


def root_of(text: str) -> Node:
    """The text's one value; raises `json.JSONDecodeError` where it is no JSON text."""
    node = value_at(text, after_space(text, 0))
    rest = after_space(text, node.end)
    if rest != len(text):
        raise json.JSONDecodeError("Extra data", text, rest)
    return node


def _members(node: Node) -> list[Member]:
    text, at, found = node.text, after_space(node.text, node.start + 1), list[Member]()
    while text[at] != "}":
        key, key_end = _DECODER.raw_decode(text, at)
        value = value_at(text, after_space(text, after_space(text, key_end) + 1))
        found.append(Member(key=key, start=at, key_end=key_end, node=value))
        at = _next_part(text, value.end)
    return found


def _items(node: Node) -> list[Node]:
    text, at, found = node.text, after_space(node.text, node.start + 1), list[Node]()
    while text[at] != "]":
        found.append(value_at(text, at))
        at = _next_part(text, found[-1].end)
    return found


def _next_part(text: str, end: int) -> int:
    at = after_space(text, end)
    return after_space(text, at + 1) if text[at] == "," else at


def pointer_tokens(pointer: str) -> list[str]:
    """The unescaped tokens of a JSON Pointer; raises ValueError where it is none."""
    if pointer and not pointer.startswith("/"):
        raise ValueError(f"JSON Pointer {pointer!r}: expected '' or a leading '/'")
    return [token.replace("~1", "/").replace("~0", "~") for token in pointer.split("/")[1:]]


def pointer_of(tokens: Sequence[str | int]) -> str:
    """The JSON Pointer of these tokens, escaped."""
    return "".join("/" + str(token).replace("~", "~0").replace("/", "~1") for token in tokens)


def line_column(text: str, offset: int) -> tuple[int, int]:
    """Line and column of an offset, both from 1; lines end with a line feed, columns count code points."""
    return text.count("\n", 0, offset) + 1, offset - text.rfind("\n", 0, offset)
