"""One event a transaction on PostgreSQL: the hub's store, a raw INSERT, message-db, the `eventsourcing` package.

All in databases of one durable server. Writers are threads of one process with a connection and a stream of
their own each, payloads 1 KB; each round is in a new database. `cpu` is the client's.

Rows without a goal are for information. A raw INSERT is the limit. message-db with a category for each stream is
not what we are compared with: it lets the writers of one category take turns, which is how a category's readers
miss nothing, and a category is what its consumers read, as ours read a service's log. With a category a stream
there is nothing to wait for, and nothing that a consumer of all models could read in order without missing what
commits late. Our log is one category with all of its streams; so is message-db's in the row with the goal.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, closing, contextmanager
from dataclasses import dataclass
from functools import cache, partial
from typing import Any
from urllib.parse import unquote, urlsplit
from uuid import UUID, uuid4

import psycopg2
from eventsourcing.application import Application
from eventsourcing.persistence import StoredEvent
from eventsourcing.postgres import PostgresApplicationRecorder, PostgresDatastore

from scripts.bench import message_db
from scripts.bench.appending import TEXT, WRITERS, Append, Note, Noted, append_figure
from scripts.bench.reading import Effort
from scripts.bench.results import Rounds, Row
from scripts.bench.serving import Measured
from scripts.bench.split_servers import databases, migrated
from scripts.bench.threads import at_once
from shared.database import Database
from shared.event_store.interface import Metadata, NewEvent
from shared.event_store.serialization import EventTypes
from shared.event_store.sql import SqlEventStore

_WARM_UP = 5
_RAW = """
CREATE TABLE events (position bigserial PRIMARY KEY, stream text NOT NULL, version integer NOT NULL,
                     data text NOT NULL, UNIQUE (stream, version))
"""

_EACH_ITS_CATEGORY = "message-db, a category for each stream"
_FOR_INFORMATION = ("raw INSERT", _EACH_ITS_CATEGORY)

Opened = AbstractContextManager[Append]


@contextmanager
def hub_store(url: str, writers: int) -> Iterator[Append]:
    """Encodes the event, checks the version, the gap and the id, answers what it recorded."""
    with closing(Database(url)) as database:
        store = SqlEventStore(database, EventTypes({"hub.bench.Noted.v1": Noted}))

        def append(writer: int, number: int) -> Any:
            name = str(uuid4())
            new = NewEvent(
                event_id=name,
                event=Noted(text=TEXT),
                metadata=Metadata(correlation_id=name, causation_id=name, actor="bench"),
            )
            return store.append(f"note-{writer}", expected_version=number, events=[new])

        yield append


@contextmanager
def raw_insert(url: str, writers: int) -> Iterator[Append]:
    """The limit: a bare insert and its commit on a connection that is there already."""
    with _cursors(url, writers) as cursors:

        def append(writer: int, number: int) -> None:
            cursors[writer].execute(
                "INSERT INTO events (stream, version, data) VALUES (%s, %s, %s)", (f"note-{writer}", number + 1, TEXT)
            )

        yield append


@contextmanager
def messages_of(category: Callable[[int], str], url: str, writers: int) -> Iterator[Append]:
    """Its `write_message`, with the version that is expected, as its clients call it."""
    with _cursors(url, writers, options=message_db.OPTIONS) as cursors:

        def append(writer: int, number: int) -> Any:
            name = str(uuid4())
            data = json.dumps({"text": TEXT})
            metadata = json.dumps({"correlation_id": name, "causation_id": name, "actor": "bench"})
            cursor = cursors[writer]
            cursor.execute(
                "SELECT write_message(%s, %s, %s, %s, %s, %s)",
                (name, f"{category(writer)}-{writer}", "Noted", data, metadata, number - 1),
            )
            return cursor.fetchone()

        yield append


@contextmanager
def recorder(url: str, writers: int, *, functions: bool) -> Iterator[Append]:
    """The lowest layer of `eventsourcing`: bytes that are made already."""
    at = _address(url)
    options = {"pool_size": writers, "max_overflow": 0, "enable_db_functions": functions}
    with closing(PostgresDatastore(**at, **options)) as datastore:  # type: ignore[arg-type]
        log = PostgresApplicationRecorder(datastore, events_table_name="stored_events")
        log.create_table()
        streams = [uuid4() for _ in range(writers)]
        state = f'{{"text":"{TEXT}"}}'.encode()

        def append(writer: int, number: int) -> Any:
            new = StoredEvent(originator_id=streams[writer], originator_version=number + 1, topic="bench", state=state)
            return log.insert_events([new])

        yield append


@contextmanager
def save(url: str, writers: int, *, functions: bool) -> Iterator[Append]:
    """What users of `eventsourcing` call: an aggregate's event made, encoded and saved."""
    at = {f"POSTGRES_{name.upper()}": value for name, value in _address(url).items()}
    application: Application[UUID] = Application(
        env={
            "PERSISTENCE_MODULE": "eventsourcing.postgres",
            **at,
            "POSTGRES_POOL_SIZE": str(writers),
            "POSTGRES_MAX_OVERFLOW": "0",
            "POSTGRES_ENABLE_DB_FUNCTIONS": "y" if functions else "n",
        }
    )
    with closing(application):
        notes = [Note() for _ in range(writers)]
        application.save(*notes)

        def append(writer: int, number: int) -> Any:
            notes[writer].write(TEXT)
            return application.save(notes[writer])

        yield append


@dataclass(frozen=True, slots=True)
class Side:
    """`template` is a database with what `opened` needs."""

    template: Callable[[], str]
    opened: Callable[[str, int], Opened]


@cache
def _raw_template() -> str:
    url = databases().create()
    with closing(psycopg2.connect(url)) as connection, connection, connection.cursor() as cursor:
        cursor.execute(_RAW)
    return url


@cache
def _message_db_template() -> str:
    url = databases().create()
    message_db.install(url)
    return url


@cache
def _empty_template() -> str:
    return databases().create()


SIDES: Mapping[str, Side] = {
    "hub": Side(lambda: migrated("registry"), hub_store),
    "raw INSERT": Side(_raw_template, raw_insert),
    "message-db": Side(_message_db_template, partial(messages_of, lambda writer: "note")),
    _EACH_ITS_CATEGORY: Side(_message_db_template, partial(messages_of, lambda writer: f"note{writer}")),
    "eventsourcing's save": Side(_empty_template, partial(save, functions=False)),
    "eventsourcing's recorder": Side(_empty_template, partial(recorder, functions=False)),
    "eventsourcing's recorder in SQL": Side(_empty_template, partial(recorder, functions=True)),
}


def rows(effort: Effort) -> Iterator[Row]:
    for side in SIDES.values():
        side.template()
    for writers in WRITERS:
        rounds = Rounds.run(effort.rounds, SIDES, partial(_round, writers, effort.appends))
        for peer in list(SIDES)[1:]:
            ratio = rounds.ratio("hub", peer)
            has_goal = peer not in _FOR_INFORMATION
            yield Row(
                what=f"append on PostgreSQL, {writers} writer{'s' if writers > 1 else ''}",
                ours=append_figure(rounds.of("hub")),
                peer=f"{peer}: {append_figure(rounds.of(peer))}",
                ratio=ratio,
                goal="> 1 x" if has_goal else "",
                met=ratio > 1 if has_goal else None,
            )


def _round(writers: int, appends: int, side: Side, _: int) -> Measured:
    url = databases().copy(side.template())
    try:
        with side.opened(url, writers) as append:
            return at_once(append, threads=writers, count=appends, first=_WARM_UP)
    finally:
        databases().drop(url)


@contextmanager
def _cursors(url: str, count: int, *, options: str = "") -> Iterator[list[Any]]:
    """Each on a connection of its own, every statement a transaction."""
    with ExitStack() as stack:
        connections = [stack.enter_context(closing(psycopg2.connect(url, options=options))) for _ in range(count)]
        for connection in connections:
            connection.autocommit = True
        yield [connection.cursor() for connection in connections]


def _address(url: str) -> dict[str, str]:
    at = urlsplit(url)
    return {
        "dbname": at.path.removeprefix("/"),
        "host": at.hostname or "",
        "port": str(at.port),
        "user": unquote(at.username or ""),
        "password": unquote(at.password or ""),
    }
