"""Doing a command twice is doing it once, and only a refusal by decide reaches the caller."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import Connection

from shared.errors import Forbidden
from shared.event_store.aggregate import Executed, event_id_of, execute, load
from shared.event_store.interface import StreamConflict
from shared.event_store.serialization import EventTypes
from shared.event_store.sql import SqlEventStore
from tests.integration.event_store.conftest import Backend
from tests.support.sample_events import Noted, Struck, metadata, new, notes

State = tuple[str, ...]
EMPTY: State = ()


def evolve(state: State, event: Any) -> State:
    match event:
        case Noted(text=text):
            return (*state, text)
        case Struck():
            return ()
    raise AssertionError(f"evolve was given {event}")


def note(*texts: str) -> Sequence[Noted]:
    return [Noted(text=text) for text in texts]


def run(store: SqlEventStore, *texts: str, cause: str | None = None, **options: Any) -> Executed[State]:
    chosen: dict[str, Any] = {"decide": lambda state: note(*texts), "metadata": metadata(cause)} | options
    return execute(store, "note-a", initial=EMPTY, evolve=evolve, **chosen)


def test_what_decide_answers_is_appended_and_folded(store: SqlEventStore) -> None:
    first = run(store, "one", "two")
    assert (first.state, first.version, first.position, first.repeated) == (("one", "two"), 2, 2, False)
    loaded = load(store, "note-a", initial=EMPTY, evolve=evolve)
    assert (loaded.state, loaded.version, loaded.position) == (first.state, 2, 2)


def test_same_command_again_answers_with_its_first_events_and_decides_nothing(store: SqlEventStore) -> None:
    cause = str(uuid4())
    first = run(store, "one", "two", cause=cause)
    run(store, "three")

    def decide(state: State) -> Sequence[Any]:
        raise AssertionError("decided twice")

    again = run(store, cause=cause, decide=decide)
    assert (again.repeated, again.events, again.version, again.position) == (True, first.events, 2, 2)
    assert again.state == ("one", "two", "three")


def test_one_command_may_append_to_several_streams(store: SqlEventStore) -> None:
    cause = str(uuid4())
    for stream in ("note-a", "note-b", "note-a"):
        execute(
            store,
            stream,
            initial=EMPTY,
            evolve=evolve,
            decide=lambda state, stream=stream: note(stream),  # type: ignore[misc]
            metadata=metadata(cause),
        )
    assert [event.stream for event in store.events_of_command(cause)] == ["note-a", "note-b"]


def test_two_reactions_to_one_event_are_told_apart_by_name(store: SqlEventStore) -> None:
    cause = str(uuid4())
    for reaction in ("publish", "tell", "publish"):
        run(store, reaction, cause=cause, reaction=reaction)
    events = store.read_stream("note-a")
    assert [event.event.text for event in events] == ["publish", "tell"]
    assert events[0].event_id == event_id_of(cause, "note-a", 0, reaction="publish")


def test_nothing_decided_appends_nothing(store: SqlEventStore) -> None:
    run(store, "one")
    written: list[int] = []
    nothing = run(store, rows=lambda _: written.append(1))
    assert (nothing.events, nothing.version, nothing.position, nothing.state) == ((), 1, 1, ("one",))
    assert (written, store.head()[0]) == ([], 1)


def test_refusal_propagates_and_appends_nothing(store: SqlEventStore) -> None:
    def decide(state: State) -> Sequence[Any]:
        raise Forbidden("note-a: expected its owner")

    with pytest.raises(Forbidden):
        run(store, decide=decide)
    assert store.head() == (0, None)


@pytest.mark.parametrize(("rivals", "wins"), [(0, True), (1, True), (2, True), (3, False)])
def test_another_writer_makes_it_decide_again_up_to_three_times(store: SqlEventStore, rivals: int, wins: bool) -> None:
    seen: list[State] = []

    def decide(state: State) -> Sequence[Any]:
        if len(seen) < rivals:
            store.append("note-a", expected_version=len(state), events=notes(f"rival{len(seen)}"))
        seen.append(state)
        return note("mine")

    if wins:
        assert run(store, decide=decide).state == (*(f"rival{index}" for index in range(rivals)), "mine")
    else:
        with pytest.raises(StreamConflict):
            run(store, decide=decide)
    assert len(seen) == min(rivals + 1, 3)


def test_same_command_at_once_from_many_threads_is_done_once(store: SqlEventStore) -> None:
    cause = str(uuid4())
    with ThreadPoolExecutor(8) as pool:
        results = list(pool.map(lambda _: run(store, "one", "two", cause=cause), range(8)))
    assert len(store.read_stream("note-a")) == 2
    assert {result.events for result in results} == {results[0].events}
    assert sum(not result.repeated for result in results) == 1


def test_the_callers_transaction_holds_rows_and_events(store: SqlEventStore) -> None:
    def rows(connection: Connection) -> None:
        store.append("note-rows", expected_version=0, events=notes("row"), connection=connection)

    with pytest.raises(ZeroDivisionError), store.transaction() as connection:
        assert run(store, "one", connection=connection, rows=rows).state == ("one",)
        assert run(store, "two", connection=connection).state == ("one", "two")
        raise ZeroDivisionError
    assert store.head() == (0, None)
    run(store, "one", rows=rows)
    assert len(store.read_stream("note-rows")) == 1


def test_unknown_types_fold_as_nothing(backend: Backend, store: SqlEventStore) -> None:
    store.append("note-a", expected_version=0, events=[*notes("one"), new(Struck(reason="r"))])
    older = backend.store(EventTypes({"hub.sample.Noted.v2": Noted}))
    assert load(older, "note-a", initial=EMPTY, evolve=evolve).state == ("one",)
    assert run(older, "two").version == 3
