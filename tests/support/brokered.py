"""A log on PostgreSQL, its relay, and subscribers behind a real broker."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any

from sqlalchemy import BigInteger, Column, Connection, MetaData, Table, Text, create_engine, make_url, text

from shared import broker, cursors
from shared.cursors import Cursor
from shared.database import Database
from shared.delivery import Delivery
from shared.event_store import table as event_table
from shared.event_store.interface import LogPage, NewEvent, RecordedEvent
from shared.event_store.sql import SqlEventStore
from shared.relay import METADATA as RELAY_METADATA
from shared.relay import Relay
from shared.subscription import Subscription
from tests.support.log_reading import Poison, eventually
from tests.support.sample_events import TYPES, Noted, notes
from tests.support.servers import postgresql

METADATA = MetaData()
# `id` rises in the order in which events were applied: one replica at a time holds the cursor's row.
APPLIED = Table(
    "applied",
    METADATA,
    Column("id", BigInteger, primary_key=True, autoincrement=True),
    Column("position", BigInteger, nullable=False),
    Column("stream", Text, nullable=False),
    Column("text", Text, nullable=False),
)
SOURCE = "sample"
SUBSCRIBER = "reader"


@dataclass(kw_only=True)
class Replica:
    """One process's worth of a subscriber."""

    database: Database
    subscription: Subscription
    delivery: Delivery

    def start(self) -> None:
        self.subscription.start()
        self.delivery.start()

    def stop(self) -> None:
        self.delivery.stop()
        self.subscription.stop()


class World:
    """One source with any number of relays, one subscriber with any number of replicas; all ends with `stack`.

    The databases are new ones where no addresses are given.
    """

    def __init__(self, stack: ExitStack, amqp_uri: str, *, source_url: str = "", reader_url: str = "") -> None:
        self.stack = stack
        self.amqp_uri = amqp_uri
        self.poison = Poison()
        self.source_url = source_url or stack.enter_context(postgresql().database())
        self.reader_url = reader_url or stack.enter_context(postgresql().database())
        self.source = self._database(self.source_url, event_table.METADATA, RELAY_METADATA)
        self.reader = self._database(self.reader_url, cursors.METADATA, METADATA)
        self.store = SqlEventStore(self.source, TYPES)

    def append(self, stream: str, *texts: str) -> int:
        version = len(self.store.read_stream(stream))
        return self.append_events(stream, notes(*texts), version)

    def append_events(self, stream: str, events: Sequence[NewEvent], version: int) -> int:
        return self.store.append(stream, expected_version=version, events=events).position

    def read_log(self, after: int, mark: str | None, limit: int) -> LogPage:
        return self.store.read_log(after=after, mark=mark, limit=limit)

    def relay(self, **options: Any) -> Relay:
        """Not started; another one is as another process would be, but for the store's pool."""
        chosen = {"service": SOURCE, "database_url": self.source_url, "amqp_uri": self.amqp_uri} | options
        store = SqlEventStore(self.source, TYPES)
        relay = Relay(store, TYPES, **chosen)
        self.stack.callback(relay.stop)
        return relay

    def replica(self, *, look_s: float = 3600.0, read_log: Any = None, **options: Any) -> Replica:
        """Not started. By default what does not come by message never comes, unless a message tells to read."""
        database = self._database(self.reader_url)
        subscription = Subscription(
            name=SUBSCRIBER,
            source=SOURCE,
            read_log=read_log or self.read_log,
            database=database,
            handlers={Noted: self._on_noted},
            look_s=look_s,
        )
        chosen: dict[str, Any] = {
            "subscriber": SUBSCRIBER,
            "amqp_uri": self.amqp_uri,
            "types_of": lambda _source: TYPES,
        } | options
        made = Replica(database=database, subscription=subscription, delivery=Delivery([subscription], **chosen))
        self.stack.callback(made.stop)
        return made

    def started(self, **options: Any) -> Replica:
        """A replica that consumes, or stands by."""
        replica = self.replica(**options)
        replica.start()
        eventually(lambda: replica.delivery.status().connected)
        return replica

    def applied(self) -> list[tuple[int, str]]:
        """(position, text) in the order in which they were applied."""
        with self.reader.read() as connection:
            rows = connection.execute(text("SELECT position, text FROM applied ORDER BY id")).all()
        return [(row[0], row[1]) for row in rows]

    def log(self) -> list[tuple[int, str]]:
        """(position, text) of the whole log."""
        with self.source.read() as connection:
            rows = connection.execute(text("SELECT position, data::json->>'text' FROM events ORDER BY position")).all()
        return [(row[0], row[1]) for row in rows]

    def all_applied(self, *, within_s: float = 30.0) -> None:
        """Each event once and in order, sooner or later."""
        eventually(lambda: len(self.applied()) >= len(self.log()), within_s=within_s)
        assert self.applied() == self.log()

    def published(self) -> Cursor:
        """Where the relay's row stands."""
        with self.source.read() as connection:
            row = connection.execute(text("SELECT position, mark FROM relay")).first()
        return Cursor(row[0], row[1] or None) if row else Cursor()

    def all_published(self, *, within_s: float = 30.0) -> None:
        eventually(lambda: self.published().position == self.store.head()[0], within_s=within_s)

    def channel(self) -> Any:
        """One of the test's own, to look at queues with."""
        connection = broker.connected(self.amqp_uri, purpose="test")
        self.stack.callback(broker.discard, connection)
        return connection.channel()

    def end_session_of_leader(self) -> None:
        """As the server would end it: the leader finds its connection gone."""
        self.admin(
            "SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory' AND granted "
            "AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
        )

    def admin(self, sql: str) -> None:
        """A statement on the source's database, over a connection of its own."""
        engine = create_engine(make_url(self.source_url).set(drivername="postgresql+psycopg2"))
        try:
            with engine.begin() as connection:
                connection.execute(text(sql))
        finally:
            engine.dispose()

    def _on_noted(self, connection: Connection, recorded: RecordedEvent) -> None:
        self.poison.check(recorded.event.text)
        row = {"position": recorded.position, "stream": recorded.stream, "text": recorded.event.text}
        connection.execute(APPLIED.insert().values(row))

    def _database(self, url: str, *tables: MetaData) -> Database:
        database = Database(url)
        self.stack.callback(database.close)
        for metadata in tables:
            database.create_at_once(metadata)
        return database
