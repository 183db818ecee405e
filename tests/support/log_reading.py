"""A log and projections that read it, for tests of delivery."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from sqlalchemy import Column, Connection, Integer, MetaData, Table, Text, select
from sqlalchemy.dialects.sqlite import insert as upsert

from shared.applier import Handler
from shared.database import Database
from shared.event_store.interface import LogPage, RecordedEvent
from shared.event_store.sql import SqlEventStore
from shared.subscription import Subscription
from tests.support.sample_events import TYPES, Noted, notes

METADATA = MetaData()
ROWS = Table(
    "rows",
    METADATA,
    Column("event_id", Text, primary_key=True),
    Column("stream", Text, nullable=False),
    Column("text", Text, nullable=False),
    Column("applied", Integer, nullable=False),
)


class Poison:
    """A handler's fault for the texts in `texts`; `seen` counts how often each was tried."""

    def __init__(self, *texts: str) -> None:
        self.texts = set(texts)
        self.seen: dict[str, int] = {}

    def check(self, text: str) -> None:
        self.seen[text] = self.seen.get(text, 0) + 1
        if text in self.texts:
            raise ValueError(f"cannot take {text}\nsecond line")


class Reader:
    """A projection that holds one row for each event, written through the connection it is given."""

    def __init__(self, database: Database, poison: Poison | None = None) -> None:
        self.database = database
        self.poison = poison or Poison()
        database.create(METADATA)

    def handlers(self) -> dict[type, Handler]:
        return {Noted: self.on_noted}

    def on_noted(self, connection: Connection, recorded: RecordedEvent) -> None:
        row = {"event_id": recorded.event_id, "stream": recorded.stream, "text": recorded.event.text, "applied": 1}
        statement = upsert(ROWS).values(row)
        again = {"applied": ROWS.c.applied + 1}
        connection.execute(statement.on_conflict_do_update(index_elements=["event_id"], set_=again))
        self.poison.check(recorded.event.text)

    def rows(self) -> list[tuple[str, str, int]]:
        with self.database.read() as connection:
            found = connection.execute(select(ROWS.c.stream, ROWS.c.text, ROWS.c.applied).order_by(ROWS.c.event_id))
            return sorted((row[0], row[1], row[2]) for row in found)

    def texts(self) -> list[str]:
        return sorted(text for _, text, _ in self.rows())


class Hub:
    """A source with its log, and subscribers with databases of their own."""

    def __init__(self, folder: Path, stack: ExitStack) -> None:
        self.folder = folder
        self.stack = stack
        self.source = self.database("source")
        self.store = SqlEventStore(self.source, TYPES)

    def database(self, name: str) -> Database:
        database = Database(f"sqlite:///{self.folder / name}.db")
        self.stack.callback(database.close)
        return database

    def append(self, stream: str, *texts: str) -> int:
        version = len(self.store.read_stream(stream))
        return self.store.append(stream, expected_version=version, events=notes(*texts)).position

    def read_log(self, after: int, mark: str | None, limit: int) -> LogPage:
        return self.store.read_log(after=after, mark=mark, limit=limit)

    def subscription(self, reader: Reader, **options: Any) -> Subscription:
        chosen: dict[str, Any] = {"name": "reader", "source": "sample", "read_log": self.read_log} | options
        subscription = Subscription(database=reader.database, handlers=reader.handlers(), **chosen)
        self.stack.callback(subscription.stop)
        return subscription

    def restored(self, copy: Path) -> None:
        """The source as it was when `copy` was made, opened again."""
        self.source.close()
        for leftover in self.folder.glob("source.db*"):
            leftover.unlink()
        (self.folder / "source.db").write_bytes(copy.read_bytes())
        self.source = self.database("source")
        self.store = SqlEventStore(self.source, TYPES)

    def dump(self, name: str) -> Path:
        copy = self.folder / f"{name}.copy"
        with sqlite3.connect(self.folder / "source.db") as connection:
            connection.execute("VACUUM INTO ?", (str(copy),))
        connection.close()
        return copy


def eventually(true: Callable[[], bool], *, within_s: float = 10.0) -> None:
    deadline = time.monotonic() + within_s
    while not true():
        assert time.monotonic() < deadline, "it did not become true in time"
        time.sleep(0.005)
