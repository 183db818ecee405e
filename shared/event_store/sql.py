"""The event store on SQLAlchemy: table `events`, appends that share a commit, reads of safe rows only.

On SQLite commits happen in the order of positions, because one transaction writes at a time; so
every committed row is safe to read. Statements are compiled once: building them for each call
costs more than the insert itself.
"""

from __future__ import annotations

import secrets
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection

from shared.database import Database, Statement
from shared.errors import Unavailable
from shared.event_store.interface import (
    Appended,
    LogPage,
    LogRewound,
    Metadata,
    NewEvent,
    RecordedEvent,
    StreamConflict,
)
from shared.event_store.serialization import EventTypes
from shared.event_store.table import COLUMNS, INSERT, METADATA


@dataclass(slots=True)
class _Ticket:
    """One append that waits for a leader; `outcome` is set exactly once."""

    stream: str
    expected_version: int
    events: Sequence[NewEvent]
    outcome: Appended | Exception | None = field(default=None)

    def result(self) -> Appended:
        if isinstance(self.outcome, Appended):
            return self.outcome
        raise self.outcome or RuntimeError(f"append to {self.stream} was never carried out")


class SqlEventStore:
    """One service's log in its own database. See `interface.EventStore` for what is guaranteed.

    Concurrent appends of other threads are committed together: one fsync for all that wait, each
    in its own savepoint, each with its own result.
    """

    def __init__(
        self,
        database: Database,
        types: EventTypes,
        *,
        now: Callable[[], float] = time.time,
        new_mark: Callable[[], str] = lambda: secrets.token_hex(8),
    ) -> None:
        self._database = database
        self._types = types
        self._now = now
        self._new_mark = new_mark
        self._waiting: deque[_Ticket] = deque()
        self._leading = threading.Lock()
        self._callbacks: tuple[Callable[[], None], ...] = ()
        database.create(METADATA)
        self._insert = self._compile(INSERT)
        self._by_id = self._compile(f"SELECT {COLUMNS} FROM events WHERE event_id = :event_id")  # noqa: S608
        self._version = self._compile("SELECT coalesce(max(version), 0) FROM events WHERE stream = :stream")
        self._stream = self._compile(
            f"SELECT {COLUMNS} FROM events WHERE stream = :stream AND version > :after ORDER BY version LIMIT :limit"  # noqa: S608
        )
        self._log = self._compile(
            f"SELECT {COLUMNS} FROM events WHERE position > :after ORDER BY position LIMIT :limit"  # noqa: S608
        )
        self._command = self._compile(
            f"SELECT {COLUMNS} FROM events WHERE causation_id = :causation_id ORDER BY position"  # noqa: S608
        )
        self._mark = self._compile("SELECT mark FROM events WHERE position = :position")
        self._head = self._compile("SELECT position, mark FROM events ORDER BY position DESC LIMIT 1")

    def transaction(self) -> AbstractContextManager[Connection]:
        """A write transaction of this store's database."""
        return self._database.write()

    def append(
        self,
        stream: str,
        *,
        expected_version: int,
        events: Sequence[NewEvent],
        connection: Connection | None = None,
        rows: Callable[[Connection], None] | None = None,
    ) -> Appended:
        """All of `events` with what `rows` writes, or nothing."""
        if not events:
            raise ValueError(f"append to {stream}: expected at least one event")
        ticket = _Ticket(stream, expected_version, events)
        if connection is not None:
            return self._append_in(connection, ticket, rows)
        if rows is not None:
            # A callable runs in its caller's thread, so this one does not wait for a leader.
            with self._database.write() as own:
                return self._append_in(own, ticket, rows)
        return self._append_together(ticket)

    def read_stream(
        self, stream: str, *, after_version: int = 0, limit: int | None = None, connection: Connection | None = None
    ) -> list[RecordedEvent]:
        """The stream's events in order of version."""
        bound = 2**62 if limit is None else limit
        return self._read(self._stream, connection, stream=stream, after=after_version, limit=bound)

    def read_log(self, *, after: int, mark: str | None, limit: int = 500) -> LogPage:
        """Events after the row at `after`; raises LogRewound where that row is another now."""
        with self._database.read() as connection:
            if after != 0 or mark is not None:
                self._check_mark(connection, after, mark)
            rows = self._log.all(connection, after=after, limit=limit)
            head = self._head.all(connection)
        return LogPage(events=tuple(map(self._recorded, rows)), head=head[0][0] if head else 0)

    def events_of_command(self, causation_id: str, *, connection: Connection | None = None) -> list[RecordedEvent]:
        """What the command has appended so far, in order of position."""
        return self._read(self._command, connection, causation_id=causation_id)

    def head(self) -> tuple[int, str | None]:
        """Position and mark of the newest event; (0, None) for an empty log."""
        with self._database.read() as connection:
            rows = self._head.all(connection)
        return (rows[0][0], rows[0][1]) if rows else (0, None)

    def on_commit(self, callback: Callable[[], None]) -> None:
        """Call `callback` after each commit that appended; it must be quick and not raise."""
        self._callbacks = (*self._callbacks, callback)

    def _append_together(self, ticket: _Ticket) -> Appended:
        """Whoever gets the lock carries out all that wait by then; the others find their result."""
        if self._database.in_transaction():
            raise RuntimeError(f"append to {ticket.stream} inside a transaction: pass its connection")
        self._waiting.append(ticket)
        with self._leading:
            if ticket.outcome is None:
                self._lead()
        return ticket.result()

    def _lead(self) -> None:
        batch: list[_Ticket] = []
        outcomes: Sequence[Appended | Exception] = ()
        try:
            with self._database.write() as connection:
                batch.extend(self._waiting.popleft() for _ in range(len(self._waiting)))
                outcomes = [self._carried_out(connection, ticket) for ticket in batch]
        except BaseException as error:
            if not batch:
                batch.extend(self._waiting.popleft() for _ in range(len(self._waiting)))
            if isinstance(error, Exception):
                outcomes = [error] * len(batch)
            else:
                outcomes = [Unavailable("append: interrupted before its commit; try again")] * len(batch)
                raise
        finally:
            for ticket, outcome in zip(batch, outcomes, strict=True):
                ticket.outcome = outcome

    def _carried_out(self, connection: Connection, ticket: _Ticket) -> Appended | Exception:
        try:
            return self._append_in(connection, ticket, None)
        except Exception as error:  # noqa: BLE001 it belongs to the thread that waits for this ticket
            return error

    def _append_in(
        self, connection: Connection, ticket: _Ticket, rows: Callable[[Connection], None] | None
    ) -> Appended:
        self._database.after_commit(self._notify)
        if len(ticket.events) == 1 and rows is None:
            recorded = self._inserted(connection, ticket)
        else:
            with connection.begin_nested() as savepoint:
                recorded = self._inserted(connection, ticket)
                if recorded is None:
                    savepoint.rollback()
                elif rows is not None:
                    rows(connection)
        if recorded is None:
            return self._repeated(connection, ticket)
        last = recorded[-1]
        return Appended(stream=ticket.stream, version=last.version, position=last.position, events=recorded)

    def _inserted(self, connection: Connection, ticket: _Ticket) -> tuple[RecordedEvent, ...] | None:
        """None as soon as one event finds the stream elsewhere or its id taken."""
        recorded_at = round(self._now(), 6)
        recorded = []
        for version, new in enumerate(ticket.events, start=ticket.expected_version + 1):
            name, mark = self._types.name_of(new.event), self._new_mark()
            rows = self._insert.all(
                connection,
                stream=ticket.stream,
                version=version,
                event_id=new.event_id,
                type=name,
                data=self._types.to_text(new.event),
                causation_id=new.metadata.causation_id,
                correlation_id=new.metadata.correlation_id,
                actor=new.metadata.actor,
                traceparent=new.metadata.traceparent,
                mark=mark,
                recorded_at=recorded_at,
            )
            if not rows:
                return None
            recorded.append(
                RecordedEvent(
                    position=rows[0][0],
                    mark=mark,
                    stream=ticket.stream,
                    version=version,
                    event_id=new.event_id,
                    type=name,
                    event=new.event,
                    metadata=new.metadata,
                    recorded_at=recorded_at,
                )
            )
        return tuple(recorded)

    def _repeated(self, connection: Connection, ticket: _Ticket) -> Appended:
        """The first result of the same event ids; StreamConflict where they are not all of this stream."""
        earlier = [row for new in ticket.events for row in self._by_id.all(connection, event_id=new.event_id)]
        events = tuple(self._recorded(row) for row in earlier)
        if len(events) == len(ticket.events) and all(event.stream == ticket.stream for event in events):
            last = max(events, key=lambda event: event.version)
            return Appended(
                stream=ticket.stream, version=last.version, position=last.position, events=events, repeated=True
            )
        found = self._version.all(connection, stream=ticket.stream)[0][0]
        taken = f", event id {events[0].event_id} already in {events[0].stream}" if events else ""
        raise StreamConflict(
            f"stream {ticket.stream}: expected version {ticket.expected_version}, found {found}{taken}; "
            "reload and decide again",
            details={"stream": ticket.stream, "expected": ticket.expected_version, "found": found},
        )

    def _check_mark(self, connection: Connection, after: int, mark: str | None) -> None:
        rows = self._mark.all(connection, position=after)
        if not rows or rows[0][0] != mark:
            found = "another event" if rows else "none"
            raise LogRewound(
                f"log: expected the event at position {after} that was read before, found {found}; "
                "it was restored, read it again from the start",
                details={"after": after},
            )

    def _read(self, statement: Statement, connection: Connection | None, **values: Any) -> list[RecordedEvent]:
        if connection is not None:
            return [self._recorded(row) for row in statement.all(connection, **values)]
        with self._database.read() as own:
            rows = statement.all(own, **values)
        return [self._recorded(row) for row in rows]

    def _recorded(self, row: Any) -> RecordedEvent:
        position, mark, stream, version, event_id, stored, data, correlation, causation, actor, trace, at = row
        name, event = self._types.from_text(stored, data)
        return RecordedEvent(
            position=position,
            mark=mark,
            stream=stream,
            version=version,
            event_id=event_id,
            type=name,
            event=event,
            metadata=Metadata(correlation_id=correlation, causation_id=causation, actor=actor, traceparent=trace),
            recorded_at=at,
        )

    def _notify(self) -> None:
        for callback in self._callbacks:
            callback()

    def _compile(self, sql: str) -> Statement:
        return Statement(sql, self._database.dialect)
