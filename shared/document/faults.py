"""Every reason why a text is no acceptable JSON, each with its place.

A plain loop over tokens, so depth costs nothing; it runs only where the fast check found something.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from typing import Any

from shared.document.tree import after_space, line_column, pointer_of

MAX_DEPTH = 64
MAX_FAULTS = 50
INTEGERS = range(-(2**63), 2**63)
LONGEST_INTEGER = 20

_TOKEN = re.compile(
    r'(?P<mark>[{}\[\],:])|(?P<string>"[^"\\\x00-\x1f]*+(?:\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})[^"\\\x00-\x1f]*+)*+")'
    r"|(?P<number>-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?)|(?P<literal>true|false|null)"
)
_ESCAPE = re.compile(r"\\(?:u([0-9a-fA-F]{4})|.)")
_CONSTANT = re.compile(r"-?(?:NaN|Infinity)")
# The closing quote is optional: an unclosed string takes the rest, instead of being tried again from each quote.
_BRACKET = re.compile(r'"[^"\\]*+(?:\\.[^"\\]*+)*+"?|[\[\]{}]', re.DOTALL)
_COMMA = re.compile(r'"[^"\\]*+(?:\\.[^"\\]*+)*+"?|,', re.DOTALL)


def fault(text: str, offset: int, *, path: str, message: str) -> dict[str, Any]:
    """One entry of `details["errors"]`."""
    line, column = line_column(text, offset)
    return {"path": path, "message": message, "line": line, "column": column}


def number_fault(raw: str) -> str:
    """Why a number is refused, empty where it is not: beyond 64 bits, or beyond what a float holds."""
    if not any(mark in raw for mark in ".eE"):
        if len(raw) > LONGEST_INTEGER or int(raw) not in INTEGERS:
            return f"Expected an integer of at most 64 bits, found {_short(raw)}; write a smaller number or a string."
        return ""
    if float(raw) in {float("inf"), float("-inf")}:
        return f"Expected a number that a 64-bit float holds, found {_short(raw)}; write a smaller one."
    return ""


def too_deep_at(text: str) -> int | None:
    """The offset of the first bracket nested deeper than `MAX_DEPTH`, or None."""
    if text.count("{") + text.count("[") <= MAX_DEPTH:
        return None
    depth = 0
    for found in _BRACKET.finditer(text):
        if (mark := text[found.start()]) in "[{":
            depth += 1
            if depth > MAX_DEPTH:
                return found.start()
        elif mark != '"':
            depth -= 1
    return None


def too_many_at(text: str, most: int) -> int | None:
    """The offset of the comma that makes it more than `most` commas outside strings, or None."""
    if text.count(",") <= most:
        return None
    count = 0
    for found in _COMMA.finditer(text):
        count += text[found.start()] == ","
        if count > most:
            return found.start()
    return None


@dataclass(slots=True)
class _Level:
    """One open container: what has been seen in it, and where the scanner is within it."""

    is_object: bool
    keys: set[str] = field(default_factory=set)
    token: str | int | None = None
    count: int = 0


class _Stop(Exception):
    """Nothing after this place can be read."""


class Scan:
    """Reads a text token by token; `faults` holds what it found. Depth must have been checked before."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0
        self.faults: list[dict[str, Any]] = []
        self.levels: list[_Level] = []

    def run(self) -> list[dict[str, Any]]:
        """Every fault up to the first that makes the rest unreadable; empty for acceptable JSON."""
        try:
            self._value()
            while self.levels:
                self._part()
            if after_space(self.text, self.at) != len(self.text):
                self._stop("Expected the end of the text, found more after the document; send one JSON value.")
        except _Stop:
            pass
        return self.faults

    def _path(self) -> str:
        return pointer_of([level.token for level in self.levels if level.token is not None])

    def _note(self, offset: int, message: str) -> None:
        self.faults.append(fault(self.text, offset, path=self._path(), message=message))
        if len(self.faults) >= MAX_FAULTS:
            raise _Stop

    def _stop(self, message: str) -> None:
        offset = after_space(self.text, self.at)
        self.faults.append(fault(self.text, offset, path=self._path(), message=message))
        raise _Stop

    def _take(self, expected: str) -> tuple[str, str, int]:
        """The next token as (kind, raw, offset)."""
        offset = after_space(self.text, self.at)
        found = _TOKEN.match(self.text, offset)
        if found is None or found.lastgroup is None:
            self._stop(self._describe(offset, expected))
            raise _Stop
        self.at = found.end()
        return found.lastgroup, found.group(), offset

    def _describe(self, offset: int, expected: str) -> str:
        rest = self.text[offset : offset + 30]
        if not rest:
            return f"Expected {expected}, found the end of the text; close every bracket and quote."
        if constant := _CONSTANT.match(rest):
            return f"Expected a JSON number, found {constant.group()}, which JSON does not have; use a number or null."
        if rest[0] == '"':
            return (
                "Expected a JSON string, found one that is not closed, holds a raw control character or a wrong escape."
            )
        return f"Expected {expected}, found {_short(rest)}."

    def _mark(self, allowed: str, expected: str) -> str:
        before = self.at
        kind, raw, _ = self._take(expected)
        if kind != "mark" or raw not in allowed:
            self.at = before
            self._stop(f"Expected {expected}, found {_short(raw)}.")
        return raw

    def _value(self) -> None:
        before = self.at
        kind, raw, offset = self._take("a value")
        if kind == "string":
            self._string(raw, offset)
        elif kind == "number":
            if why := number_fault(raw):
                self._note(offset, why)
        elif kind == "mark" and raw in "{[":
            self.levels.append(_Level(is_object=raw == "{"))
        elif kind == "mark":
            self.at = before
            self._stop(f"Expected a value, found {_short(raw)}; remove a comma too many or add the value.")

    def _part(self) -> None:
        """The next part of the innermost container, or its end."""
        level = self.levels[-1]
        close = "}" if level.is_object else "]"
        offset = after_space(self.text, self.at)
        if level.count == 0 and self.text[offset : offset + 1] == close:
            self.at = offset + 1
            self.levels.pop()
            return
        if level.count:
            level.token = None
            if self._mark("," + close, f"',' or '{close}'") == close:
                self.levels.pop()
                return
        level.token = None if level.is_object else level.count
        level.count += 1
        if level.is_object:
            self._key(level)
        self._value()

    def _key(self, level: _Level) -> None:
        before = self.at
        kind, raw, offset = self._take("a key in double quotes")
        if kind != "string":
            self.at = before
            self._stop(f"Expected a key in double quotes, found {_short(raw)}.")
        key = json.loads(raw)
        level.token = key
        self._string(raw, offset)
        if key in level.keys:
            self._note(offset, f"Expected each key once, found {_short(raw)} again; remove one of the two.")
        level.keys.add(key)
        self._mark(":", "':' after the key")

    def _string(self, raw: str, offset: int) -> None:
        if "\\u" not in raw:
            return
        high: tuple[int, int] | None = None
        for found in _ESCAPE.finditer(raw):
            code = int(found.group(1), 16) if found.group(1) else -1
            paired = high is not None and found.start() == high[0] and 0xDC00 <= code <= 0xDFFF
            if high is not None and not paired:
                self._surrogate(offset + high[1])
            high = (found.end(), found.start()) if 0xD800 <= code <= 0xDBFF else None
            if 0xDC00 <= code <= 0xDFFF and not paired:
                self._surrogate(offset + found.start())
            if code == 0:
                self._note(offset + found.start(), "Expected text, found the NUL character (\\u0000); remove it.")
        if high is not None:
            self._surrogate(offset + high[1])

    def _surrogate(self, offset: int) -> None:
        found = self.text[offset : offset + 6]
        self._note(offset, f"Expected a character, found half of one ({found}, a lone surrogate); remove it.")


def _short(raw: str) -> str:
    shown = raw if len(raw) <= 24 else raw[:21] + "..."
    return json.dumps(shown, ensure_ascii=True)
