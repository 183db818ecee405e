"""A log that was restored is seen to be another, and nothing is skipped."""

from __future__ import annotations

from pathlib import Path

import pytest

from shared.event_store.interface import LogRewound
from shared.event_store.restore import after_restore
from tests.support.log_reading import Hub, Reader, eventually


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
