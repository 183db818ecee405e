"""Edits of a served record's text that newer clients turn into equal objects and older ones survive.

Both forms were compared member by member in the real clients; the table names the releases.
An edit touches the named tokens alone: every other byte stays as the maintainer wrote it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

_SPACE = re.compile(r"[ \t\n\r]*")
_DECODER = json.JSONDecoder()
_SHORT_ABILITY = re.compile(r"(?:embed|rerank)_(vision|video|audio)")


@dataclass(frozen=True)
class RepairedText:
    """A record's text after the edit, its value, and what was done, for people."""

    text: str
    value: Any
    what: str


def repaired_text(type_: str, text: str, record: Any) -> RepairedText | None:
    """The repaired form of a record that parses from `text`, or None where no proved repair applies."""
    if not isinstance(record, dict):
        return None
    if type_ == "image" and isinstance(record.get("model_specs"), list) and "model_src" not in record:
        return _checked(
            _with_empty_sources(text),
            {"model_src": {}, **record},
            'an empty "model_src" is added: releases that do not read model_specs then pass over the model',
        )
    abilities = record.get("model_ability")
    if type_ in ("embedding", "rerank") and isinstance(abilities, list):
        short = [_shortened(ability, type_) for ability in abilities]
        if short != abilities:
            edited = _with_short_abilities(text, type_)
            what = f"{type_ if type_ == 'rerank' else 'embed'}_ is cut from model_ability: every release reads the rest"
            return _checked(edited, {**record, "model_ability": short}, what)
    return None


def _checked(text: str, expected: Any, what: str) -> RepairedText | None:
    """None where the edit did not give what it should (a key given twice): then the text stays as it is."""
    return RepairedText(text, expected, what) if json.loads(text) == expected else None


def _shortened(ability: Any, type_: str) -> Any:
    prefix = "rerank_" if type_ == "rerank" else "embed_"
    if isinstance(ability, str) and ability.startswith(prefix) and _SHORT_ABILITY.fullmatch(ability):
        return ability.removeprefix(prefix)
    return ability


def _skip_space(text: str, at: int) -> int:
    found = _SPACE.match(text, at)
    return found.end() if found else at


def _members(text: str) -> Iterator[tuple[str, int, int]]:
    """(key, start, end) of each value of the object that `text` is."""
    at = _skip_space(text, _skip_space(text, 0) + 1)
    while text[at] != "}":
        key, at = _DECODER.raw_decode(text, at)
        start = _skip_space(text, _skip_space(text, at) + 1)
        _, end = _DECODER.raw_decode(text, start)
        yield key, start, end
        at = _skip_space(text, end)
        if text[at] == ",":
            at = _skip_space(text, at + 1)


def _items(text: str, start: int) -> Iterator[tuple[Any, int, int]]:
    """(value, start, end) of each item of the array that begins at `start`."""
    at = _skip_space(text, start + 1)
    while text[at] != "]":
        value, end = _DECODER.raw_decode(text, at)
        yield value, at, end
        at = _skip_space(text, end)
        if text[at] == ",":
            at = _skip_space(text, at + 1)


def _with_empty_sources(text: str) -> str:
    opening = _skip_space(text, 0) + 1
    first = _skip_space(text, opening)
    return text[:first] + '"model_src": {},' + (text[opening:first] or " ") + text[first:]


def _with_short_abilities(text: str, type_: str) -> str:
    edits = [
        (start, end, json.dumps(_shortened(value, type_)))
        for key, at, _ in _members(text)
        if key == "model_ability" and text[at] == "["
        for value, start, end in _items(text, at)
        if _shortened(value, type_) != value
    ]
    for start, end, token in reversed(edits):
        text = text[:start] + token + text[end:]
    return text
