"""What a service's doctor is made of: its log read back in one snapshot, and differences said in words.

A service writes its rows in the transaction of its events; so in one snapshot they agree, or
something is wrong, also while another process writes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

from sqlalchemy import Connection, select

from shared.cursors import CURSORS, PARKED, Cursor
from shared.errors import HubError
from shared.event_store.interface import EventStore, LogPage, RecordedEvent, UnknownEvent
from shared.event_store.table import EVENTS

ReadLog = Callable[[int, str | None, int], LogPage]

SHOWN = 20
_PAGE = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One thing that was compared, as a line; `differs` says what and what to do, nothing where all is well."""

    subject: str
    differs: Sequence[str] = field(default=())


@dataclass(frozen=True, slots=True, kw_only=True)
class History:
    """One stream, upcast; `faults` is why it cannot be what it should be."""

    stream: str
    events: Sequence[RecordedEvent]
    faults: Sequence[str]


def histories(store: EventStore, connection: Connection) -> Iterator[History]:
    """Every stream of the snapshot, by name."""
    for stream in connection.scalars(select(EVENTS.c.stream).distinct().order_by(EVENTS.c.stream)).all():
        try:
            events = store.read_stream(stream, connection=connection)
        except HubError as error:
            yield History(stream=stream, events=(), faults=[f"{stream}: {error.message}"])
        else:
            yield History(stream=stream, events=events, faults=list(_faults(stream, events)))


def _faults(stream: str, events: Sequence[RecordedEvent]) -> Iterator[str]:
    if [event.version for event in events] != list(range(1, len(events) + 1)):
        yield f"{stream}: its versions are not 1 to {len(events)} without gaps; restore a backup"
    if any(first.position >= second.position for first, second in pairwise(events)):
        yield f"{stream}: its positions do not rise with its versions; restore a backup"
    for event in events:
        if isinstance(event.event, UnknownEvent):
            yield f"{stream}: {event.type} is of a newer release than this one; upgrade the hub"
        if not event.mark:
            yield f"{stream}: the event at position {event.position} has no mark; restore a backup"


def folded(history: History, initial: Any, evolve: Callable[[Any, Any], Any]) -> Any:
    """The state that the stream says; unknown events change nothing."""
    state = initial
    for recorded in history.events:
        if not isinstance(recorded.event, UnknownEvent):
            state = evolve(state, recorded.event)
    return state


def differences(expected: Mapping[Any, Any], found: Mapping[Any, Any], *, what: str, advice: str) -> list[str]:
    """One sentence for each key whose value the tables hold otherwise; at most `SHOWN`, then how many more."""
    keys = sorted(key for key in expected.keys() | found.keys() if expected.get(key) != found.get(key))
    said = [f"{what} {_named(key)}: {_compared(key, expected, found)}; {advice}" for key in keys[:SHOWN]]
    if len(keys) > SHOWN:
        said.append(f"{what}: {len(keys) - SHOWN} more differ")
    return said


def _named(key: Any) -> str:
    return " ".join(map(str, key)) if isinstance(key, tuple) else str(key)


def _compared(key: Any, expected: Mapping[Any, Any], found: Mapping[Any, Any]) -> str:
    if key not in found:
        return "the log has it, the table does not"
    if key not in expected:
        return "the table has it, the log does not"
    return f"the log says {_short(expected[key])}, the table {_short(found[key])}"


def _short(value: Any) -> str:
    text = str(value)
    return text if len(text) <= 80 else f"{text[:77]}…"


def parked_check(service: str, connection: Connection) -> Check:
    """Streams whose events wait: what they say is in no table yet."""
    rows = connection.execute(select(PARKED).order_by(PARKED.c.id)).all()
    waiting = [
        f"{row.subscriber} does not go on with {row.source}'s {row.stream} from position {row.position}: {row.error}; "
        "mend what the error says, then Retry on the operations page"
        for row in rows
    ]
    return Check(subject=f"{service}: no stream is parked", differs=waiting)


def cursor_of(connection: Connection, subscriber: str, source: str, *, generation: int = 1) -> Cursor:
    """Where the subscriber stands in the snapshot; the start where it never was."""
    row = connection.execute(
        select(CURSORS.c.position, CURSORS.c.mark).where(
            CURSORS.c.subscriber == subscriber, CURSORS.c.source == source, CURSORS.c.generation == generation
        )
    ).first()
    return Cursor(row.position, row.mark or None) if row else Cursor()


def parked_streams(connection: Connection, subscriber: str, source: str) -> set[str]:
    """The source's streams that the subscriber has parked."""
    query = select(PARKED.c.stream).where(PARKED.c.subscriber == subscriber, PARKED.c.source == source)
    return set(connection.scalars(query))


def read_up_to(read_log: ReadLog, position: int) -> Iterator[RecordedEvent]:
    """The source's events from its first up to `position`."""
    after, mark = 0, None
    while after < position:
        page = read_log(after, mark, _PAGE)
        if not page.events:
            return
        yield from (event for event in page.events if event.position <= position)
        after, mark = page.events[-1].position, page.events[-1].mark
