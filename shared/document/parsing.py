"""A document: JSON text that is either refused with every fault's place, or read record by record."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any

from shared.document.faults import MAX_DEPTH, Scan, fault, number_fault, too_deep_at, too_many_at
from shared.document.tree import Node, root_of
from shared.errors import Invalid

MAX_DOCUMENT_BYTES = 2 * 1024 * 1024
"""The largest document, in UTF-8 bytes."""
MAX_RECORDS = 256
"""The most variants of one model; upstream's richest has seven."""

MAX_VALUES = 50_000
"""The most values in a document: what one command may cost; upstream's largest has 11,500."""

SURELY_FITS = 19
INFINITE = (float("inf"), float("-inf"))

_SUSPICIOUS_ESCAPE = re.compile(r"\\u(?:0000|[dD][89abAB])|\\u[dD][c-fC-F]")
_SURROGATE = re.compile("[\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class Record:
    """One variant: its value, and where its text lies in the document (`start` to `end`, code points)."""

    value: dict[str, Any]
    start: int
    end: int
    text: str


@dataclass(frozen=True, slots=True)
class Parsed:
    """An acceptable document. `value` is one record, or a list of records that `records` gives in order."""

    text: str
    value: Any
    records: tuple[Record, ...]


def parse(text: str, *, max_bytes: int = MAX_DOCUMENT_BYTES) -> Parsed:
    """The document, if it is strict JSON holding one record or a non-empty array of them.

    Raises `Invalid`, `details["errors"]` being `{path, message, line, column}` each: invalid syntax,
    duplicate keys, NaN or Infinity, a byte order mark, NUL, lone surrogates, integers beyond 64 bits,
    numbers beyond a float, nesting deeper than 64, more than 50,000 values, an empty or too large text,
    anything but records.
    """
    refuse_unreadable(text, max_bytes=max_bytes)
    if (many := too_many_at(text, MAX_VALUES)) is not None:
        message = f"Expected at most {MAX_VALUES} values, found more; shorten the document."
        raise _invalid([fault(text, many, path="", message=message)])
    root = strict_root(text)
    if wrong := _not_records(root):
        raise _invalid(wrong)
    nodes = root.items if root.is_array else [root]
    return Parsed(
        text=text,
        value=root.value,
        records=tuple(Record(value=node.value, start=node.start, end=node.end, text=node.raw) for node in nodes),
    )


def strict_root(text: str) -> Node:
    """The root of a text that `refuse_unreadable` let pass; raises `Invalid` with every fault's place."""
    if _SUSPICIOUS_ESCAPE.search(text) and (faults := Scan(text).run()):
        raise _invalid(faults)
    try:
        _STRICT.decode(text)
        return root_of(text)
    except (_Odd, json.JSONDecodeError) as error:
        faults = Scan(text).run() or [fault(text, 0, path="", message=f"Expected JSON, found {error}.")]
        raise _invalid(faults) from error


def strict_value(raw: str) -> Any:
    """The value of any acceptable JSON text, records or not; raises `Invalid` as `parse` does."""
    refuse_unreadable(raw, max_bytes=MAX_DOCUMENT_BYTES)
    return strict_root(raw).value


def refuse_unreadable(text: str, *, max_bytes: int) -> None:
    """Raises `Invalid` for what no scanner should get to see: too large, too deep, or no proper text."""
    if not text.strip(" \t\r\n"):
        raise _invalid([_at_start("Expected a JSON document, found an empty text.")])
    if text.startswith("\ufeff"):
        raise _invalid([_at_start("Expected '{' or '[', found a byte order mark; save the text without one.")])
    if found := _SURROGATE.search(text):
        message = f"Expected a character, found half of one (U+{ord(found.group()):04X}); remove it."
        raise _invalid([fault(text, found.start(), path="", message=message)])
    if (size := len(text) if text.isascii() else len(text.encode())) > max_bytes:
        raise _invalid([_at_start(f"Expected at most {max_bytes} bytes, found {size}; shorten the document.")])
    if (nul := text.find("\x00")) >= 0:
        raise _invalid([fault(text, nul, path="", message="Expected text, found a NUL character; remove it.")])
    if (deep := too_deep_at(text)) is not None:
        message = f"Expected at most {MAX_DEPTH} levels of nesting, found more; flatten the document."
        raise _invalid([fault(text, deep, path="", message=message)])


def _not_records(root: Node) -> list[dict[str, Any]]:
    """The faults of a document that is no record and no array of records; looks at no more parts than it names."""
    expected = "Expected one record (an object) or an array of records"
    if root.is_object:
        return []
    if not root.is_array:
        return [fault(root.text, root.start, path="", message=f"{expected}, found {_kind(root)}.")]
    if not root.value:
        return [fault(root.text, root.start, path="", message=f"{expected}, found an empty array; add a record.")]
    if (count := len(root.value)) > MAX_RECORDS:
        message = f"Expected at most {MAX_RECORDS} records of one model, found {count}; send one model alone."
        return [fault(root.text, root.start, path="", message=message)]
    return [
        fault(root.text, node.start, path=f"/{number}", message=f"Expected a record (an object), found {_kind(node)}.")
        for number, node in enumerate(root.items)
        if not node.is_object
    ]


def _kind(node: Node) -> str:
    if node.value is None or isinstance(node.value, bool):
        return node.raw
    return {list: "an array", str: "a string", int: "a number", float: "a number"}.get(
        type(node.value), "something else"
    )


def _at_start(message: str) -> dict[str, Any]:
    return {"path": "", "message": message, "line": 1, "column": 1}


def _invalid(errors: list[dict[str, Any]]) -> Invalid:
    first = errors[0]
    more = f" ({len(errors) - 1} more)" if len(errors) > 1 else ""
    place = f"line {first['line']}, column {first['column']}"
    return Invalid(f"document, {place}: {first['message']}{more}", slug="invalid-document", details={"errors": errors})


class _Odd(ValueError):
    """The C scanner met something that only the strict scan can place."""


def _pairs(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    value = dict(pairs)
    if len(value) != len(pairs):
        raise _Odd("a key twice")
    return value


def _integer(raw: str) -> int:
    # Called for every number of a document: the usual short ones must not pay for the check.
    if len(raw) >= SURELY_FITS and number_fault(raw):
        raise _Odd("an integer beyond 64 bits")
    return int(raw)


def _float(raw: str) -> float:
    value = float(raw)
    if value in INFINITE:
        raise _Odd("a number beyond a float")
    return value


def _constant(raw: str) -> Any:
    raise _Odd(raw)


_STRICT = json.JSONDecoder(object_pairs_hook=_pairs, parse_int=_integer, parse_float=_float, parse_constant=_constant)
