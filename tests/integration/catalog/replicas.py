"""Several catalogs on one database, as several processes would be: each with memory of its own."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from typing import Any

from sqlalchemy import inspect

from services.catalog.projection import SOURCES
from shared import cursors
from shared.database import Database
from shared.errors import Unavailable
from shared.event_store.interface import LogPage
from shared.subscription import ReadLog
from tests.support.catalog import CatalogUnderTest
from tests.support.histories import History

DEADLINE_S = 30.0


def eventually(condition: Callable[[], bool], *, what: str) -> None:
    deadline = time.monotonic() + DEADLINE_S
    while not condition():
        assert time.monotonic() < deadline, f"not in {DEADLINE_S} s: {what}"
        time.sleep(0.01)


def no_logs() -> Mapping[str, ReadLog]:
    """The owners do not answer: what such a replica shows, others have applied."""

    def read_log(after: int, mark: str | None, limit: int) -> LogPage:
        raise Unavailable("the owner does not answer")

    return dict.fromkeys(SOURCES, read_log)


class Replicas:
    """Makes catalogs on `url`, closed at the end; `clock` moves the time by which they take others for dead."""

    def __init__(self, history: History, url: str, stack: ExitStack) -> None:
        self.history = history
        self._url = url
        self._stack = stack
        self.clock = 1000.0
        with self.database() as database:
            database.create_at_once(cursors.METADATA)

    @contextmanager
    def database(self) -> Iterator[Database]:
        database = Database(self._url, durable=False, serial=True)
        try:
            yield database
        finally:
            database.close()

    def make(self, **more: Any) -> CatalogUnderTest:
        database = self._stack.enter_context(self.database())
        return CatalogUnderTest(self.history, database, replicated=True, **{"now": lambda: self.clock, **more})

    def started(self, **more: Any) -> CatalogUnderTest:
        catalog = self.make(**more)
        self.start(catalog)
        return catalog

    def start(self, catalog: CatalogUnderTest) -> None:
        self._stack.callback(catalog.generations.stop)
        catalog.generations.start()

    def generations(self) -> set[int]:
        """Of which there are tables."""
        with self.database() as database, database.read() as connection:
            names = inspect(connection).get_table_names()
        return {int(name[1:].split("_")[0]) for name in names if name[0] == "g" and name[1].isdigit()}


@contextmanager
def doing(work: Callable[[], None]) -> Iterator[list[BaseException]]:
    """`work` again and again in a thread until the block ends; what it raised is in the list."""
    failures: list[BaseException] = []
    stop = threading.Event()

    def run() -> None:
        while not stop.is_set() and not failures:
            try:
                work()
            except BaseException as error:
                failures.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    try:
        yield failures
    finally:
        stop.set()
        thread.join()
