"""How a log reaches a subscriber: once, in order, whatever fails in between."""

from __future__ import annotations

import random
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Column, Connection, Integer, MetaData, Table, Text, insert, select
from sqlalchemy.dialects.sqlite import insert as upsert
from sqlalchemy.exc import IntegrityError

from shared.applier import Handler
from shared.cursors import drop_generation
from shared.database import Database
from shared.errors import NotFound, Unavailable, from_wire, to_wire
from shared.event_store.interface import LogPage, LogRewound, NewEvent, RecordedEvent
from shared.event_store.restore import after_restore
from shared.event_store.serialization import EventTypes, UnknownEventVersion
from shared.event_store.sql import SqlEventStore
from shared.subscription import Subscription
from tests.support.sample_events import TYPES, Noted, Struck, new, notes

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


@pytest.fixture
def hub(tmp_path: Path) -> Iterator[Hub]:
    with ExitStack() as stack:
        yield Hub(tmp_path, stack)


@pytest.fixture
def reader(hub: Hub) -> Reader:
    return Reader(hub.database("reader"))


def eventually(true: Callable[[], bool], *, within_s: float = 10.0) -> None:
    deadline = time.monotonic() + within_s
    while not true():
        assert time.monotonic() < deadline, "it did not become true in time"
        time.sleep(0.005)


def test_catch_up_applies_every_event_once_in_order(hub: Hub, reader: Reader) -> None:
    for index in range(7):
        hub.append(f"note-{index % 2}", f"t{index}", f"u{index}")
    order: list[int] = []
    subscription = hub.subscription(reader, batch=3)
    subscription.on_applied(lambda events: order.extend(event.position for event in events))
    assert subscription.catch_up() == hub.store.head()[0] == subscription.position()
    assert order == list(range(1, 15))
    assert {applied for _, _, applied in reader.rows()} == {1}


def test_a_second_subscription_goes_on_where_the_first_stood(hub: Hub, reader: Reader) -> None:
    hub.append("note-a", "one", "two")
    hub.subscription(reader).catch_up()
    hub.append("note-a", "three")
    subscription = hub.subscription(reader)
    assert subscription.position() == 2
    subscription.catch_up()
    assert reader.rows() == [("note-a", "one", 1), ("note-a", "three", 1), ("note-a", "two", 1)]


def test_crash_before_the_commit_leaves_rows_and_cursor_as_they_were(hub: Hub, reader: Reader) -> None:
    class PowerCut(BaseException):
        pass

    def crash(connection: Connection, recorded: RecordedEvent) -> None:
        reader.on_noted(connection, recorded)
        if recorded.event.text == "two":
            raise PowerCut

    hub.append("note-a", "one", "two", "three")
    crashing = Subscription(
        name="reader", source="sample", read_log=hub.read_log, database=reader.database, handlers={Noted: crash}
    )
    with pytest.raises(PowerCut):
        crashing.catch_up()
    assert (reader.rows(), crashing.position()) == ([], 0)
    hub.subscription(reader).catch_up()
    assert {applied for _, _, applied in reader.rows()} == {1}
    assert len(reader.rows()) == 3


def test_a_running_subscription_is_woken_by_the_commit(hub: Hub, reader: Reader) -> None:
    subscription = hub.subscription(reader, look_s=3600.0)
    hub.store.on_commit(subscription.wake)
    subscription.start()
    assert subscription.wait_for(hub.append("note-a", "one"), timeout_s=10.0)
    assert reader.texts() == ["one"]


def test_a_running_subscription_looks_by_itself(hub: Hub, reader: Reader) -> None:
    subscription = hub.subscription(reader, look_s=0.01)
    subscription.start()
    hub.append("note-a", "one")
    eventually(lambda: reader.texts() == ["one"])


def test_waiting_for_a_position_gives_up_in_time(hub: Hub, reader: Reader) -> None:
    subscription = hub.subscription(reader)
    assert not subscription.wait_for(1, timeout_s=0.01)


def test_position_moves_only_after_on_applied_was_called(hub: Hub, reader: Reader) -> None:
    subscription = hub.subscription(reader)
    seen: list[tuple[int, int]] = []
    subscription.on_applied(lambda events: seen.append((len(reader.rows()), subscription.position())))
    hub.append("note-a", "one")
    subscription.catch_up()
    assert seen == [(1, 0)]


def test_events_committed_but_not_told_are_told_again(hub: Hub, reader: Reader) -> None:
    told: list[list[str]] = []

    def index(events: Sequence[RecordedEvent]) -> None:
        told.append([event.event.text for event in events])
        if len(told) == 1:
            raise OSError("no space left for the index")

    subscription = hub.subscription(reader)
    subscription.on_applied(index)
    hub.append("note-a", "one")
    with pytest.raises(OSError, match="no space"):
        subscription.catch_up()
    assert subscription.position() == 0
    hub.append("note-a", "two")
    assert subscription.catch_up() == 2
    assert told == [["one"], ["one"], ["two"]]
    assert {times for _, _, times in reader.rows()} == {1}


def test_of_two_subscribers_over_one_database_one_applies(hub: Hub, reader: Reader) -> None:
    other = Reader(hub.database("reader"))
    applied: list[int] = []
    replicas = [hub.subscription(reader, batch=3), hub.subscription(other, batch=4)]
    for replica in replicas:
        replica.on_applied(lambda events: applied.extend(event.position for event in events))
    for index in range(60):
        hub.append(f"note-{index % 7}", f"t{index}")
    with ThreadPoolExecutor(2) as pool:
        assert list(pool.map(Subscription.catch_up, replicas)) == [60, 60]
    assert sorted(applied) == list(range(1, 61))
    assert {times for _, _, times in reader.rows()} == {1}


def test_poison_parks_its_stream_and_nothing_else(hub: Hub, reader: Reader) -> None:
    reader.poison.texts.add("bad")
    hub.append("note-a", "a1", "bad", "a3")
    hub.append("note-b", "b1")
    subscription = hub.subscription(reader)
    assert subscription.catch_up() == 4
    hub.append("note-a", "a4")
    hub.append("note-b", "b2")
    subscription.catch_up()
    assert reader.texts() == ["a1", "b1", "b2"]
    (parked,) = subscription.parked()
    assert (parked.stream, parked.position, parked.attempts) == ("note-a", 2, 3)
    assert parked.error == "ValueError: cannot take bad"
    assert (subscription.status().parked, subscription.status().lag) == (1, 0)


def test_a_handler_that_succeeds_at_last_parks_nothing(hub: Hub, reader: Reader) -> None:
    def thrice(connection: Connection, recorded: RecordedEvent) -> None:
        reader.on_noted(connection, recorded)
        if reader.poison.seen[recorded.event.text] < 3:
            raise ValueError(recorded.event.text)

    hub.append("note-a", "slow")
    subscription = Subscription(
        name="reader", source="sample", read_log=hub.read_log, database=reader.database, handlers={Noted: thrice}
    )
    subscription.catch_up()
    assert (subscription.parked(), reader.rows()) == ([], [("note-a", "slow", 1)])


def test_sql_errors_of_a_handler_are_poison(hub: Hub, reader: Reader) -> None:
    def twice(connection: Connection, recorded: RecordedEvent) -> None:
        for _ in range(2):
            connection.execute(insert(ROWS).values(event_id="x", stream="s", text="secret", applied=1))

    hub.append("note-a", "one")
    subscription = Subscription(
        name="reader", source="sample", read_log=hub.read_log, database=reader.database, handlers={Noted: twice}
    )
    subscription.catch_up()
    (parked,) = subscription.parked()
    assert parked.error.startswith(IntegrityError.__name__)
    assert "secret" not in parked.error


def test_retry_applies_what_waits_in_order(hub: Hub, reader: Reader) -> None:
    reader.poison.texts.add("bad")
    hub.append("note-a", "a1", "bad", "a3")
    hub.append("note-b", *"bcdefgh")
    hub.append("note-a", "a4")
    subscription = hub.subscription(reader, batch=2)
    applied: list[str] = []
    subscription.catch_up()
    subscription.on_applied(lambda events: applied.extend(event.event.text for event in events))
    reader.poison.texts.clear()
    assert subscription.retry(subscription.parked()[0].id)
    assert (applied, subscription.parked()) == (["bad", "a3", "a4"], [])
    hub.append("note-a", "a5")
    subscription.catch_up()
    assert [text for stream, text, _ in reader.rows() if stream == "note-a"] == ["a1", "a3", "a4", "a5", "bad"]


def test_retry_that_fails_changes_nothing_but_the_error(hub: Hub, reader: Reader) -> None:
    reader.poison.texts.update(("bad", "worse"))
    hub.append("note-a", "a1", "bad", "worse")
    subscription = hub.subscription(reader)
    subscription.catch_up()
    reader.poison.texts.remove("bad")
    assert not subscription.retry(subscription.parked()[0].id)
    (parked,) = subscription.parked()
    assert (parked.attempts, parked.error) == (4, "position 3: ValueError: cannot take worse")
    assert reader.texts() == ["a1"]


def test_retry_of_an_unknown_id_is_not_found(hub: Hub, reader: Reader) -> None:
    with pytest.raises(NotFound):
        hub.subscription(reader).retry(7)


def test_retry_beside_a_running_subscription_loses_nothing(hub: Hub, reader: Reader) -> None:
    reader.poison.texts.add("bad")
    subscription = hub.subscription(reader, batch=3)
    hub.store.on_commit(subscription.wake)
    subscription.start()
    hub.append("note-a", "bad")
    eventually(lambda: bool(subscription.parked()))
    reader.poison.texts.clear()
    with ThreadPoolExecutor(1) as pool:
        retried = pool.submit(subscription.retry, subscription.parked()[0].id)
        for index in range(30):
            position = hub.append("note-a", f"t{index}")
        assert retried.result()
    assert subscription.wait_for(position, timeout_s=10.0)
    assert [times for _, _, times in reader.rows()] == [1] * 31


def test_a_failing_source_is_waited_for(hub: Hub, reader: Reader) -> None:
    down = threading.Event()
    down.set()

    def read_log(after: int, mark: str | None, limit: int) -> LogPage:
        if down.is_set():
            raise Unavailable("sample: no answer")
        return hub.read_log(after, mark, limit)

    subscription = hub.subscription(reader, read_log=read_log)
    subscription.start()
    position = hub.append("note-a", "one")
    eventually(lambda: subscription.status().state == "waiting")
    assert subscription.status().last_error == "Unavailable: sample: no answer"
    down.clear()
    assert subscription.wait_for(position, timeout_s=10.0)
    assert (subscription.parked(), subscription.status().last_error) == ([], "")


def test_a_service_that_is_unavailable_to_a_handler_is_no_poison(hub: Hub, reader: Reader) -> None:
    def unavailable(connection: Connection, recorded: RecordedEvent) -> None:
        raise Unavailable("disk full")

    hub.append("note-a", "one")
    subscription = Subscription(
        name="reader", source="sample", read_log=hub.read_log, database=reader.database, handlers={Noted: unavailable}
    )
    with pytest.raises(Unavailable):
        subscription.catch_up()
    assert (subscription.parked(), subscription.position()) == ([], 0)


def test_a_locked_database_is_no_poison(hub: Hub, reader: Reader) -> None:
    hub.append("note-a", "one")
    impatient = Reader(Database(f"sqlite:///{hub.folder / 'reader.db'}", wait_s=0.05))
    subscription = hub.subscription(impatient)
    with reader.database.write(), pytest.raises(Unavailable, match="database is locked"):
        subscription.catch_up()
    subscription.catch_up()
    assert (subscription.parked(), reader.texts()) == ([], ["one"])
    impatient.database.close()


@pytest.mark.parametrize("over_a_carrier", [False, True])
def test_unknown_version_stops_after_what_came_before_it(hub: Hub, reader: Reader, over_a_carrier: bool) -> None:
    store = SqlEventStore(hub.source, EventTypes({"hub.sample.Noted.v2": Noted, "hub.sample.Struck.v9": Struck}))
    store.append("note-a", expected_version=0, events=[*notes("one", "two"), new(Struck(reason="r")), *notes("last")])

    def read_log(after: int, mark: str | None, limit: int) -> LogPage:
        try:
            return hub.read_log(after, mark, limit)
        except UnknownEventVersion as error:
            raise (from_wire(to_wire(error)) if over_a_carrier else error) from None

    subscription = hub.subscription(reader, read_log=read_log)
    subscription.start()
    eventually(lambda: subscription.status().state == "stopped")
    assert "hub.sample.Struck.v9" in subscription.status().last_error
    assert (reader.texts(), subscription.position()) == (["one", "two"], 2)


def test_events_without_a_handler_move_the_cursor(hub: Hub, reader: Reader) -> None:
    hub.store.append("note-a", expected_version=0, events=[new(Struck(reason="r"))])
    assert hub.subscription(reader).catch_up() == 1


def restore_with_other_events(hub: Hub, copy: Path, *, floor: int, texts: list[str]) -> None:
    hub.restored(copy)
    with hub.source.write() as connection:
        after_restore(connection, floor_position=floor, published_position=0)
    for text in texts:
        hub.append("note-a", text)


def test_restore_is_seen_and_read_from_the_start(hub: Hub, reader: Reader) -> None:
    hub.append("note-a", *(f"t{index}" for index in range(5)))
    copy = hub.dump("five")
    hub.append("note-a", *(f"gone{index}" for index in range(5)))
    subscription = hub.subscription(reader)
    subscription.catch_up()
    restore_with_other_events(hub, copy, floor=10, texts=[f"new{index}" for index in range(11)])
    subscription.catch_up()
    assert [text for text in reader.texts() if text.startswith("new")] == sorted(f"new{index}" for index in range(11))
    assert subscription.position() == hub.store.head()[0] == 21


def test_same_dump_restored_twice_skips_nothing(hub: Hub, reader: Reader) -> None:
    hub.append("note-a", *(f"t{index}" for index in range(5)))
    copy = hub.dump("five")
    subscription = hub.subscription(reader)
    for attempt in "xy":
        restore_with_other_events(hub, copy, floor=100, texts=[f"{attempt}{index}" for index in range(10)])
        subscription.catch_up()
        assert {f"{attempt}{index}" for index in range(10)} <= set(reader.texts())
    assert hub.store.head()[0] == 110


def test_a_phantom_of_a_dump_that_is_no_prefix_is_seen(hub: Hub, reader: Reader) -> None:
    hub.append("note-a", "one", "two")
    subscription = hub.subscription(reader)
    subscription.catch_up()
    before = hub.store.head()
    with hub.source.write() as connection:
        after_restore(connection, floor_position=2, published_position=1)
    assert hub.store.head()[0] == before[0]
    assert hub.store.head()[1] != before[1]
    with pytest.raises(LogRewound):
        hub.store.read_log(after=before[0], mark=before[1])
    assert len(hub.store.read_log(after=1, mark=hub.store.read_log(after=0, mark=None).events[0].mark).events) == 1


def test_after_a_faithful_copy_every_reader_goes_on_from_its_cursor(hub: Hub, reader: Reader) -> None:
    hub.append("note-a", "one", "two")
    subscription = hub.subscription(reader)
    subscription.catch_up()
    hub.restored(hub.dump("all"))
    hub.append("note-a", "three")
    subscription.catch_up()
    assert reader.rows() == [("note-a", "one", 1), ("note-a", "three", 1), ("note-a", "two", 1)]


def test_on_rewound_is_called_instead_of_reading_again(hub: Hub, reader: Reader) -> None:
    hub.append("note-a", "one", "two")
    calls: list[str] = []
    subscription = hub.subscription(reader, on_rewound=lambda: calls.append("rebuild"), look_s=0.01)
    subscription.catch_up()
    with hub.source.write() as connection:
        after_restore(connection, floor_position=2, published_position=0)
    subscription.start()
    eventually(lambda: subscription.status().state == "stopped")
    eventually(lambda: calls == ["rebuild"])
    assert "log" in subscription.status().last_error
    assert {times for _, _, times in reader.rows()} == {1}


def test_rewinding_forgets_what_was_parked(hub: Hub, reader: Reader) -> None:
    reader.poison.texts.add("bad")
    hub.append("note-a", "bad")
    subscription = hub.subscription(reader)
    subscription.catch_up()
    reader.poison.texts.clear()
    with hub.source.write() as connection:
        after_restore(connection, floor_position=1, published_position=0)
    subscription.catch_up()
    assert (subscription.parked(), reader.texts()) == ([], ["bad"])


def test_a_new_generation_reads_from_the_start_beside_the_served_one(hub: Hub, reader: Reader) -> None:
    hub.append("note-a", "one")
    served = hub.subscription(reader)
    served.catch_up()
    rebuilt = hub.subscription(reader, generation=2)
    assert (served.position(), rebuilt.position()) == (1, 0)
    rebuilt.catch_up()
    hub.append("note-a", "two")
    served.catch_up()
    assert (served.position(), rebuilt.position()) == (2, 1)


def test_a_dropped_generation_stops(hub: Hub, reader: Reader) -> None:
    subscription = hub.subscription(reader, look_s=0.01)
    subscription.start()
    with reader.database.write() as connection:
        drop_generation(connection, subscriber="reader", generation=1)
    hub.append("note-a", "one")
    eventually(lambda: subscription.status().state == "stopped")
    assert (reader.rows(), subscription.status().last_error.split(":")[0]) == ([], "GenerationDropped")


def test_facts_of_two_logs_in_any_interleaving_give_the_same_rows(hub: Hub) -> None:
    other = SqlEventStore(hub.database("other"), TYPES)
    for index in range(12):
        hub.append(f"note-{index % 3}", f"s{index}")
        events: list[NewEvent] = [new(Noted(text=f"o{index}"))]
        other.append(f"other-{index % 3}", expected_version=index // 3, events=events)

    def other_log(after: int, mark: str | None, limit: int) -> LogPage:
        return other.read_log(after=after, mark=mark, limit=limit)

    results = []
    for seed in range(6):
        chance = random.Random(seed)
        reader = Reader(hub.database(f"reader-{seed}"))
        pair = [
            hub.subscription(reader, batch=chance.randint(1, 5)),
            hub.subscription(reader, source="other", read_log=other_log, batch=chance.randint(1, 5)),
        ]
        while any(each.position() < 12 for each in pair):
            chance.choice(pair)._step()
        results.append(reader.rows())
    assert all(rows == results[0] for rows in results)
    assert len(results[0]) == 24


def test_stop_returns_and_start_goes_on(hub: Hub, reader: Reader) -> None:
    subscription = hub.subscription(reader, look_s=0.01)
    subscription.start()
    with pytest.raises(RuntimeError, match="already runs"):
        subscription.start()
    subscription.stop()
    position = hub.append("note-a", "one")
    assert (subscription.status().state, subscription.position()) == ("stopped", 0)
    subscription.start()
    assert subscription.wait_for(position, timeout_s=10.0)
