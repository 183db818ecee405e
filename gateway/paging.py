"""Page numbers and choices out of an address; an address that people share never fails."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Protocol, TypeVar
from urllib.parse import urlencode

Message = TypeVar("Message")


class Arguments(Protocol):
    """A query string's values, as werkzeug gives them."""

    def get(self, key: str, default: str, /) -> str: ...


def page_number(args: Arguments, key: str = "page") -> int:
    """From 1; what is no page is the first."""
    text = args.get(key, "")
    return int(text) if text.isascii() and text.isdigit() and 1 <= len(text) <= 6 and int(text) >= 1 else 1


def part_of(whole: Message, *, page: int, per_page: int) -> Message:
    """The asked part of a message with `items` that its service answers whole; `total` stays the whole's."""
    answer: Any = whole
    items = answer.items[(page - 1) * per_page : page * per_page]
    part: Message = replace(answer, items=items, total=len(answer.items), page=page, per_page=per_page)
    return part


def one_of(args: Arguments, key: str, allowed: Sequence[str], default: str = "") -> str:
    """The value where it is one of `allowed`, else `default`."""
    value = args.get(key, "")
    return value if value in allowed else default


def words(args: Arguments, key: str = "q", most: int = 300) -> str:
    """Text on one line, without what no database can hold."""
    flat = "".join(char if char.isprintable() else " " for char in args.get(key, ""))
    return " ".join(flat.split())[:most]


def address(path: str, **values: str | int) -> str:
    """The path with the values that are neither empty nor as by default."""
    query = urlencode({key: value for key, value in values.items() if value not in ("", 0)})
    return f"{path}?{query}" if query else path
