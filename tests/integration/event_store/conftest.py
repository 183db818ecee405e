"""Every backend the event store runs on; a test takes `backend` and holds for each of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest

from shared.database import Database
from shared.event_store.serialization import EventTypes
from shared.event_store.sql import SqlEventStore
from tests.support.sample_events import TYPES


@dataclass(frozen=True)
class Backend:
    """`open()` gives another connection to the same data, as another process would have."""

    open: Callable[[], Database]
    database: Database

    def store(self, types: EventTypes = TYPES) -> SqlEventStore:
        return SqlEventStore(self.database, types)


def sqlite(folder: Path, stack: ExitStack) -> Callable[[], Database]:
    def opened() -> Database:
        database = Database(f"sqlite:///{folder / 'log.db'}")
        stack.callback(database.close)
        return database

    return opened


BACKENDS = {"sqlite": sqlite}


@pytest.fixture(params=list(BACKENDS.values()), ids=list(BACKENDS))
def backend(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Backend]:
    with ExitStack() as stack:
        opened = request.param(tmp_path, stack)
        yield Backend(open=opened, database=opened())


@pytest.fixture
def store(backend: Backend) -> SqlEventStore:
    return backend.store()
