"""Handlers that gather what they write: it is there when the batch is, and a failure leaves nothing of it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from sqlalchemy import Connection

from shared.applier import GatheringHandlers
from shared.event_store.interface import RecordedEvent
from shared.subscription import Subscription
from tests.support.log_reading import Hub, Reader
from tests.support.sample_events import Noted


class Gathering:
    """Writes a batch's rows at its end; `batches` are the sizes of those begun."""

    def __init__(self, reader: Reader, *, fails_at: str = "") -> None:
        self._reader = reader
        self._fails_at = fails_at
        self._gathered: list[RecordedEvent] = []
        self.batches: list[int] = []

    @contextmanager
    def gathering(self, connection: Connection, events: Sequence[RecordedEvent]) -> Iterator[None]:
        self._gathered = []
        self.batches.append(len(events))
        yield
        for event in self._gathered:
            if event.event.text == self._fails_at:
                raise ValueError(self._fails_at)
            self._reader.on_noted(connection, event)

    def subscription(self, hub: Hub) -> Subscription:
        handlers = GatheringHandlers({Noted: lambda _, event: self._gathered.append(event)}, self.gathering)
        return Subscription(
            name="reader", source="sample", read_log=hub.read_log, database=self._reader.database, handlers=handlers
        )


def test_a_batch_is_written_when_it_is_whole(hub: Hub, reader: Reader) -> None:
    hub.append("note-a", "a1", "a2", "a3")
    gathering = Gathering(reader)
    gathering.subscription(hub).catch_up()
    assert (reader.texts(), gathering.batches) == (["a1", "a2", "a3"], [3])


def test_what_fails_when_it_is_written_parks_its_own_stream_alone(hub: Hub, reader: Reader) -> None:
    hub.append("note-a", "a1", "bad", "a3")
    hub.append("note-b", "b1")
    subscription = Gathering(reader, fails_at="bad").subscription(hub)
    subscription.catch_up()
    assert reader.rows() == [("note-a", "a1", 1), ("note-b", "b1", 1)]
    assert [(parked.stream, parked.position) for parked in subscription.parked()] == [("note-a", 2)]


def test_a_parked_stream_is_written_when_it_is_tried_again(hub: Hub, reader: Reader) -> None:
    hub.append("note-a", "bad", "a2")
    failing = Gathering(reader, fails_at="bad").subscription(hub)
    failing.catch_up()
    (parked,) = failing.parked()
    assert not failing.retry(parked.id)
    assert reader.rows() == []
    mended = Gathering(reader).subscription(hub)
    assert mended.retry(parked.id)
    assert reader.texts() == ["a2", "bad"]
