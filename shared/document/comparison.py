"""When two documents, records or values say the same, whatever their spelling. Pure."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from shared.document.parsing import Parsed, parse
from shared.errors import Invalid

STAMP = "updated_at"
IDENTITY_FIELDS = (
    *("engine", "model_format", "cache_name", "model_name"),
    *("model_size_in_billions", "activated_size_in_billions"),
)
"""What tells variants of a model, or specs of a record, from one another."""

MAX_ALIGNED = 40_000
"""Cells of the alignment table; above it parts are paired by position."""


def sha256(text: str) -> str:
    """The hash a document is reviewed under: of its UTF-8 bytes, in hex."""
    return hashlib.sha256(text.encode()).hexdigest()


def canonical(value: Any) -> str:
    """Equal for values that are equal as JSON: key order and spelling aside.

    Numbers compare by value within their kind: 1e-5 equals 0.00001, but 1 differs from 1.0, since
    upstream's text is kept as written and a client sees an int there and a float here.
    """
    return json.dumps(value, sort_keys=True, ensure_ascii=True, separators=(",", ":"))


def record_canonical(record: Mapping[str, Any], *, ignoring: Iterable[str] = (STAMP,)) -> str:
    """`canonical` of a record without the named top-level members."""
    return canonical({key: value for key, value in record.items() if key not in ignoring})


def same(a_text: str, b_text: str, *, ignoring: Sequence[str] = (STAMP,)) -> bool:
    """Whether two documents say the same but for the named top-level members of each record.

    One record equals an array of that one record; the order of an array's records matters.
    Raises `Invalid` where a text cannot be read.
    """
    if a_text == b_text:
        return True
    ours, theirs = records_of(a_text), records_of(b_text)
    return len(ours) == len(theirs) and all(
        record_canonical(mine, ignoring=ignoring) == record_canonical(yours, ignoring=ignoring)
        for mine, yours in zip(ours, theirs, strict=True)
    )


def records_of(text: str) -> list[dict[str, Any]]:
    """The document's records as values; raises `Invalid` as `parse` does."""
    return [record.value for record in parse(text).records]


def name_of(parsed: Parsed) -> str | None:
    """The `model_name` all records share, or None where none has one (some `world` records).

    Raises `Invalid` where records differ in it, some lack it, or it is no string.
    """
    names = [record.value.get("model_name") for record in parsed.records]
    if all(name is None for name in names) and not any("model_name" in record.value for record in parsed.records):
        return None
    wrong = [number for number, name in enumerate(names) if not isinstance(name, str) or name != names[0]]
    if not wrong:
        return str(names[0])
    prefix = f"/{wrong[0]}" if isinstance(parsed.value, list) else ""
    found = canonical(names[wrong[0]])
    message = f"Expected one model_name, a string, in every record, found {found}; give all variants the same name."
    raise Invalid(
        f"document: {message}",
        slug="invalid-document",
        details={"errors": [{"path": f"{prefix}/model_name", "message": message}]},
    )


def newest_updated_at(text: str) -> int | None:
    """The greatest integer `updated_at` of the records, None for none. Never raises: unreadable text has none."""
    if f'"{STAMP}"' not in text:
        return None
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return None
    records = value if isinstance(value, list) else [value]
    stamps = [record.get(STAMP) for record in records if isinstance(record, dict)]
    return max((stamp for stamp in stamps if type(stamp) is int), default=None)


def identity_of(value: Any) -> str:
    """What a variant or spec is known by; empty for what carries no identity."""
    if not isinstance(value, dict):
        return ""
    found = {key: value[key] for key in IDENTITY_FIELDS if value.get(key) is not None}
    return canonical(found) if found else ""


def numbered_identities(values: Sequence[Any]) -> list[tuple[str, int]]:
    """Each value's identity with its number among equals: unique within the list."""
    seen: dict[str, int] = {}
    found = []
    for value in values:
        identity = identity_of(value)
        found.append((identity, seen.setdefault(identity, 0)))
        seen[identity] += 1
    return found


def align(old: Sequence[Any], new: Sequence[Any]) -> list[tuple[int, int]]:
    """Pairs (index in old, index in new), both rising, that leave the least to rewrite.

    Equal values pair first, then objects of one identity, then objects at all; scalars only when equal.
    """
    old_keys, new_keys = [_weight_key(value) for value in old], [_weight_key(value) for value in new]
    head = 0
    while head < min(len(old), len(new)) and old_keys[head][0] == new_keys[head][0]:
        head += 1
    tail = 0
    while tail < min(len(old), len(new)) - head and old_keys[-1 - tail][0] == new_keys[-1 - tail][0]:
        tail += 1
    middle = _align_middle(old_keys[head : len(old) - tail], new_keys[head : len(new) - tail])
    pairs = [(number, number) for number in range(head)]
    pairs += [(head + i, head + j) for i, j in middle]
    return pairs + [(len(old) - tail + number, len(new) - tail + number) for number in range(tail)]


_Key = tuple[str, str, bool]


def _weight_key(value: Any) -> _Key:
    return canonical(value), identity_of(value), isinstance(value, dict)


def _weight(mine: _Key, yours: _Key) -> int:
    if mine[0] == yours[0]:
        return 1_000_000
    if not (mine[2] and yours[2]):
        return 0
    return 1_000 if mine[1] and mine[1] == yours[1] else 1


def _align_middle(old: Sequence[_Key], new: Sequence[_Key]) -> list[tuple[int, int]]:
    rows, columns = len(old), len(new)
    if rows * columns > MAX_ALIGNED:
        return [(i, i) for i in range(min(rows, columns)) if _weight(old[i], new[i])]
    best = [[0] * (columns + 1) for _ in range(rows + 1)]
    for i in range(rows - 1, -1, -1):
        for j in range(columns - 1, -1, -1):
            weight = _weight(old[i], new[j])
            paired = best[i + 1][j + 1] + weight if weight else 0
            best[i][j] = max(paired, best[i + 1][j], best[i][j + 1])
    pairs, i, j = list[tuple[int, int]](), 0, 0
    while i < rows and j < columns:
        weight = _weight(old[i], new[j])
        if weight and best[i][j] == best[i + 1][j + 1] + weight:
            pairs.append((i, j))
            i, j = i + 1, j + 1
        elif best[i][j] == best[i + 1][j]:
            i += 1
        else:
            j += 1
    return pairs
