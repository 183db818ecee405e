"""Every backend the event store runs on; a test takes `backend` and holds for each of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from shared.database import Database
from shared.event_store.serialization import EventTypes
from shared.event_store.sql import SqlEventStore
from shared.event_store.table import METADATA
from tests.support.sample_events import TYPES
from tests.support.servers import postgresql


@dataclass(frozen=True)
class Backend:
    """`open()` gives another connection to the same data, as another process would have."""

    url: str
    open: Callable[[], Database]
    database: Database

    def store(self, types: EventTypes = TYPES) -> SqlEventStore:
        return SqlEventStore(self.database, types)


def on_sqlite(folder: Path, stack: ExitStack) -> str:
    return f"sqlite:///{folder / 'log.db'}"


def on_postgresql(folder: Path, stack: ExitStack) -> str:
    return stack.enter_context(postgresql().database())


BACKENDS = {"sqlite": on_sqlite, "postgresql": on_postgresql}


@contextmanager
def opened(url: str) -> Iterator[Backend]:
    """The backend at `url`, with its tables."""
    with ExitStack() as stack:

        def another() -> Database:
            database = Database(url)
            stack.callback(database.close)
            return database

        database = another()
        database.create_at_once(METADATA)
        yield Backend(url=url, open=another, database=database)


@pytest.fixture(params=list(BACKENDS.values()), ids=list(BACKENDS))
def backend(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Backend]:
    with ExitStack() as stack:
        yield stack.enter_context(opened(request.param(tmp_path, stack)))


@pytest.fixture
def store(backend: Backend) -> SqlEventStore:
    return backend.store()
