"""Changes by field, gathered under what they belong to: the document, or one spec. Pure."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass

from shared.contracts.catalog import Change
from shared.document.changes import SEPARATOR

LONG = 400


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeItem:
    """One line; texts are shortened for reading, None where the side has none."""

    op: str
    label: str
    before: str | None = None
    after: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeGroup:
    title: str
    items: tuple[ChangeItem, ...]


def change_groups(changes: Sequence[Change], *, whole_word: str) -> list[ChangeGroup]:
    """Groups in the changes' own order; what belongs to no part stands under `whole_word`."""
    groups: dict[str, list[ChangeItem]] = {}
    for change in changes:
        first, _, rest = change.label.partition(SEPARATOR)
        title, label = (first, rest) if rest else (whole_word, first or whole_word)
        item = ChangeItem(op=change.op, label=label, before=_shown(change.before), after=_shown(change.after))
        groups.setdefault(title, []).append(item)
    return [ChangeGroup(title=title, items=tuple(items)) for title, items in groups.items()]


def counted(changes: Sequence[Change]) -> dict[str, int]:
    """How many changes of each kind: add, remove, change."""
    ops = [change.op for change in changes]
    return {op: ops.count(op) for op in ("add", "remove", "change") if op in ops}


def _shown(text: str | None) -> str | None:
    """A JSON text as people read it: a string without quotes, space between members, long ones cut."""
    if text is None:
        return None
    try:
        value = json.loads(text)
    except ValueError:
        value = text
    words = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return words if len(words) <= LONG else f"{words[: LONG - 1]}…"
