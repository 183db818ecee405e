"""What a delivered event means to a reader at a cursor."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from shared.cursors import START, Cursor
from shared.event_store.interface import Metadata, RecordedEvent
from shared.messages import Message, sort_out
from tests.support.sample_events import Noted


def event(position: int, mark: str | None = None) -> RecordedEvent:
    return RecordedEvent(
        position=position,
        mark=mark or f"m{position}",
        stream="note-a",
        version=position,
        event_id=f"e{position}",
        type="hub.sample.Noted.v2",
        event=Noted(text=str(position)),
        metadata=Metadata(correlation_id="c", causation_id="c", actor="u"),
        recorded_at=1.0,
    )


def message(position: int, previous: int, *, mark: str | None = None, previous_mark: str | None = None) -> Message:
    before = Cursor(previous, previous_mark or f"m{previous}") if previous else START
    return Message(event(position, mark), before)


AT_5 = Cursor(5, "m5")


def positions(cursor: Cursor, *messages: Message) -> tuple[list[int], int]:
    found = sort_out(cursor, messages)
    return [each.position for each in found.run], found.beyond


def test_what_follows_the_cursor_is_taken_in_a_run() -> None:
    assert positions(AT_5, message(6, 5), message(9, 6), message(10, 9)) == ([6, 9, 10], 0)


def test_the_first_event_of_a_log_follows_the_start() -> None:
    assert positions(START, message(3, 0)) == ([3], 0)


def test_what_is_applied_already_is_dropped() -> None:
    assert positions(AT_5, message(4, 3), message(5, 4), message(6, 5)) == ([6], 0)


def test_a_gap_ends_the_run_and_asks_for_the_log() -> None:
    assert positions(AT_5, message(6, 5), message(8, 7), message(9, 8)) == ([6], 8)


def test_the_same_position_with_another_mark_asks_for_the_log() -> None:
    assert positions(AT_5, message(5, 4, mark="other")) == ([], 5)


def test_a_predecessor_with_another_mark_asks_for_the_log() -> None:
    assert positions(AT_5, message(6, 5, previous_mark="other")) == ([], 6)


def test_nothing_delivered_is_nothing_to_do() -> None:
    assert positions(AT_5) == ([], 0)


@given(st.lists(st.integers(1, 20), max_size=40), st.integers(0, 20))
def test_whatever_arrives_a_run_skips_and_repeats_nothing(arrived: list[int], start: int) -> None:
    cursor = Cursor(start, f"m{start}") if start else START
    taken, beyond = positions(cursor, *(message(each, each - 1) for each in arrived))
    assert taken == list(range(start + 1, start + 1 + len(taken)))
    assert beyond == 0 or beyond > start + len(taken) + 1
