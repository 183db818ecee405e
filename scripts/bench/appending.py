"""One event a transaction, at 1, 4 and 16 writers: the hub's store, raw sqlite3, the `eventsourcing` package.

All with a WAL and synchronous FULL: an append that was acknowledged survives a power cut. Writers are
threads of one process, each with a stream of its own, payloads 1 KB.
"""

from __future__ import annotations

import sqlite3
import tempfile
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

from eventsourcing.application import Application
from eventsourcing.domain import Aggregate, event
from eventsourcing.persistence import StoredEvent
from eventsourcing.sqlite import SQLiteApplicationRecorder, SQLiteDatastore

from scripts.bench.reading import Effort
from scripts.bench.results import Rounds, Row
from scripts.bench.serving import Measured
from scripts.bench.threads import at_once
from shared.database import Database
from shared.event_store.interface import Metadata, NewEvent
from shared.event_store.serialization import EventTypes
from shared.event_store.sql import SqlEventStore

WRITERS = (1, 4, 16)
TEXT = "x" * 1000
Append = Callable[[int, int], Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Noted:
    text: str


def hub_store(folder: Path, writers: int) -> Append:
    """Encodes the event, checks the version, the gap and the id, answers what it recorded."""
    store = SqlEventStore(Database(f"sqlite:///{folder / 'log.db'}"), EventTypes({"hub.bench.Noted.v1": Noted}))

    def append(writer: int, number: int) -> Any:
        name = str(uuid4())
        new = NewEvent(
            event_id=name,
            event=Noted(text=TEXT),
            metadata=Metadata(correlation_id=name, causation_id=name, actor="bench"),
        )
        return store.append(f"note-{writer}", expected_version=number, events=[new])

    return append


def raw_sqlite(folder: Path, writers: int) -> Append:
    """The least that is an append: a bare insert and its commit, writers taking turns at one connection."""
    connection = sqlite3.connect(folder / "log.db", check_same_thread=False, isolation_level=None)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute(
        "CREATE TABLE events (position INTEGER PRIMARY KEY, stream TEXT, version INTEGER, data TEXT, "
        "UNIQUE (stream, version))"
    )
    turn = threading.Lock()

    def append(writer: int, number: int) -> None:
        with turn:
            connection.execute("BEGIN IMMEDIATE")
            connection.execute(
                "INSERT INTO events (stream, version, data) VALUES (?, ?, ?)", (f"note-{writer}", number + 1, TEXT)
            )
            connection.execute("COMMIT")

    return append


def eventsourcing_recorder(folder: Path, writers: int) -> Append:
    """Its lowest layer: bytes that are made already."""
    recorder = SQLiteApplicationRecorder(SQLiteDatastore(str(folder / "log.db"), lock_timeout=60))
    recorder.create_table()
    streams = [uuid4() for _ in range(writers)]
    state = f'{{"text":"{TEXT}"}}'.encode()

    def append(writer: int, number: int) -> Any:
        stored = StoredEvent(originator_id=streams[writer], originator_version=number + 1, topic="bench", state=state)
        return recorder.insert_events([stored])

    return append


class Note(Aggregate):
    """What `eventsourcing` is used for."""

    @event("Written")
    def write(self, text: str) -> None:
        self.text = text


def eventsourcing_save(folder: Path, writers: int) -> Append:
    """What its users call: an aggregate's event made, encoded and saved."""
    application: Application[UUID] = Application(
        env={
            "PERSISTENCE_MODULE": "eventsourcing.sqlite",
            "SQLITE_DBNAME": str(folder / "log.db"),
            "SQLITE_LOCK_TIMEOUT": "60",
        }
    )
    notes = [Note() for _ in range(writers)]
    application.save(*notes)

    def append(writer: int, number: int) -> Any:
        notes[writer].write(TEXT)
        return application.save(notes[writer])

    return append


SIDES: dict[str, Callable[[Path, int], Append]] = {
    "hub": hub_store,
    "sqlite3": raw_sqlite,
    "eventsourcing's save": eventsourcing_save,
    "eventsourcing's recorder": eventsourcing_recorder,
}


def rows(effort: Effort) -> Iterator[Row]:
    """Each round on new files."""
    for writers in WRITERS:
        rounds = Rounds.run(effort.rounds, SIDES, partial(_round, writers, effort.appends))
        for peer in list(SIDES)[1:]:
            ratio = rounds.ratio("hub", peer)
            has_goal = peer.startswith("eventsourcing")
            yield Row(
                what=f"append, {writers} writer{'s' if writers > 1 else ''}",
                ours=append_figure(rounds.of("hub")),
                peer=f"{peer}: {append_figure(rounds.of(peer))}",
                ratio=ratio,
                goal="> 1 x" if has_goal else "",
                met=ratio > 1 if has_goal else None,
            )


def append_figure(found: Measured) -> str:
    return f"{found.per_second:,.0f}/s  {found.p50:.2f}/{found.p99:.2f} ms  cpu {found.cpu_ms:.3f} ms"


def _round(writers: int, appends: int, make: Callable[[Path, int], Append], _: int) -> Measured:
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        return at_once(make(Path(folder), writers), threads=writers, count=appends)
