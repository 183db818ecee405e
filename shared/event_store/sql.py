"""The event store on SQLAlchemy: table `events`, on SQLite and on PostgreSQL.

SQLite: one transaction writes at a time, so commits happen in the order of positions, every
committed row is safe to read, and appends of several threads share a commit. PostgreSQL: every
append is a statement of its own, nobody waits for another stream, and `SafePositions` says how far
the log may be read.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from typing import Any

from sqlalchemy import Connection

from shared.database import Database
from shared.event_store.grouped import GroupedAppends, Ticket
from shared.event_store.interface import Appended, LogPage, LogRewound, NewEvent, RecordedEvent, StreamConflict
from shared.event_store.rows import EventRows, IdTaken
from shared.event_store.safe_positions import SafePositions
from shared.event_store.serialization import EventTypes
from shared.event_store.table import METADATA

_ALL = 2**62


class SqlEventStore:
    """One service's log in its own database. See `interface.EventStore` for what is guaranteed.

    `floor` reads a position known to be safe, the relay's cursor, so that a stalled writer does not hide what is
    below it from a process that has just begun.
    """

    def __init__(
        self,
        database: Database,
        types: EventTypes,
        *,
        now: Callable[[], float] = time.time,
        new_mark: Callable[[], str] = lambda: secrets.token_hex(8),
        floor: Callable[[Connection], int] | None = None,
    ) -> None:
        self._database = database
        self._callbacks: tuple[Callable[[], None], ...] = ()
        self._floor = floor
        database.create(METADATA)
        self._rows = EventRows(database.dialect, types, now=now, new_mark=new_mark)
        self._safe: SafePositions | None = None
        if database.dialect.name == "postgresql":
            self._safe = SafePositions(database.dialect)
        self._grouped = GroupedAppends(database.write, lambda connection, ticket: self._append_in(connection, ticket))

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
        ticket = Ticket(stream, expected_version, events)
        if connection is not None:
            return self._append_in(connection, ticket, rows)
        if self._database.in_transaction():
            raise RuntimeError(f"append to {stream} inside a transaction: pass its connection")
        if self._safe is not None:
            return self._append_beside_others(ticket, rows)
        if rows is not None:
            # A callable runs in its caller's thread, so this one does not wait for a leader.
            with self._database.write() as own:
                return self._append_in(own, ticket, rows)
        return self._grouped.append(ticket)

    def read_stream(
        self, stream: str, *, after_version: int = 0, limit: int | None = None, connection: Connection | None = None
    ) -> list[RecordedEvent]:
        """The stream's events in order of version."""
        bound = _ALL if limit is None else limit
        return self._read(lambda own: self._rows.stream(own, stream, after=after_version, limit=bound), connection)

    def read_log(self, *, after: int, mark: str | None, limit: int = 500) -> LogPage:
        """Events after the row at `after`; raises LogRewound where that row is another now."""
        begins = after == 0 and mark is None
        with self._looking() as connection:
            head = self._head(connection)
            # The row at `after` is read with the others, and put aside once its mark is seen to be right.
            rows = self._rows.log(connection, start=after, up_to=max(head, after), limit=limit + (not begins))
        if not begins:
            found = rows[0] if rows and rows[0][0] == after else None
            self._check_mark(found, after, mark)
            rows = rows[1:]
        return LogPage(events=tuple(self._rows.decoded(rows)), head=head)

    def events_of_command(self, causation_id: str, *, connection: Connection | None = None) -> list[RecordedEvent]:
        """What the command has appended so far, in order of position."""
        return self._read(lambda own: self._rows.command(own, causation_id), connection)

    def head(self) -> tuple[int, str | None]:
        """Position and mark of the newest safe event; (0, None) for an empty log."""
        with self._looking() as connection:
            return self._rows.newest(connection, up_to=self._head(connection))

    def on_commit(self, callback: Callable[[], None]) -> None:
        """Call `callback` after each commit that appended; it must be quick and not raise."""
        self._callbacks = (*self._callbacks, callback)

    def poll_safe(self, connection: Connection) -> int:
        """The newest position known to be safe, for one that asks again and again; waits for nothing.

        On PostgreSQL `connection` must be in AUTOCOMMIT; rows up to the answer are read by later statements.
        """
        return self._safe.poll(connection) if self._safe else self._rows.newest(connection, up_to=_ALL)[0]

    def read_safe(self, connection: Connection, *, after: int, up_to: int, limit: int = 500) -> list[RecordedEvent]:
        """The events after position `after`, up to a position that `poll_safe` has answered."""
        return self._rows.decoded(self._rows.log(connection, start=after + 1, up_to=up_to, limit=limit))

    def newest_row(self, connection: Connection, *, up_to: int) -> tuple[int, str | None]:
        """Position and mark of the newest row at or below `up_to`; (0, None) where there is none."""
        return self._rows.newest(connection, up_to=up_to)

    def _head(self, connection: Connection) -> int:
        if self._safe is None:
            return self._rows.newest(connection, up_to=_ALL)[0]
        safe = self._safe.wait(connection)
        return safe if self._floor is None else max(safe, self._floor(connection))

    def _looking(self) -> AbstractContextManager[Connection]:
        """For reads that must each see what is committed by then, or, with one writer at a time, one snapshot."""
        return self._database.read() if self._safe is None else self._database.autocommit()

    def _append_beside_others(self, ticket: Ticket, rows: Callable[[Connection], None] | None) -> Appended:
        try:
            if rows is None:
                with self._database.autocommit() as connection:
                    recorded = self._inserted_or_taken(connection, ticket)
                self._notify()
            else:
                with self._database.write() as connection:
                    self._database.after_commit(self._notify)
                    recorded = self._inserted_or_taken(connection, ticket)
                    rows(connection)
        except IdTaken:
            with self._database.autocommit() as connection:
                return self._repeated(connection, ticket)
        return _appended(ticket, recorded)

    def _inserted_or_taken(self, connection: Connection, ticket: Ticket) -> tuple[RecordedEvent, ...]:
        return self._rows.insert_or_fail(
            connection, ticket.stream, expected_version=ticket.expected_version, events=ticket.events
        )

    def _append_in(
        self, connection: Connection, ticket: Ticket, rows: Callable[[Connection], None] | None = None
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
        return _appended(ticket, recorded)

    def _inserted(self, connection: Connection, ticket: Ticket) -> tuple[RecordedEvent, ...] | None:
        return self._rows.insert(
            connection, ticket.stream, expected_version=ticket.expected_version, events=ticket.events
        )

    def _repeated(self, connection: Connection, ticket: Ticket) -> Appended:
        """The first result of the same event ids; StreamConflict where they are not all of this stream."""
        events = tuple(event for new in ticket.events for event in self._rows.with_id(connection, new.event_id))
        if len(events) == len(ticket.events) and all(event.stream == ticket.stream for event in events):
            return _appended(ticket, events, repeated=True)
        found = self._rows.version(connection, ticket.stream)
        taken = f", event id {events[0].event_id} already in {events[0].stream}" if events else ""
        raise StreamConflict(
            f"stream {ticket.stream}: expected version {ticket.expected_version}, found {found}{taken}; "
            "reload and decide again",
            details={"stream": ticket.stream, "expected": ticket.expected_version, "found": found},
        )

    @staticmethod
    def _check_mark(row: Any, after: int, mark: str | None) -> None:
        if row is None or row[1] != mark:
            found = "another event" if row else "none"
            raise LogRewound(
                f"log: expected the event at position {after} that was read before, found {found}; "
                "it was restored, read it again from the start",
                details={"after": after},
            )

    def _read(self, read: Callable[[Connection], Sequence[Any]], connection: Connection | None) -> list[RecordedEvent]:
        if connection is not None:
            return self._rows.decoded(read(connection))
        with self._looking() as own:
            rows = read(own)
        return self._rows.decoded(rows)

    def _notify(self) -> None:
        for callback in self._callbacks:
            callback()


def _appended(ticket: Ticket, events: tuple[RecordedEvent, ...], *, repeated: bool = False) -> Appended:
    last = events[-1] if len(events) == 1 else max(events, key=lambda event: event.version)
    return Appended(
        stream=ticket.stream, version=last.version, position=last.position, events=events, repeated=repeated
    )
