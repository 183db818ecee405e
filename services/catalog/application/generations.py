"""Which generation is served, and how a new one takes its place while the old one answers."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from functools import partial
from typing import Any

import structlog
from sqlalchemy import Column, Integer, MetaData, Table, insert, inspect, select, update

from services.catalog.application.generation import SUBSCRIBER, Generation
from services.catalog.projection import PROJECTION_VERSION
from services.catalog.projection.tables import Tables
from shared.cursors import drop_generation
from shared.database import Database
from shared.errors import HubError
from shared.subscription import ReadLog

_METADATA = MetaData()
SERVED = Table(
    "served_generation",
    _METADATA,
    Column("id", Integer, primary_key=True),
    Column("generation", Integer, nullable=False),
    Column("projection_version", Integer, nullable=False),
)
_TABLE_NAME = re.compile(r"g(\d+)_")
_DROP_AFTER_S = 10.0
_ATTEMPTS = 3

log = structlog.get_logger(__name__)


class Generations:
    """The served generation, and the one being built beside it.

    `start` runs the served subscriptions in threads; before it (or without it) `catch_up` on them
    does the same by hand. A rewound log or another projection version starts a rebuild by itself.
    """

    def __init__(
        self, database: Database, read_logs: Mapping[str, ReadLog], *, version: int = PROJECTION_VERSION
    ) -> None:
        self._database = database
        self._read_logs = read_logs
        self._version = version
        self._switching = threading.RLock()
        self._running = False
        self._builder: threading.Thread | None = None
        self._building: Generation | None = None
        self._stopping = threading.Event()
        self._rewound = threading.Event()
        self._again = threading.Event()
        self.last_error = ""
        database.create(_METADATA)
        number, stored_version = self._stored()
        self._drop_leftovers(number)
        self.outdated = stored_version != version
        if self.outdated and not self._fits(number):
            # Tables of another shape cannot be read: the new generation answers from its first event on.
            self._drop_tables(number)
            number, self.outdated = number + 1, False
            self._store(number)
        self._served = self._make(number)

    @property
    def served(self) -> Generation:
        return self._served

    @property
    def rebuilding(self) -> bool:
        return self._building is not None

    @contextmanager
    def reading(self) -> Iterator[Generation]:
        """The served generation, which stays until the block ends."""
        with ExitStack() as stack:
            with self._switching:
                generation = stack.enter_context(self._served.held())
            yield generation

    def start(self) -> None:
        self._served.current()
        with self._switching:
            self._running = True
            self._stopping.clear()
            self._served.start()
        if self.outdated:
            self.rebuild()

    def stop(self) -> None:
        self._stopping.set()
        self._await_builder()
        with self._switching:
            self._running = False
            served = self._served
        # Not under the lock: a subscription that ends by a restored log asks for it.
        served.stop()
        self._await_builder()

    def _await_builder(self) -> None:
        if (builder := self._builder) is not None:
            builder.join()

    def figures(self) -> dict[str, Any]:
        """For the operators' page."""
        return {
            "generation": self._served.number,
            "projection_version": self._version,
            "rebuilding": self.rebuilding,
            "rebuild_error": self.last_error,
        }

    def rebuild(self) -> threading.Thread:
        """Builds a new generation in a thread; the one that is at it already is answered where there is one."""
        with self._switching:
            if self._builder is None:
                self._builder = threading.Thread(target=self._rebuild, name="catalog-rebuild", daemon=True)
                self._builder.start()
            return self._builder

    def _rebuild(self) -> None:
        while True:
            self._attempt()
            with self._switching:
                if not self._again.is_set() or self._stopping.is_set():
                    self._builder = None
                    return
                self._again.clear()

    def _attempt(self) -> None:
        for _ in range(_ATTEMPTS):
            try:
                if self._built():
                    self.last_error = ""
                    return
            except Exception as error:
                # A thread's top: the served generation goes on, operators see why.
                message = error.message if isinstance(error, HubError) else str(error)
                self.last_error = f"{type(error).__name__}: {message}".splitlines()[0][:500]
                log.exception("catalog rebuild failed")
            if self._stopping.wait(1.0):
                return

    def _built(self) -> bool:
        """Whether a new generation is served; False where a log was restored meanwhile or the hub stops."""
        self._rewound.clear()
        generation = self._make(self._served.number + 1)
        self._building = generation
        try:
            self._fill(generation)
            if not self._switched(generation):
                generation.drop(0)
                return False
            return True
        except BaseException:
            generation.drop(0)
            raise
        finally:
            self._building = None

    def _fill(self, generation: Generation) -> None:
        before: dict[str, int] = {}
        while not (self._stopping.is_set() or self._rewound.is_set()) and before != generation.positions():
            before = generation.positions()
            generation.catch_up()
            generation.current()

    def _switched(self, generation: Generation) -> bool:
        with self._switching:
            # Nobody starts to read meanwhile, so what the old one had shown is in the new one too.
            generation.catch_up()
            generation.current()
            if self._rewound.is_set() or self._stopping.is_set():
                return False
            old = self._served
            self._store(generation.number)
            self._served, self.outdated = generation, False
            if self._running:
                generation.start()
        old.stop()
        old.drop(_DROP_AFTER_S)
        log.info("catalog rebuilt", generation=generation.number)
        return True

    def _make(self, number: int) -> Generation:
        return Generation(
            number,
            database=self._database,
            read_logs=self._read_logs,
            on_rewound=partial(self._on_rewound, number),
        )

    def _on_rewound(self, number: int) -> None:
        log.warning("a log was restored; the catalog is built anew", generation=number)
        with self._switching:
            if number != self._served.number:
                self._rewound.set()
                return
            if self._builder is not None:
                # It may have switched to this very generation already, and is only clearing up.
                self._again.set()
            self.rebuild()

    def _stored(self) -> tuple[int, int]:
        with self._database.write() as connection:
            row = connection.execute(select(SERVED.c.generation, SERVED.c.projection_version)).first()
            if row is None:
                connection.execute(insert(SERVED).values(id=1, generation=1, projection_version=self._version))
                return 1, self._version
        return row.generation, row.projection_version

    def _store(self, number: int) -> None:
        with self._database.write() as connection:
            connection.execute(update(SERVED).values(generation=number, projection_version=self._version))

    def _existing(self) -> dict[str, set[str]]:
        """{table: columns} of every generation's tables in the database."""
        with self._database.read() as connection:
            inspector = inspect(connection)
            names = [name for name in inspector.get_table_names() if _TABLE_NAME.match(name)]
            return {name: {column["name"] for column in inspector.get_columns(name)} for name in names}

    def _fits(self, number: int) -> bool:
        existing = self._existing()
        tables = Tables(number).metadata.tables.values()
        return all(set(table.columns.keys()) <= existing.get(table.name, set()) for table in tables)

    def _drop_leftovers(self, served: int) -> None:
        """A rebuild that a crash cut off leaves tables behind."""
        found = {int(match[1]) for name in self._existing() if (match := _TABLE_NAME.match(name))}
        for number in found - {served}:
            self._drop_tables(number)

    def _drop_tables(self, number: int) -> None:
        names = [name for name in self._existing() if name.startswith(f"g{number}_")]
        with self._database.write() as connection:
            for name in names:
                connection.exec_driver_sql(f'DROP TABLE "{name}"')
            drop_generation(connection, subscriber=SUBSCRIBER, generation=number)
