"""A stream's events are judged as the stream was then, in whatever order they are asked for."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from shared.database import Database
from shared.event_store.interface import UnknownEvent
from shared.event_store.serialization import EventTypes
from shared.event_store.sql import SqlEventStore
from shared.publicity import Publicity
from tests.support.sample_events import TYPES, Struck, new, notes


def evolve(lines: int, _event: Any) -> int:
    return lines + 1


def test_each_event_is_judged_by_the_stream_up_to_it(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path}/log.db")
    store = SqlEventStore(database, TYPES)
    store.append("note-a", expected_version=0, events=notes("1", "2", "3", "4"))
    recorded = store.read_stream("note-a")
    is_public = Publicity(store, initial=0, evolve=evolve, tells=lambda lines, _event: lines % 2 == 0)
    assert [is_public(each) for each in recorded] == [False, True, False, True]
    assert [is_public(each) for each in (recorded[3], recorded[0], recorded[1])] == [True, False, True]
    database.close()


def test_an_event_this_program_does_not_know_is_not_public(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path}/log.db")
    SqlEventStore(database, TYPES).append("note-a", expected_version=0, events=[new(Struck(reason="r"))])
    store = SqlEventStore(database, EventTypes({}))
    (recorded,) = store.read_stream("note-a")
    assert isinstance(recorded.event, UnknownEvent)
    assert not Publicity(store, initial=0, evolve=evolve, tells=lambda *_: True)(recorded)
    database.close()
