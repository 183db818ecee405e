"""What every event store guarantees; the conformance suite in `tests/` is written against this.

Versions in a stream are 1, 2, 3… without gaps; positions rise over the log. Events are never
updated or deleted. Each recorded event has a random `mark`, by which a restored log is told
from the one it was.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Any, Protocol

from sqlalchemy import Connection

from shared.errors import Conflict


class StreamConflict(Conflict):
    """The stream is not at the expected version; nothing was written."""

    slug = "stream-conflict"


class LogRewound(Conflict):
    """The log does not hold the row a reader last saw: it was restored, read it from the start."""

    slug = "log-rewound"


@dataclass(frozen=True, slots=True, kw_only=True)
class Metadata:
    """Who and why. `causation_id` is the command's id, or the causing event's id for a reaction.

    `actor` is an opaque user id, or `system:<service>`; never a name, never an address.
    """

    correlation_id: str
    causation_id: str
    actor: str
    traceparent: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class NewEvent:
    """`event` is a frozen dataclass from `shared.events`; `event_id` a UUID string."""

    event_id: str
    event: Any
    metadata: Metadata


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordedEvent:
    """An event as read: `event` is upcast to its newest version, or `UnknownEvent` for an unknown type."""

    position: int
    mark: str
    stream: str
    version: int
    event_id: str
    type: str  # newest wire name, hub.registry.ModelUpdated.v1
    event: Any
    metadata: Metadata
    recorded_at: float  # Unix seconds


@dataclass(frozen=True, slots=True, kw_only=True)
class UnknownEvent:
    """A type this program does not know: carried, applied as nothing, never dropped."""

    type: str
    data: dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class LogPage:
    """`events` in position order, each once; `head` is the newest safe position (0 for an empty log)."""

    events: tuple[RecordedEvent, ...]
    head: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Appended:
    """`events` as recorded; `repeated`: the event ids were there already and this is the first result."""

    stream: str
    version: int
    position: int
    events: tuple[RecordedEvent, ...] = field(default=())
    repeated: bool = False


class EventStore(Protocol):
    """One append-only log. Every method is safe to call from any thread."""

    def transaction(self) -> AbstractContextManager[Connection]:
        """A write transaction of this store's database (BEGIN IMMEDIATE on SQLite); commits on leaving."""

    def append(
        self,
        stream: str,
        *,
        expected_version: int,
        events: Sequence[NewEvent],
        connection: Connection | None = None,
        rows: Callable[[Connection], None] | None = None,
    ) -> Appended:
        """All of `events` or nothing, together with what `rows` writes.

        Raises StreamConflict where the stream is not at `expected_version` (0: no such stream yet).
        The same event ids again are a no-op that answers with the first result; `rows` is not
        called then. With `connection` the caller's transaction is used and the caller commits;
        without it the calling thread must have none open. Raises ValueError for no events at all.
        """

    def read_stream(
        self, stream: str, *, after_version: int = 0, limit: int | None = None, connection: Connection | None = None
    ) -> list[RecordedEvent]:
        """The stream's events in order of version."""

    def read_log(self, *, after: int, mark: str | None, limit: int = 500) -> LogPage:
        """Safe events after position `after`; raises LogRewound if no row at `after` has `mark`.

        `after=0` with `mark=None` reads from the start.
        """

    def events_of_command(self, causation_id: str, *, connection: Connection | None = None) -> list[RecordedEvent]:
        """What a command (or a reaction to an event) has already appended, in order of position."""

    def head(self) -> tuple[int, str | None]:
        """Position and mark of the newest safe event; (0, None) for an empty log."""

    def on_commit(self, callback: Callable[[], None]) -> None:
        """Call `callback` (cheap, non-blocking, from any thread) after each commit that appended."""


class PublishableLog(EventStore, Protocol):
    """A log that a relay can follow over a connection of its own, which must be in AUTOCOMMIT."""

    def poll_safe(self, connection: Connection) -> int:
        """The newest position known to be safe; waits for nothing. Rows up to it are read by later statements."""

    def read_safe(self, connection: Connection, *, after: int, up_to: int, limit: int = 500) -> list[RecordedEvent]:
        """The events after position `after`, up to a position that `poll_safe` has answered."""

    def newest_row(self, connection: Connection, *, up_to: int) -> tuple[int, str | None]:
        """Position and mark of the newest row at or below `up_to`; (0, None) where there is none."""
