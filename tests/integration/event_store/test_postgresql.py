"""What only a log with concurrent writers has to show: nothing is missed, nobody waits for a stalled one."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack

import pytest
from sqlalchemy import Connection, text

from shared.database import Database
from shared.errors import Unavailable
from shared.event_store.interface import RecordedEvent, StreamConflict
from shared.event_store.sql import SqlEventStore
from tests.integration.event_store.conftest import Backend, opened
from tests.support.sample_events import TYPES, Noted, new, notes
from tests.support.servers import postgresql

WRITERS = 16
ROUNDS = 25


@pytest.fixture
def backend() -> Iterator[Backend]:
    with ExitStack() as stack:
        yield stack.enter_context(opened(stack.enter_context(postgresql().database())))


class Polling:
    """Reads the log as a relay does, from its own connection, until it is told that all is written."""

    def __init__(self, store: SqlEventStore, database: Database) -> None:
        self._store = store
        self._database = database
        self._written = threading.Event()
        self.seen: list[RecordedEvent] = []

    def run(self) -> None:
        with self._database.autocommit() as connection:
            while True:
                last = self._written.is_set()
                after = self.seen[-1].position if self.seen else 0
                up_to = self._store.poll_safe(connection)
                page = self._store.read_safe(connection, after=after, up_to=up_to, limit=50)
                self.seen += page
                if not page:
                    if last:
                        return
                    time.sleep(0.002)

    def stop(self) -> None:
        self._written.set()


class Asking:
    """Reads the log as subscribers do, page by page, each page with a wait of its own."""

    def __init__(self, store: SqlEventStore) -> None:
        self._store = store
        self._written = threading.Event()
        self.seen: list[RecordedEvent] = []

    def run(self) -> None:
        after: int = 0
        mark: str | None = None
        while True:
            last = self._written.is_set()
            page = self._store.read_log(after=after, mark=mark, limit=50).events
            self.seen += page
            if page:
                after, mark = page[-1].position, page[-1].mark
            elif last:
                return

    def stop(self) -> None:
        self._written.set()


def write(store: SqlEventStore, writer: int) -> int:
    """A tenth is rolled back, some transactions dawdle; answers how many events it has committed."""
    chance = random.Random(writer)
    version = 0
    for _ in range(ROUNDS):
        events = notes(*"ab"[: chance.randint(1, 2)])
        kind = chance.random()
        if kind < 0.1:
            with pytest.raises(ZeroDivisionError), store.transaction() as connection:
                store.append(f"gone-{writer}", expected_version=0, events=events, connection=connection)
                time.sleep(chance.random() / 50)
                raise ZeroDivisionError
            continue
        if kind < 0.5:
            with store.transaction() as connection:
                store.append(f"note-{writer}", expected_version=version, events=events, connection=connection)
                time.sleep(chance.random() / 10 if kind < 0.15 else chance.random() / 100)
        else:
            store.append(f"note-{writer}", expected_version=version, events=events)
        version += len(events)
    return version


def test_sixteen_writers_with_rollbacks_and_stalls_and_no_reader_misses_an_event(backend: Backend) -> None:
    store = backend.store()
    elsewhere = [backend.open() for _ in range(2)]
    readers: list[Polling | Asking] = [
        Polling(SqlEventStore(elsewhere[0], TYPES), elsewhere[0]),
        Asking(SqlEventStore(elsewhere[1], TYPES)),
        Asking(store),
    ]
    with ThreadPoolExecutor(WRITERS + len(readers)) as pool:
        reading = [pool.submit(reader.run) for reader in readers]
        written = list(pool.map(lambda writer: write(store, writer), range(WRITERS)))
        for reader in readers:
            reader.stop()
        for each in reading:
            each.result()
    for reader in readers:
        assert len(reader.seen) == sum(written)
        positions = [event.position for event in reader.seen]
        assert positions == sorted(set(positions))
        for writer, versions in enumerate(written):
            of_writer = [event.version for event in reader.seen if event.stream == f"note-{writer}"]
            assert of_writer == list(range(1, versions + 1))


def test_a_stalled_writer_does_not_block_appends_to_other_streams(backend: Backend) -> None:
    store = backend.store()
    with store.transaction() as connection, ThreadPoolExecutor(4) as pool:
        store.append("note-a", expected_version=0, events=notes("a"), connection=connection)
        appended = list(pool.map(lambda n: store.append(f"note-b{n}", expected_version=0, events=notes("b")), range(8)))
        assert len(appended) == 8
        assert len(store.read_stream("note-b3")) == 1


def test_the_floor_shows_what_a_stalled_writer_would_hide_from_a_new_process(backend: Backend) -> None:
    store = backend.store()
    safe = store.append("note-a", expected_version=0, events=notes("a")).position
    with store.transaction() as connection, ThreadPoolExecutor(1) as pool:
        store.append("note-b", expected_version=0, events=notes("b"), connection=connection)
        store.append("note-c", expected_version=0, events=notes("c"), connection=connection)
        fresh = SqlEventStore(backend.open(), TYPES)
        assert pool.submit(fresh.read_log, after=0, mark=None).result().events == ()
        fresh = SqlEventStore(backend.open(), TYPES, floor=lambda _: safe)
        page = pool.submit(fresh.read_log, after=0, mark=None).result()
        assert ([event.stream for event in page.events], page.head) == (["note-a"], safe)
        assert pool.submit(fresh.head).result()[0] == safe
    assert [event.stream for event in store.read_log(after=0, mark=None).events] == ["note-a", "note-b", "note-c"]


def test_an_event_that_commits_late_is_read_before_those_with_higher_positions(backend: Backend) -> None:
    store = backend.store()
    with ThreadPoolExecutor(1) as pool:
        with store.transaction() as connection:
            store.append("note-late", expected_version=0, events=notes("a"), connection=connection)
            pool.submit(store.append, "note-early", expected_version=0, events=notes("b")).result()
            assert pool.submit(store.read_log, after=0, mark=None).result().events == ()
        read = store.read_log(after=0, mark=None).events
    assert [event.stream for event in read] == ["note-late", "note-early"]


def test_an_append_to_the_stream_of_a_stalled_writer_ends_as_an_outage_or_a_conflict(backend: Backend) -> None:
    store = backend.store()
    with ThreadPoolExecutor(1) as pool, store.transaction() as connection:
        store.append("note-a", expected_version=0, events=notes("a"), connection=connection)
        waiting = pool.submit(store.append, "note-a", expected_version=0, events=notes("b"))
        while not waiting.done():
            connection.execute(text("SELECT pg_sleep(0.2)"))
        with pytest.raises(Unavailable, match="lock timeout"):
            waiting.result()
    with pytest.raises(StreamConflict):
        store.append("note-a", expected_version=0, events=notes("b"))


def test_a_taken_event_id_leaves_the_callers_transaction_usable(backend: Backend) -> None:
    store = backend.store()
    taken = new(Noted(text="taken"))
    store.append("note-a", expected_version=0, events=[taken])
    with store.transaction() as connection:
        for events in ([taken], [*notes("x"), taken]):
            with pytest.raises(StreamConflict, match="already in note-a"):
                store.append("note-b", expected_version=0, events=events, connection=connection)
        store.append("note-b", expected_version=0, events=notes("b"), connection=connection)
    assert [event.event.text for event in store.read_stream("note-b")] == ["b"]


def test_rows_that_fail_take_their_events_with_them(backend: Backend) -> None:
    store = backend.store()

    def rows(connection: Connection) -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        store.append("note-a", expected_version=0, events=notes("a", "b"), rows=rows)
    assert store.read_stream("note-a") == []


def test_positions_are_drawn_one_by_one_inside_the_insert(backend: Backend) -> None:
    store = backend.store()
    with backend.database.read() as connection:
        cached = connection.execute(
            text("SELECT cache_size FROM pg_sequences WHERE sequencename = 'events_position_seq'")
        ).scalar_one()
    assert cached == 1
    positions = [event.position for event in store.append("note-a", expected_version=0, events=notes(*"abcd")).events]
    assert positions == [1, 2, 3, 4]
