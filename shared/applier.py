"""Applies events to a subscriber's database in the cursor's transaction, and parks what keeps failing."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any

from sqlalchemy import Connection

from shared.cursors import Cursor, Cursors, Parked
from shared.database import Database, is_outage
from shared.errors import HubError, Unavailable
from shared.event_store.interface import RecordedEvent
from shared.telemetry import applying

Handler = Callable[[Connection, RecordedEvent], None]
Gathering = Callable[[Connection, Sequence[RecordedEvent]], AbstractContextManager[None]]

ATTEMPTS = 3


class CursorMoved(Exception):
    """Another replica has applied these events."""


class GatheringHandlers(dict[type, Handler]):
    """Handlers that run inside `gathering(connection, events)`, which writes at its end what they have gathered.

    Where the block ends with an error, nothing of it is written, and the next one begins anew.
    """

    def __init__(self, handlers: Mapping[type, Handler], gathering: Gathering) -> None:
        super().__init__(handlers)
        self.gathering = gathering


class Applier:
    """What a subscription does with a page of events; it holds no state besides the database's.

    `log` is a bound structlog logger.
    """

    def __init__(
        self,
        database: Database,
        cursors: Cursors,
        handlers: Mapping[type, Handler],
        *,
        log: Any,
        now: Callable[[], float],
    ) -> None:
        self._database = database
        self._cursors = cursors
        self._handlers = handlers
        self._gathering = handlers.gathering if isinstance(handlers, GatheringHandlers) else _nothing_gathered
        self._log = log
        self._now = now

    def apply(self, cursor: Cursor, events: Sequence[RecordedEvent]) -> list[RecordedEvent]:
        """The events applied, those of parked streams left out; all at once, or else one by one."""
        try:
            with self._database.write() as connection:
                self._move(connection, cursor, Cursor.at(events[-1]))
                waiting = {parked.stream for parked in self._cursors.parked(connection)}
                applied = [event for event in events if event.stream not in waiting]
                with self._gathering(connection, applied):
                    for event in applied:
                        self._handle(connection, event)
            return applied
        except CursorMoved:
            raise
        except Exception as error:
            if _is_passing(error):
                raise
            self._log.warning("batch failed", error=first_line(error))
        return self._one_by_one(cursor, events)

    def retry(self, parked: Parked, cursor: Cursor, events: Sequence[RecordedEvent]) -> bool:
        """Applies what waits in a parked stream and frees it, or notes the new failure and answers False.

        Raises CursorMoved where more of the stream may have come to wait since `cursor`.
        """
        at = parked.position
        try:
            with self._database.write() as connection:
                self._move(connection, cursor, cursor)
                for event in events:
                    at = event.position
                    self._handle_alone(connection, event)
                self._cursors.unpark(connection, parked.id)
        except CursorMoved:
            raise
        except Exception as error:
            if _is_passing(error):
                raise
            with self._database.write() as connection:
                self._cursors.failed_again(connection, parked.id, error=f"position {at}: {first_line(error)}")
            return False
        return True

    def _one_by_one(self, cursor: Cursor, events: Sequence[RecordedEvent]) -> list[RecordedEvent]:
        applied = []
        with self._database.write() as connection:
            self._move(connection, cursor, Cursor.at(events[-1]))
            waiting = {parked.stream for parked in self._cursors.parked(connection)}
            before = cursor
            for event in events:
                if event.stream not in waiting:
                    if error := self._failure(connection, event):
                        self._park(connection, event, before, error)
                        waiting.add(event.stream)
                    else:
                        applied.append(event)
                before = Cursor.at(event)
        return applied

    def _failure(self, connection: Connection, event: RecordedEvent) -> str:
        """Empty once the handler went through; its last error after three attempts."""
        failure = ""
        for _ in range(ATTEMPTS):
            savepoint = connection.begin_nested()
            try:
                self._handle_alone(connection, event)
            except Exception as error:
                if _is_passing(error):
                    raise
                savepoint.rollback()
                failure = first_line(error)
            else:
                savepoint.commit()
                return ""
        return failure

    def _park(self, connection: Connection, event: RecordedEvent, before: Cursor, error: str) -> None:
        self._cursors.park(connection, event, before=before, error=error, attempts=ATTEMPTS, at=self._now())
        correlation_id = event.metadata.correlation_id
        self._log.error(
            "event parked", stream=event.stream, position=event.position, error=error, correlation_id=correlation_id
        )

    def _move(self, connection: Connection, start: Cursor, to: Cursor) -> None:
        if not self._cursors.move(connection, start=start, to=to):
            raise CursorMoved

    def _handle_alone(self, connection: Connection, event: RecordedEvent) -> None:
        with self._gathering(connection, [event]):
            self._handle(connection, event)

    def _handle(self, connection: Connection, event: RecordedEvent) -> None:
        if handler := self._handlers.get(type(event.event)):
            with applying(self._cursors.subscriber, event):
                handler(connection, event)


def _nothing_gathered(_connection: Connection, _events: Sequence[RecordedEvent]) -> AbstractContextManager[None]:
    return nullcontext()


def _is_passing(error: BaseException) -> bool:
    """A failing database or service is no fault of the event."""
    return is_outage(error) or isinstance(error, Unavailable)


def first_line(error: BaseException) -> str:
    """An error as people see it in a status or a list: its class and the first line of its message."""
    text = error.message if isinstance(error, HubError) else str(error)
    return f"{type(error).__name__}: {text}".splitlines()[0][:500]
