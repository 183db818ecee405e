"""Publishes a service's log to the broker: each event, in order, confirmed, by one replica at a time.

The log is the outbox: a command never waits for the broker. Whoever holds a session lock in the
service's own database is the leader; others try to become it four times a second. An event may be
published twice, never left out.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass
from typing import Any

import amqp
import structlog
from sqlalchemy import NullPool, create_engine, make_url, text

from shared import broker, cloudevents
from shared.applier import first_line
from shared.cursors import Cursor
from shared.event_store.interface import PublishableLog, RecordedEvent
from shared.event_store.serialization import EventTypes
from shared.relay_cursor import METADATA
from shared.telemetry import note_published

__all__ = ["METADATA", "IsPublic", "Relay", "RelayStatus"]

IsPublic = Callable[[RecordedEvent], bool]

_LOCK = 7_031_989
_TRY_S = 0.25
_SIGN_OF_LIFE_S = 1.0
_CONFIRM_S = 15.0
_BACK_OFF_S = (0.1, 0.2, 0.5, 1.0, 2.0)
# A leader that is stopped keeps its connection, and its kernel answers keepalives; so the server ends
# the session that says nothing for five seconds, and the lock with it: a leader asks for safe positions
# many times a second. Keepalives are for a lost host.
_CONNECT = {
    "connect_timeout": 5,
    "keepalives": 1,
    "keepalives_idle": 5,
    "keepalives_interval": 2,
    "keepalives_count": 3,
    "tcp_user_timeout": 10_000,
    "options": "-c idle_session_timeout=5000 -c statement_timeout=5000",
}

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class RelayStatus:
    """As this replica sees it; `position` is the last confirmed event, `lag` counts positions behind `head`."""

    service: str
    leading: bool
    position: int
    head: int
    lag: int
    last_error: str


class Relay:
    """One replica's part in publishing `store`'s log. All methods are safe from any thread.

    `is_public` says which events also go to `public.events`; it is asked in order of position, by
    the leader alone. `poll_s` is the longest that a committed event waits for the next look.
    """

    def __init__(
        self,
        store: PublishableLog,
        types: EventTypes,
        *,
        service: str,
        database_url: str,
        amqp_uri: str,
        is_public: IsPublic | None = None,
        poll_s: float = 0.02,
        batch: int = 500,
    ) -> None:
        self._store = store
        self._types = types
        self._service = service
        self._database_url = database_url
        self._amqp_uri = amqp_uri
        self._is_public = is_public or (lambda _event: False)
        self._poll_s = poll_s
        self._batch = batch
        self._leading = False
        self._position = 0
        self._head = 0
        self._last_error = ""
        self._failures = 0
        self._woken = threading.Event()
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None
        store.on_commit(self._woken.set)

    def start(self) -> None:
        self._stopping.clear()
        self._thread = threading.Thread(target=self._run, name=f"{self._service}-relay", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Returns once another replica may lead; what is not confirmed by then is published again."""
        self._stopping.set()
        self._woken.set()
        if self._thread is not None:
            self._thread.join()
            self._thread = None

    def status(self) -> RelayStatus:
        position, head = self._position, max(self._head, self._position)
        return RelayStatus(
            service=self._service,
            leading=self._leading,
            position=position,
            head=head,
            lag=head - position,
            last_error=self._last_error,
        )

    def _run(self) -> None:
        while not self._stopping.is_set():
            try:
                self._take_part()
            except Exception as error:  # noqa: BLE001 a thread's top: whatever it is, it is shown and tried again
                self._last_error = first_line(error)
                log.warning("relay failed", service=self._service, error=self._last_error)
                self._stopping.wait(_BACK_OFF_S[min(self._failures, len(_BACK_OFF_S) - 1)])
                self._failures += 1

    def _take_part(self) -> None:
        """Leads once it can, until it stops or something fails; then the lock is free for another."""
        with closing(_Leadership(self._database_url)) as leadership:
            while not leadership.is_mine():
                self._position = leadership.published().position
                self._succeeded()
                if self._stopping.wait(_TRY_S):
                    return
            with closing(_Publisher(self._amqp_uri, self._service)) as publisher:
                self._leading = True
                log.info("relay leads", service=self._service)
                try:
                    self._lead(leadership, publisher)
                finally:
                    self._leading = False

    def _lead(self, leadership: _Leadership, publisher: _Publisher) -> None:
        cursor = leadership.published()
        while not self._stopping.is_set():
            self._position = cursor.position
            events = self._next(leadership, cursor)
            if events is None:
                cursor = self._last_row(leadership, leadership.published().position)
                log.warning("log rewound, relay starts anew", service=self._service, position=cursor.position)
                continue
            if events:
                started_at = time.time()
                publisher.publish(self._messages(cursor, events))
                note_published(events, exchange=broker.exchange_name(self._service), started_at=started_at)
                cursor = Cursor.at(events[-1])
                leadership.move(cursor)
            self._succeeded()
            if len(events) < self._batch:
                publisher.stay()
                self._woken.wait(self._poll_s)
                self._woken.clear()

    def _next(self, leadership: _Leadership, cursor: Cursor) -> list[RecordedEvent] | None:
        """What follows the cursor; None where the log no longer holds the cursor's row.

        That row is looked at after the others were read: were it before, a restore in between would
        give events of another log than the cursor's.
        """
        self._head = self._store.poll_safe(leadership.connection)
        if self._head == cursor.position:
            return []
        events = self._store.read_safe(
            leadership.connection, after=cursor.position, up_to=self._head, limit=self._batch
        )
        return events if self._last_row(leadership, cursor.position) == cursor else None

    def _last_row(self, leadership: _Leadership, position: int) -> Cursor:
        """The last row there is at or below `position`."""
        return Cursor(*self._store.newest_row(leadership.connection, up_to=position))

    def _messages(self, cursor: Cursor, events: Sequence[RecordedEvent]) -> list[tuple[str, str, amqp.Message]]:
        messages = []
        exchange = broker.exchange_name(self._service)
        previous = cursor
        for event in events:
            data = cloudevents.encode(event, self._types, previous=(previous.position, previous.mark or ""))
            key = broker.routing_key_of(event.type)
            # Not shared between two publications: amqp writes into a message what it sends.
            messages.append((exchange, key, _message(event, data)))
            if self._is_public(event):
                messages.append((broker.PUBLIC_EXCHANGE, key, _message(event, data)))
            previous = Cursor.at(event)
        return messages

    def _succeeded(self) -> None:
        self._failures, self._last_error = 0, ""


class _Leadership:
    """One connection to the service's database that holds the lock and moves the cursor, only forward."""

    def __init__(self, database_url: str) -> None:
        url = make_url(database_url).set(drivername="postgresql+psycopg2")
        engine = create_engine(url, poolclass=NullPool, isolation_level="AUTOCOMMIT", connect_args=_CONNECT)
        self.connection = engine.connect()

    def is_mine(self) -> bool:
        """Whether this replica leads from now on, until the connection ends."""
        return bool(self.connection.scalar(text("SELECT pg_try_advisory_lock(:lock)"), {"lock": _LOCK}))

    def published(self) -> Cursor:
        """The last event that was confirmed."""
        row = self.connection.execute(text("SELECT position, mark FROM relay WHERE id = 1")).first()
        if row is None:
            # With its target named this fails while a restore has not come to the key, and to the row before it.
            first = "INSERT INTO relay (id, position, mark) VALUES (1, 0, '') ON CONFLICT (id) DO NOTHING"
            self.connection.execute(text(first))
            return Cursor()
        return Cursor(row.position, row.mark or None)

    def move(self, cursor: Cursor) -> None:
        """Only forward: after a restore positions go on above all that were ever given."""
        move = text("UPDATE relay SET position = :position, mark = :mark WHERE id = 1 AND position < :position")
        self.connection.execute(move, {"position": cursor.position, "mark": cursor.mark or ""})

    def close(self) -> None:
        self.connection.invalidate()
        self.connection.close()


class _Publisher:
    """One channel in confirm mode: a batch is sent whole, then all its confirms are awaited."""

    def __init__(self, amqp_uri: str, service: str) -> None:
        self._connection = broker.connected(amqp_uri, purpose=f"{service} relay")
        self._sent = 0
        self._waiting: set[int] = set()
        self._refused = 0
        self._read_at = time.monotonic()
        try:
            self._channel = self._connection.channel()
            broker.declare_exchanges(self._channel, service)
            self._channel.confirm_select()
            self._channel.events["basic_ack"].add(self._confirmed)
            self._channel.events["basic_nack"].add(self._not_confirmed)
        except BaseException:
            self.close()
            raise

    def publish(self, messages: Sequence[tuple[str, str, amqp.Message]]) -> None:
        """Returns when the broker has each (exchange, routing key, message) on disk; raises where it will not."""
        for exchange, key, message in messages:
            self._sent += 1
            self._waiting.add(self._sent)
            self._channel.basic_publish(message, exchange=exchange, routing_key=key)
        deadline = time.monotonic() + _CONFIRM_S
        while self._waiting:
            if not broker.turn(self._connection, 1.0) and time.monotonic() > deadline:
                raise broker.BrokerUnavailable(
                    f"broker: expected {len(self._waiting)} confirms within {_CONFIRM_S} s, found none; trying again"
                )
        if self._refused:
            raise broker.BrokerUnavailable(f"broker: it refused {self._refused} events; trying again")
        self._read_at = time.monotonic()

    def stay(self) -> None:
        """Reads what the broker says, about once a second; raises where it says nothing any more."""
        if time.monotonic() - self._read_at >= _SIGN_OF_LIFE_S:
            while broker.turn(self._connection, 0):
                pass
            self._read_at = time.monotonic()

    def close(self) -> None:
        broker.discard(self._connection)

    def _confirmed(self, tag: int, multiple: bool) -> None:
        if multiple:
            self._waiting = {waiting for waiting in self._waiting if waiting > tag}
        else:
            self._waiting.discard(tag)

    def _not_confirmed(self, tag: int, multiple: bool) -> None:
        before = len(self._waiting)
        self._confirmed(tag, multiple)
        self._refused += before - len(self._waiting)


def _message(event: RecordedEvent, data: dict[str, Any]) -> amqp.Message:
    return amqp.Message(
        json.dumps(data, ensure_ascii=False, separators=(",", ":")),
        content_type=cloudevents.CONTENT_TYPE,
        content_encoding="utf-8",
        delivery_mode=2,
        message_id=event.event_id,
        type=event.type,
    )
