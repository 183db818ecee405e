"""What a delivered event means to a reader that stands at a cursor: old, next, or a reason to read the log. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from shared.cursors import Cursor
from shared.event_store.interface import RecordedEvent


@dataclass(frozen=True, slots=True)
class Message:
    """An event and the row before it in its log, as whoever published it saw it."""

    event: RecordedEvent
    previous: Cursor


@dataclass(frozen=True, slots=True)
class Sorted:
    """`run` follows the cursor without a gap. `beyond` is the position that only the log leads to, 0 for none."""

    run: tuple[RecordedEvent, ...]
    beyond: int


def sort_out(cursor: Cursor, messages: Iterable[Message]) -> Sorted:
    """Drops what lies below the cursor or is the row at it, takes what follows it, up to the first gap.

    The same position with another mark is a gap too: the log is no longer the one it was.
    """
    run: list[RecordedEvent] = []
    for message in messages:
        event = message.event
        if event.position < cursor.position or Cursor.at(event) == cursor:
            continue
        if message.previous != cursor:
            return Sorted(tuple(run), event.position)
        run.append(event)
        cursor = Cursor.at(event)
    return Sorted(tuple(run), 0)
