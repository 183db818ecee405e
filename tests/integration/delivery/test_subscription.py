"""How a log reaches a subscriber: once, in order, whatever fails in between."""

from __future__ import annotations

import random
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import Connection

from shared.cursors import drop_generation
from shared.errors import from_wire, to_wire
from shared.event_store.interface import LogPage, NewEvent, RecordedEvent
from shared.event_store.serialization import EventTypes, UnknownEventVersion
from shared.event_store.sql import SqlEventStore
from shared.subscription import Subscription
from tests.support.log_reading import Hub, Reader, eventually
from tests.support.sample_events import TYPES, Noted, Struck, new, notes


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
