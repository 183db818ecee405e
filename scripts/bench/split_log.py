"""What concurrent writers make hard on PostgreSQL: a reader that misses nothing."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from uuid import uuid4

import psycopg2

from scripts.bench.appending import Noted
from scripts.bench.reading import Effort
from scripts.bench.results import Row
from scripts.bench.split_servers import databases, migrated
from shared.database import Database
from shared.event_store.interface import LogPage, Metadata, NewEvent
from shared.event_store.serialization import EventTypes
from shared.event_store.sql import SqlEventStore

_WRITERS = 16
_ROLLED_BACK = 0.1
_STALLED = 0.2
_STALLS_S = 0.02
_AT_MOST = 8


class RolledBack(Exception):
    """What a transaction ends with that is not to be."""


def rows(effort: Effort) -> Iterator[Row]:
    """Writers that draw positions in one order and commit in another; readers that never stop asking."""
    url = databases().copy(migrated("registry"))
    try:
        with closing(Database(url, pool_size=2 * _WRITERS)) as database:
            yield _read_meanwhile(url, SqlEventStore(database, EventTypes({"hub.bench.Noted.v1": Noted})), effort)
    finally:
        databases().drop(url)


def _read_meanwhile(url: str, store: SqlEventStore, effort: Effort) -> Row:
    written = threading.Event()
    mine: list[int] = []
    naive: list[int] = []
    readers = [
        threading.Thread(target=_follow, args=(store, written, mine)),
        threading.Thread(target=_follow_naively, args=(url, written, naive)),
    ]
    started = time.perf_counter()
    for reader in readers:
        reader.start()
    rolled_back = _write(store, effort.log_events)
    seconds = time.perf_counter() - started
    written.set()
    for reader in readers:
        reader.join()
    committed = _positions(url)
    missed, doubled = len(set(committed) - set(mine)), len(mine) - len(set(mine))
    in_order = mine == sorted(mine)
    return Row(
        what=f"log read beside {_WRITERS} writers, {len(committed):,} events, {rolled_back:,} transactions undone",
        ours=f"{missed} missed, {doubled} twice, {'in order' if in_order else 'OUT OF ORDER'} in {seconds:.0f} s",
        peer=f"position > cursor: {len(set(committed) - set(naive)):,} missed",
        goal="0 missed",
        met=missed == 0 and doubled == 0 and in_order and len(committed) >= effort.log_events,
    )


def _write(store: SqlEventStore, events: int) -> int:
    """At least so many; answers how many transactions were rolled back."""
    lock = threading.Lock()
    left, undone = [events], [0]

    def work(writer: int) -> None:
        chance = random.Random(writer)
        version = 0
        while left[0] > 0:
            count = chance.randint(1, _AT_MOST)
            try:
                _transact(store, chance, f"note-{writer}", version, count)
            except RolledBack:
                with lock:
                    undone[0] += 1
                continue
            version += count
            with lock:
                left[0] -= count

    _in_threads(work)
    return undone[0]


def _transact(store: SqlEventStore, chance: random.Random, stream: str, version: int, count: int) -> None:
    with store.transaction() as connection:
        news = [_new() for _ in range(count)]
        store.append(stream, expected_version=version, events=news, connection=connection)
        if chance.random() < _STALLED:
            time.sleep(chance.random() * _STALLS_S)
        if chance.random() < _ROLLED_BACK:
            raise RolledBack


def _in_threads(work: Callable[[int], None]) -> None:
    threads = [threading.Thread(target=work, args=(number,)) for number in range(_WRITERS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def _new() -> NewEvent:
    name = str(uuid4())
    metadata = Metadata(correlation_id=name, causation_id=name, actor="bench")
    return NewEvent(event_id=name, event=Noted(text="x"), metadata=metadata)


def _follow(store: SqlEventStore, written: threading.Event, seen: list[int]) -> None:
    """As a subscription does: page by page, from the last event it was given."""
    after, mark = 0, None
    while True:
        last = written.is_set()
        page: LogPage = store.read_log(after=after, mark=mark)
        if page.events:
            seen += [event.position for event in page.events]
            after, mark = page.events[-1].position, page.events[-1].mark
        elif last:
            return


def _follow_naively(url: str, written: threading.Event, seen: list[int]) -> None:
    with closing(psycopg2.connect(url)) as connection, connection.cursor() as cursor:
        connection.autocommit = True
        while True:
            last = written.is_set()
            cursor.execute(
                "SELECT position FROM events WHERE position > %s ORDER BY position LIMIT 500",
                (seen[-1] if seen else 0,),
            )
            found = [row[0] for row in cursor.fetchall()]
            seen += found
            if not found:
                if last:
                    return
                time.sleep(0.005)


def _positions(url: str) -> list[int]:
    with closing(psycopg2.connect(url)) as connection, connection.cursor() as cursor:
        cursor.execute("SELECT position FROM events ORDER BY position")
        return [row[0] for row in cursor.fetchall()]
