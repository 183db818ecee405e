"""What every event store must pass, on every backend."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection

from shared.event_store.interface import Appended, LogRewound, RecordedEvent, StreamConflict, UnknownEvent
from shared.event_store.serialization import EventTypes, MalformedEvent, UnknownEventVersion
from shared.event_store.sql import SqlEventStore
from tests.integration.event_store.conftest import Backend
from tests.support.sample_events import TYPES, Line, Noted, Struck, new, notes


@dataclass(frozen=True, slots=True, kw_only=True)
class OldNoted:
    """As Noted was in version 1."""

    note: str


def read_all(store: SqlEventStore, *, limit: int = 500) -> list[RecordedEvent]:
    events: list[RecordedEvent] = []
    after, mark = 0, None
    while page := store.read_log(after=after, mark=mark, limit=limit).events:
        events += page
        after, mark = page[-1].position, page[-1].mark
    return events


def test_first_append_is_version_one(store: SqlEventStore) -> None:
    appended = store.append("note-a", expected_version=0, events=notes("one"))
    assert (appended.version, appended.events[0].version, appended.repeated) == (1, 1, False)
    assert store.read_stream("note-a") == list(appended.events)


@pytest.mark.parametrize("expected_version", [0, 1, 3, 5])
def test_wrong_expected_version_is_a_conflict_that_writes_nothing(store: SqlEventStore, expected_version: int) -> None:
    store.append("note-a", expected_version=0, events=notes("one", "two"))
    before = store.head()
    with pytest.raises(StreamConflict, match=rf"note-a: expected version {expected_version}, found 2") as refused:
        store.append("note-a", expected_version=expected_version, events=notes("x", "y"))
    assert refused.value.details == {"stream": "note-a", "expected": expected_version, "found": 2}
    assert (store.head(), len(read_all(store))) == (before, 2)


def test_version_after_a_gap_is_refused_on_a_new_stream(store: SqlEventStore) -> None:
    with pytest.raises(StreamConflict):
        store.append("note-a", expected_version=4, events=notes("five"))
    assert store.head() == (0, None)


def test_of_racing_appends_to_one_stream_exactly_one_wins(store: SqlEventStore) -> None:
    barrier = threading.Barrier(8)

    def race(text: str) -> Appended | None:
        barrier.wait()
        try:
            return store.append("note-a", expected_version=0, events=notes(text))
        except StreamConflict:
            return None

    with ThreadPoolExecutor(8) as pool:
        won = [appended for appended in pool.map(race, map(str, range(8))) if appended]
    assert [event for appended in won for event in appended.events] == store.read_stream("note-a")
    assert len(won) == 1


def test_several_events_append_all_or_none(store: SqlEventStore) -> None:
    taken = new(Noted(text="taken"))
    store.append("note-a", expected_version=0, events=[taken])
    with pytest.raises(StreamConflict, match="already in note-a"):
        store.append("note-b", expected_version=0, events=[*notes("first"), taken])
    assert store.read_stream("note-b") == []
    assert store.append("note-b", expected_version=0, events=notes("a", "b", "c")).version == 3


def test_same_event_ids_again_answer_with_the_first_result(store: SqlEventStore) -> None:
    events = notes("one", "two")
    first = store.append("note-a", expected_version=0, events=events)
    store.append("note-a", expected_version=2, events=notes("three"))
    for expected_version in (0, 2, 3):
        again = store.append("note-a", expected_version=expected_version, events=events)
        assert again.repeated
        assert (again.events, again.version, again.position) == (first.events, 2, first.position)
    assert len(store.read_stream("note-a")) == 3


def test_append_of_nothing_is_refused(store: SqlEventStore) -> None:
    with pytest.raises(ValueError, match="note-a"):
        store.append("note-a", expected_version=0, events=[])


def test_stream_reads_from_a_version_forwards_limited(store: SqlEventStore) -> None:
    store.append("note-a", expected_version=0, events=notes(*"abcde"))
    store.append("note-b", expected_version=0, events=notes("other"))
    read = store.read_stream("note-a", after_version=1, limit=3)
    assert [(event.version, event.event.text) for event in read] == [(2, "b"), (3, "c"), (4, "d")]
    assert store.read_stream("note-none") == []


def test_log_reads_after_a_position_in_order(store: SqlEventStore) -> None:
    for index in range(5):
        store.append(f"note-{index}", expected_version=0, events=notes("a", "b"))
    events = read_all(store, limit=3)
    assert [event.event.text for event in events] == ["a", "b"] * 5
    positions = [event.position for event in events]
    assert positions == sorted(set(positions))
    assert store.read_log(after=0, mark=None, limit=1).head == positions[-1]
    assert store.head() == (positions[-1], events[-1].mark)


def test_log_is_rewound_for_a_reader_of_another_history(store: SqlEventStore) -> None:
    store.append("note-a", expected_version=0, events=notes("a"))
    position, mark = store.head()
    assert store.read_log(after=position, mark=mark).events == ()
    for after, seen in [(position, "other"), (position, None), (position + 1, mark), (0, mark)]:
        with pytest.raises(LogRewound):
            store.read_log(after=after, mark=seen)


def test_marks_differ_from_event_to_event(store: SqlEventStore) -> None:
    store.append("note-a", expected_version=0, events=notes(*"abcdefgh"))
    assert len({event.mark for event in read_all(store)}) == 8


def test_readers_see_each_event_once_while_sixteen_write_and_roll_back(backend: Backend, store: SqlEventStore) -> None:
    seen: list[RecordedEvent] = []
    written = threading.Event()

    def read() -> None:
        reader = backend.store()
        after, mark = 0, None
        while True:
            last = written.is_set()
            page = reader.read_log(after=after, mark=mark, limit=7).events
            if page:
                seen.extend(page)
                after, mark = page[-1].position, page[-1].mark
            elif last:
                return

    def write(writer: int) -> None:
        for version in range(10):
            if version % 3 == 2:
                with pytest.raises(ZeroDivisionError), store.transaction() as connection:
                    store.append(f"gone-{writer}", expected_version=0, events=notes("x"), connection=connection)
                    raise ZeroDivisionError
            store.append(f"note-{writer}", expected_version=version, events=notes(f"{writer}-{version}"))

    thread = threading.Thread(target=read)
    thread.start()
    with ThreadPoolExecutor(16) as pool:
        list(pool.map(write, range(16)))
    written.set()
    thread.join()
    assert sorted(event.event.text for event in seen) == sorted(f"{w}-{v}" for w in range(16) for v in range(10))
    for writer in range(16):
        assert [event.version for event in seen if event.stream == f"note-{writer}"] == list(range(1, 11))


def test_nothing_uncommitted_is_seen(store: SqlEventStore) -> None:
    with ThreadPoolExecutor(1) as other, store.transaction() as connection:
        store.append("note-a", expected_version=0, events=notes("a"), connection=connection)
        assert store.read_stream("note-a", connection=connection) != []
        assert other.submit(store.read_stream, "note-a").result() == []
        assert other.submit(store.head).result() == (0, None)


def test_appends_of_one_transaction_roll_back_together(store: SqlEventStore) -> None:
    with pytest.raises(StreamConflict), store.transaction() as connection:
        store.append("note-a", expected_version=0, events=notes("a"), connection=connection)
        store.append("note-b", expected_version=7, events=notes("b"), connection=connection)
    assert store.head() == (0, None)


def test_conflict_inside_a_transaction_leaves_what_was_written_before(store: SqlEventStore) -> None:
    with store.transaction() as connection:
        store.append("note-a", expected_version=0, events=notes("a"), connection=connection)
        with pytest.raises(StreamConflict):
            store.append("note-a", expected_version=0, events=notes("b", "c"), connection=connection)
    assert [event.event.text for event in read_all(store)] == ["a"]


def test_rows_are_written_with_the_events_or_not_at_all(store: SqlEventStore) -> None:
    written = []

    def rows(connection: Connection) -> None:
        written.append(len(store.read_stream("note-a", connection=connection)))
        store.append("note-rows", expected_version=len(written) - 1, events=notes("row"), connection=connection)

    events = notes("a")
    store.append("note-a", expected_version=0, events=events, rows=rows)
    assert store.append("note-a", expected_version=0, events=events, rows=rows).repeated
    with pytest.raises(StreamConflict):
        store.append("note-a", expected_version=0, events=notes("b"), rows=rows)
    assert (written, len(store.read_stream("note-rows"))) == ([1], 1)


def test_rows_that_fail_take_the_events_with_them(store: SqlEventStore) -> None:
    def rows(_: Connection) -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        store.append("note-a", expected_version=0, events=notes("a"), rows=rows)
    assert store.head() == (0, None)


def test_append_inside_a_transaction_needs_its_connection(store: SqlEventStore) -> None:
    with store.transaction(), pytest.raises(RuntimeError, match="pass its connection"):
        store.append("note-a", expected_version=0, events=notes("a"))


TEXTS = ["", "ünï\u2028\u2029", '{"b": 1.0, "a": 1e400}', "\x00\x1f", "'; DROP TABLE events; --", "模型 🦙", "\r\n \t"]


@pytest.mark.parametrize("text", TEXTS)
def test_text_comes_back_byte_for_byte(store: SqlEventStore, text: str) -> None:
    note = Noted(text=text, lines=(Line(text=text, amount=2**70),), tags=(text, text), author=None)
    appended = store.append("note-a", expected_version=0, events=[new(note)])
    assert store.read_stream("note-a") == list(appended.events)
    assert store.read_stream("note-a")[0].event == note


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=st.text(st.characters(exclude_categories=["Cs"])))
def test_any_text_comes_back_byte_for_byte(store: SqlEventStore, text: str) -> None:
    stream = f"note-{uuid4()}"
    store.append(stream, expected_version=0, events=[new(Noted(text=text))])
    assert store.read_stream(stream)[0].event.text.encode() == text.encode()


def test_metadata_and_time_come_back(backend: Backend) -> None:
    store = SqlEventStore(backend.database, TYPES, now=lambda: 1764031234.567891)
    event = new(Struck(reason="r"), causation_id="cause")
    store.append("note-a", expected_version=0, events=[event])
    (recorded,) = store.read_stream("note-a")
    assert (recorded.metadata, recorded.event_id, recorded.recorded_at, recorded.type) == (
        event.metadata,
        event.event_id,
        1764031234.567891,
        "hub.sample.Struck.v1",
    )


def test_events_of_a_command_are_found_in_order(store: SqlEventStore) -> None:
    store.append("note-a", expected_version=0, events=[new(Noted(text="1"), causation_id="c")])
    store.append("note-b", expected_version=0, events=notes("other"))
    store.append("note-c", expected_version=0, events=[new(Noted(text="2"), causation_id="c")])
    assert [event.event.text for event in store.events_of_command("c")] == ["1", "2"]
    assert store.events_of_command("none") == []


def test_a_stalled_writer_blocks_no_reader(store: SqlEventStore) -> None:
    store.append("note-a", expected_version=0, events=notes("a"))
    assert len(read_all(store)) == 1
    with ThreadPoolExecutor(1) as other, store.transaction() as connection:
        store.append("note-a", expected_version=1, events=notes("b"), connection=connection)
        assert len(other.submit(read_all, store).result(timeout=5)) == 1


def test_commit_is_told_once_and_a_rollback_never(store: SqlEventStore) -> None:
    told: list[int] = []
    store.on_commit(lambda: told.append(store.head()[0]))
    with store.transaction() as connection:
        for name in "ab":
            store.append(f"note-{name}", expected_version=0, events=notes("x"), connection=connection)
        assert told == []
    with pytest.raises(ZeroDivisionError), store.transaction() as connection:
        store.append("note-c", expected_version=0, events=notes("x"), connection=connection)
        raise ZeroDivisionError
    store.append("note-d", expected_version=0, events=notes("x"))
    assert told == [2, store.head()[0]]


def test_unknown_types_are_carried(backend: Backend, store: SqlEventStore) -> None:
    store.append("note-a", expected_version=0, events=[new(Noted(text="a")), new(Struck(reason="r"))])
    older = backend.store(EventTypes({"hub.sample.Noted.v2": Noted}))
    event = read_all(older)[1]
    assert event.event == UnknownEvent(type="hub.sample.Struck.v1", data={"reason": "r"})
    older.append("note-b", expected_version=0, events=[new(event.event)])
    assert store.read_stream("note-b")[0].event == Struck(reason="r")


def test_unknown_version_of_a_known_type_is_an_error(backend: Backend, store: SqlEventStore) -> None:
    store.append("note-a", expected_version=0, events=notes("a"))
    older = backend.store(EventTypes({"hub.sample.Noted.v1": Noted}))
    with pytest.raises(UnknownEventVersion, match=r"hub\.sample\.Noted\.v2"):
        older.read_stream("note-a")
    with pytest.raises(UnknownEventVersion):
        older.read_log(after=0, mark=None)


def test_older_versions_are_upcast_on_every_read(backend: Backend, store: SqlEventStore) -> None:
    before = backend.store(EventTypes({"hub.sample.Noted.v1": OldNoted}))
    before.append("note-a", expected_version=0, events=[new(OldNoted(note="old"), causation_id="c")])
    reads = (store.read_stream("note-a"), read_all(store), store.events_of_command("c"))
    for (event,) in reads:
        assert (event.event, event.type) == (Noted(text="old"), "hub.sample.Noted.v2")


def test_damaged_data_is_an_error_that_names_the_type(backend: Backend, store: SqlEventStore) -> None:
    before = backend.store(EventTypes({"hub.sample.Noted.v2": Struck}))
    before.append("note-a", expected_version=0, events=[new(Struck(reason="not a note"))])
    with pytest.raises(MalformedEvent, match=r"hub\.sample\.Noted\.v2"):
        store.read_stream("note-a")


def test_another_process_reads_and_appends_to_the_same_log(backend: Backend, store: SqlEventStore) -> None:
    other = SqlEventStore(backend.open(), TYPES)

    def write(name: str) -> None:
        mine = store if name.startswith("a") else other
        for version in range(10):
            mine.append(f"note-{name}", expected_version=version, events=notes(name))

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(write, [f"{side}{index}" for side in "ab" for index in range(4)]))
    assert len(read_all(store)) == len(read_all(other)) == 80
