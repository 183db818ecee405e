from __future__ import annotations

import pytest

from services.catalog.application import long_pages
from services.catalog.application.long_pages import LongPages
from shared.errors import Unavailable
from shared.event_store.interface import LogPage, Metadata, RecordedEvent
from shared.events import registry as events

LIMIT = 10


class Log:
    """Events at positions from 1; reads beyond `readable` fail."""

    def __init__(self, length: int, *, readable: int | None = None) -> None:
        self.events = [_event(position) for position in range(1, length + 1)]
        self.readable = length if readable is None else readable
        self.asked: list[int] = []

    def read(self, after: int, mark: str | None, limit: int) -> LogPage:
        self.asked.append(after)
        assert mark == (f"mark-{after}" if after else None)
        found = self.events[after : after + limit]
        if found and found[-1].position > self.readable:
            raise Unavailable(f"log: position {found[-1].position} cannot be read")
        return LogPage(events=tuple(found), head=len(self.events))


def _event(position: int) -> RecordedEvent:
    return RecordedEvent(
        event_id=f"event-{position}",
        stream="model-a",
        type="hub.registry.FeaturedChanged.v1",
        version=position,
        position=position,
        mark=f"mark-{position}",
        event=events.FeaturedChanged(model_name="a", featured=True, reason=""),
        metadata=Metadata(correlation_id="c", causation_id="c", actor="test"),
        recorded_at=1.0,
    )


def joined(log: Log) -> LongPages:
    return LongPages(log.read, joined=True)


def positions(page: LogPage) -> list[int]:
    return [event.position for event in page.events]


def test_pages_that_follow_each_other_are_one() -> None:
    page = joined(Log(25))(0, None, LIMIT)
    assert positions(page) == list(range(1, 26))
    assert page.head == 25


def test_served_reading_keeps_to_its_limit() -> None:
    log = Log(25)
    assert positions(LongPages(log.read)(10, "mark-10", LIMIT)) == list(range(11, 21))
    assert log.asked == [10]


def test_a_joined_page_ends_after_the_longest(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(long_pages, "LONGEST", 20)
    assert positions(joined(Log(55))(0, None, LIMIT)) == list(range(1, 21))


def test_what_comes_before_a_page_that_cannot_be_had_is_answered_and_the_next_read_says_why() -> None:
    log = Log(30, readable=20)
    reading = joined(log)
    assert positions(reading(0, None, LIMIT)) == list(range(1, 21))
    with pytest.raises(Unavailable, match="position 30"):
        reading(20, "mark-20", LIMIT)


def test_one_event_at_a_time_leads_up_to_an_unreadable_one() -> None:
    assert positions(joined(Log(5, readable=3))(0, None, 1)) == [1, 2, 3]
