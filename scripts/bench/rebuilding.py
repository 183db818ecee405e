"""A projection built anew from PostgreSQL's logs: in batches, as `rebuild catalog` does, or each event by itself."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import closing
from functools import partial
from itertools import islice

from scripts.bench.reading import Effort
from scripts.bench.results import Rounds, Row
from scripts.bench.serving import Measured
from scripts.bench.split_servers import databases, migrated
from services.catalog.application.generation import Generation
from services.catalog.projection import SOURCES
from shared.cursors import START, Cursor
from shared.database import Database
from shared.event_store.interface import LogPage
from shared.event_store.serialization import EventTypes
from shared.event_store.sql import SqlEventStore
from shared.events import registry
from shared.messages import Message
from shared.subscription import ReadLog
from tests.support.generated import append_imported, append_lived, generated_models

GOAL = 20
_SINGLE_SHARE = 10
_CHANGES = 4

Built = Callable[[Generation, ReadLog, int], int]


def in_batches(generation: Generation, read_log: ReadLog, events: int) -> int:
    """What a rebuild does before the search index is made; how many events it applied."""
    generation.catch_up()
    return events


def one_by_one(generation: Generation, read_log: ReadLog, events: int) -> int:
    """The same handlers, a transaction for each event; pages of the log are read as in batches."""
    cursor, applied, wanted = START, 0, max(1, events // _SINGLE_SHARE)
    subscription = generation.subscriptions["registry"]
    while applied < wanted:
        for event in read_log(cursor.position, cursor.mark, min(500, wanted - applied)).events:
            subscription.deliver([Message(event, cursor)])
            cursor, applied = Cursor.at(event), applied + 1
    return applied


SIDES: dict[str, Built] = {"hub": in_batches, "one transaction an event": one_by_one}


def rows(effort: Effort) -> Iterator[Row]:
    """On two logs of as many events: imports alone, and a hub's life, whose models change; each round in an empty
    database."""
    models = generated_models(effort.rebuilt)
    lived = list(islice(generated_models(effort.rebuilt), effort.rebuilt // (1 + 2 * _CHANGES)))
    yield _row("imports alone", lambda store: append_imported(store, models), effort)
    yield _row(f"{_CHANGES} changes a model", lambda store: append_lived(store, lived, changes=_CHANGES), effort)


def _row(what: str, append: Callable[[SqlEventStore], int], effort: Effort) -> Row:
    url = databases().copy(migrated("registry"))
    try:
        with closing(Database(url)) as database:
            store = SqlEventStore(database, EventTypes(registry.EVENTS, registry.UPCASTERS))
            events = append(store)
            read_log: ReadLog = lambda after, mark, limit: store.read_log(after=after, mark=mark, limit=limit)  # noqa: E731
            rounds = Rounds.run(effort.rounds, SIDES, partial(_round, read_log, events))
    finally:
        databases().drop(url)
    ratio = rounds.ratio("hub", "one transaction an event")
    return Row(
        what=f"rebuild of the catalogue's tables, {events:,} events, {what}",
        ours=f"{rounds.of('hub').per_second:,.0f} events/s",
        peer=f"one transaction an event: {rounds.of('one transaction an event').per_second:,.0f} events/s",
        ratio=ratio,
        goal=f"≥ {GOAL} x",
        met=ratio >= GOAL,
    )


def _round(read_log: ReadLog, events: int, build: Built, _: int) -> Measured:
    url = databases().copy(migrated("catalog"))
    read_logs = {source: read_log if source == "registry" else _empty for source in SOURCES}
    try:
        with closing(Database(url, durable=False, serial=True)) as database:
            generation = Generation(1, database=database, read_logs=read_logs, on_rewound=_unexpected)
            started, cpu = time.perf_counter(), time.process_time()
            applied = build(generation, read_log, events)
            seconds, used = time.perf_counter() - started, time.process_time() - cpu
    finally:
        databases().drop(url)
    each_ms = seconds * 1000 / applied
    return Measured(
        requests=applied, per_second=applied / seconds, p50=each_ms, p99=each_ms, cpu_ms=used * 1000 / applied
    )


def _empty(after: int, mark: str | None, limit: int) -> LogPage:
    return LogPage(events=(), head=0)


def _unexpected() -> None:
    raise RuntimeError("rebuild: the log was not restored")
