"""An event that cannot be applied stops its own stream alone; a failing database stops nothing."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import Connection, insert
from sqlalchemy.exc import IntegrityError

from shared.database import Database
from shared.errors import NotFound, Unavailable
from shared.event_store.interface import LogPage, RecordedEvent
from shared.subscription import Subscription
from tests.support.log_reading import ROWS, Hub, Reader, eventually
from tests.support.sample_events import Noted


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
