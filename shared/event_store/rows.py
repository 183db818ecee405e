"""Rows of table `events` as events, and back. Statements are compiled once: building them for each
call costs more than the insert itself."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from sqlalchemy import Connection, Dialect
from sqlalchemy.exc import IntegrityError

from shared.database import Prepared, Statement
from shared.event_store.interface import Metadata, NewEvent, RecordedEvent
from shared.event_store.serialization import EventTypes
from shared.event_store.table import COLUMNS, INSERT, INSERT_FIRST, INSERT_MANY, INSERT_NEXT, INSERTED, free


class IdTaken(Exception):
    """An event id, or a version of the stream, is there already: another writer was faster, or it is a repeat."""


class _Inserts:
    """PostgreSQL's statements that write events."""

    def __init__(self, dialect: Dialect, made: Callable[[str], str]) -> None:
        self._first = Prepared(made(INSERT_FIRST), dialect, INSERTED)
        self._next = Prepared(made(INSERT_NEXT), dialect, INSERTED)
        self._many = Statement(made(INSERT_MANY), dialect)

    def which(self, expected_version: int, events: Sequence[NewEvent]) -> Statement:
        if len(events) > 1:
            return self._many
        return self._first if expected_version == 0 else self._next


class EventRows:
    """Reads and writes through the connections it is given; what is committed when, is the caller's."""

    def __init__(
        self, dialect: Dialect, types: EventTypes, *, now: Callable[[], float], new_mark: Callable[[], str]
    ) -> None:
        self._dialect = dialect
        self._types = types
        self._now = now
        self._new_mark = new_mark
        self._takes_many = dialect.name == "postgresql"
        self._insert = self._compile(INSERT)
        self._failing = _Inserts(dialect, lambda insert: insert)
        self._free = _Inserts(dialect, free)
        self._by_id = self._selecting("WHERE event_id = :event_id")
        self._version = self._compile("SELECT coalesce(max(version), 0) FROM events WHERE stream = :stream")
        self._stream = self._selecting("WHERE stream = :stream AND version > :after ORDER BY version LIMIT :limit")
        self._log = self._selecting("WHERE position >= :start AND position <= :up_to ORDER BY position LIMIT :limit")
        self._command = self._selecting("WHERE causation_id = :causation_id ORDER BY position")
        self._newest = self._compile(
            "SELECT position, mark FROM events WHERE position <= :up_to ORDER BY position DESC LIMIT 1"
        )

    def insert(
        self, connection: Connection, stream: str, *, expected_version: int, events: Sequence[NewEvent]
    ) -> tuple[RecordedEvent, ...] | None:
        """None where the stream is elsewhere or an id is taken; then some may be written: roll them back."""
        recorded_at = self._moment()
        if self._takes_many:
            statement = self._free.which(expected_version, events)
            return self._inserted(statement, connection, stream, expected_version, events, at=recorded_at)
        recorded: list[RecordedEvent] = []
        for version, new in enumerate(events, start=expected_version):
            one = self._inserted(self._insert, connection, stream, version, [new], at=recorded_at)
            if one is None:
                return None
            recorded += one
        return tuple(recorded)

    def insert_or_fail(
        self, connection: Connection, stream: str, *, expected_version: int, events: Sequence[NewEvent]
    ) -> tuple[RecordedEvent, ...]:
        """All of them in one statement; raises IdTaken with nothing written. PostgreSQL's alone."""
        if not self._takes_many:
            raise NotImplementedError("one statement for several events is PostgreSQL's")
        statement = self._failing.which(expected_version, events)
        try:
            at = self._moment()
            recorded = self._inserted(statement, connection, stream, expected_version, events, at=at)
        except IntegrityError as error:
            raise IdTaken from error
        if recorded is None:
            raise IdTaken
        return recorded

    def _moment(self) -> float:
        """Now, to the microsecond; rounding to a number of decimals would take Python longer than all else here."""
        return round(self._now() * 1e6) / 1e6

    def _inserted(
        self,
        statement: Statement,
        connection: Connection,
        stream: str,
        expected_version: int,
        events: Sequence[NewEvent],
        *,
        at: float,
    ) -> tuple[RecordedEvent, ...] | None:
        columns = [self._columns(new) for new in events]
        # The statement for one event takes a value for each column, the one for several a list.
        values: dict[str, Any] = columns[0]
        if len(columns) > 1:
            values = {name: [each[name] for each in columns] for name in columns[0]}
        rows = statement.all(connection, stream=stream, expected_version=expected_version, recorded_at=at, **values)
        if len(rows) != len(events):
            return None
        recorded: list[RecordedEvent] = []
        for (position,), new, written in zip(sorted(rows), events, columns, strict=True):
            expected_version += 1
            recorded.append(
                RecordedEvent(
                    position=position,
                    mark=written["mark"],
                    stream=stream,
                    version=expected_version,
                    event_id=new.event_id,
                    type=written["type"],
                    event=new.event,
                    metadata=new.metadata,
                    recorded_at=at,
                )
            )
        return tuple(recorded)

    def _columns(self, new: NewEvent) -> dict[str, str]:
        metadata = new.metadata
        return {
            "event_id": new.event_id,
            "type": self._types.name_of(new.event),
            "data": self._types.to_text(new.event),
            "causation_id": metadata.causation_id,
            "correlation_id": metadata.correlation_id,
            "actor": metadata.actor,
            "traceparent": metadata.traceparent,
            "mark": self._new_mark(),
        }

    def with_id(self, connection: Connection, event_id: str) -> list[RecordedEvent]:
        return self.decoded(self._by_id.all(connection, event_id=event_id))

    def version(self, connection: Connection, stream: str) -> int:
        version: int = self._version.all(connection, stream=stream)[0][0]
        return version

    def stream(self, connection: Connection, stream: str, *, after: int, limit: int) -> Sequence[Any]:
        """Raw, for `decoded`."""
        return self._stream.all(connection, stream=stream, after=after, limit=limit)

    def log(self, connection: Connection, *, start: int, up_to: int, limit: int) -> Sequence[Any]:
        """Raw, for `decoded`; `start` and `up_to` are included."""
        return self._log.all(connection, start=start, up_to=up_to, limit=limit)

    def command(self, connection: Connection, causation_id: str) -> Sequence[Any]:
        """Raw, for `decoded`."""
        return self._command.all(connection, causation_id=causation_id)

    def newest(self, connection: Connection, *, up_to: int) -> tuple[int, str | None]:
        """Position and mark of the newest row at or below `up_to`; (0, None) where there is none."""
        rows = self._newest.all(connection, up_to=up_to)
        return (rows[0][0], rows[0][1]) if rows else (0, None)

    def decoded(self, rows: Sequence[Any]) -> list[RecordedEvent]:
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

    def _selecting(self, which: str) -> Statement:
        return self._compile(f"SELECT {COLUMNS} FROM events {which}")  # noqa: S608

    def _compile(self, sql: str) -> Statement:
        return Statement(sql, self._dialect)
