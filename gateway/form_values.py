"""Between a JSON value and the text of the form field that shows it. Pure."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from typing import Any, Literal

Kind = Literal["text", "area", "whole", "size", "choice", "flag", "chips", "words", "lines", "numbers", "fixed"]
_WORDS = re.compile(r"[,，;、\s]+")
_DECIMAL = re.compile(r"([0-9]+)[._]([0-9]+)")
_LONGEST_FIXED = 200


def shown(kind: Kind, value: Any) -> str:
    """The text in the field; empty for what is missing."""
    if value is None or kind == "chips":
        return ""
    match kind:
        case "fixed":
            text = json.dumps(value, ensure_ascii=False)
            return text if len(text) <= _LONGEST_FIXED else f"{text[: _LONGEST_FIXED - 1]}…"
        case "flag":
            return "true" if value else "false"
        case "lines":
            return "\n".join(value)
        case "words" | "numbers":
            return ", ".join(str(item) for item in value)
        case "size":
            return str(value).replace("_", ".")
        case _:
            return str(value)


def meant(kind: Kind, typed: str) -> Any:
    """The value a typed text means, None for a member to take away. What is no number stays text."""
    text = typed if kind in ("area", "lines") else typed.strip()
    if not text.strip():
        return None
    match kind:
        case "whole":
            return _whole(text)
        case "size":
            decimal = _DECIMAL.fullmatch(text)
            return f"{decimal[1]}_{decimal[2]}" if decimal else _whole(text)
        case "flag":
            return text == "true"
        case "words":
            return split(text)
        case "numbers":
            return [_whole(word) for word in split(text)]
        case "lines":
            return [line for line in text.split("\n") if line]
        case _:
            return text


def expressible(kind: Kind, value: Any) -> bool:
    """Whether the field can show it so that a browser sends the same back."""
    if value is None:
        return True
    match kind:
        case "text" | "area" | "choice":
            # A browser makes every line end of a text box its own.
            return isinstance(value, str) and "\r" not in value
        case "flag":
            return isinstance(value, bool)
        case "whole" | "size":
            # A text too, though it is wrong there: where it was typed it can be mended.
            return type(value) is int or (isinstance(value, str) and value.isprintable())
        case "chips":
            return are_texts(value) and len(set(value)) == len(value) and all(split(item) == [item] for item in value)
        case "lines":
            return are_texts(value) and bool(value) and not any("\r" in item for item in value) and _same(kind, value)
        case "words" | "numbers":
            return isinstance(value, list) and (not value or _same(kind, value))
        case _:
            return True


def ticked(items: Sequence[str], sent: Sequence[str], more: str) -> list[str]:
    """The list after some of it was unticked and others ticked or typed: what stays keeps its order."""
    kept = [item for item in items if item in sent]
    return list(dict.fromkeys([*kept, *sent, *split(more)]))


def split(text: str) -> list[str]:
    return [word for word in _WORDS.split(text) if word]


def _same(kind: Kind, value: list[Any]) -> bool:
    return bool(meant(kind, shown(kind, value)) == value)


def are_texts(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(item, str) for item in value)


def _whole(text: str) -> int | str:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 16 and str(int(text)) == text else text
