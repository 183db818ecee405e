"""From a JSON Pointer to a line and a column, and back to the text of a value."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from shared.document.parsing import refuse_unreadable, strict_root
from shared.document.tree import Node, line_column, pointer_tokens
from shared.errors import Invalid

LARGEST_TEXT = 64 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Location:
    """A place in a text: line and column from 1, offset from 0; all in code points."""

    line: int
    column: int
    offset: int


def locate(text: str, pointer: str) -> Location:
    """Where the value begins that the pointer names; for what is missing, the enclosing object or array.

    Raises `Invalid` where the text is no JSON or the pointer no JSON Pointer.
    """
    return next(iter(locate_all(text, [pointer]).values()))


def locate_all(text: str, pointers: Iterable[str]) -> dict[str, Location]:
    """`locate` for many pointers into one text, which is scanned only once."""
    root = readable_root(text)
    found = {}
    for pointer in pointers:
        node = root
        for token in tokens_of(pointer):
            child = node.child(token)
            if child is None:
                break
            node = child
        line, column = line_column(text, node.start)
        found[pointer] = Location(line=line, column=column, offset=node.start)
    return found


def readable_root(text: str) -> Node:
    """The root of any acceptable JSON text, of any size up to 64 MiB; raises `Invalid`."""
    refuse_unreadable(text, max_bytes=LARGEST_TEXT)
    return strict_root(text)


def tokens_of(pointer: str) -> list[str]:
    """The pointer's tokens; raises `Invalid` where it is no JSON Pointer."""
    try:
        return pointer_tokens(pointer)
    except ValueError as error:
        raise Invalid(str(error), slug="invalid-pointer") from error
