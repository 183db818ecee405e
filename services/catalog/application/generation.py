"""One generation of the read model: its tables, the subscriptions that fill them, its search index."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager

import structlog

from services.catalog.projection import SOURCES, handlers
from services.catalog.projection.histories import HistoryReads
from services.catalog.projection.models import ModelReads
from services.catalog.projection.tables import Tables
from services.catalog.search import SearchIndex
from shared.cursors import drop_generation
from shared.database import Database
from shared.event_store.interface import RecordedEvent
from shared.subscription import ReadLog, Subscription

SUBSCRIBER = "catalog"
_NOTHING = 0
_AGAIN_S = 1.0

log = structlog.get_logger(__name__)


class Generation:
    """A read model in tables of its own, filled by subscriptions of its own.

    `version()` rises with every applied event that changed a page. The search index follows in a
    thread of its own, because a commit of it costs more than most reads; `current()` answers the
    version it has reached.
    """

    def __init__(
        self,
        number: int,
        *,
        database: Database,
        read_logs: Mapping[str, ReadLog],
        on_rewound: Callable[[], None],
    ) -> None:
        self.number = number
        self.tables = Tables(number)
        self.database = database
        database.create(self.tables.metadata)
        self.models = ModelReads(self.tables)
        self.histories = HistoryReads(self.tables)
        by_source = handlers(self.tables)
        self.subscriptions: dict[str, Subscription] = {
            source: Subscription(
                name=SUBSCRIBER,
                source=source,
                read_log=read_logs[source],
                database=database,
                handlers=by_source[source],
                generation=number,
                on_rewound=on_rewound,
            )
            for source in SOURCES
        }
        for subscription in self.subscriptions.values():
            subscription.on_applied(self._applied)
        self.index = SearchIndex()
        self._seq = _NOTHING
        self._behind = threading.Event()
        self._behind.set()
        self._version = _NOTHING
        self._version_behind = True
        self._refreshing = threading.Lock()
        self._stopping = threading.Event()
        self._indexer: threading.Thread | None = None
        self._readers = 0
        self._idle = threading.Condition()

    @contextmanager
    def held(self) -> Iterator[Generation]:
        """It is not dropped until the block ends."""
        with self._idle:
            self._readers += 1
        try:
            yield self
        finally:
            with self._idle:
                self._readers -= 1
                self._idle.notify_all()

    def version(self, *, look: bool = False) -> int:
        """The tables' version; `look` asks them also where nobody told."""
        if self._version_behind or look:
            # Put down first: what is applied from here on is looked for again.
            self._version_behind = False
            try:
                with self.database.read() as connection:
                    self._version = max(self._version, self.models.newest_touch(connection))
            except BaseException:
                self._version_behind = True
                raise
        return self._version

    def current(self, *, look: bool = False) -> int:
        """The search index's version; with `look` it is brought up to the tables first.

        Without, whoever need not see the newest does not wait for who is bringing it.
        """
        if look or self._seq == _NOTHING or (self._indexer is None and self._behind.is_set()):
            with self._refreshing:
                if self._behind.is_set() or look:
                    self._refresh()
        return self._seq

    def positions(self) -> dict[str, int]:
        return {source: subscription.position() for source, subscription in self.subscriptions.items()}

    def catch_up(self) -> None:
        """Applies all that the logs hold now, in the calling thread."""
        for subscription in self.subscriptions.values():
            subscription.catch_up()

    def start(self) -> None:
        for subscription in self.subscriptions.values():
            subscription.start()
        self._stopping.clear()
        self._indexer = threading.Thread(target=self._index, name=f"catalog-index-{self.number}", daemon=True)
        self._indexer.start()

    def stop(self) -> None:
        for subscription in self.subscriptions.values():
            subscription.stop()
        self._stopping.set()
        self._behind.set()
        if (indexer := self._indexer) is not None:
            indexer.join()
            self._indexer = None

    def drop(self, timeout_s: float) -> None:
        """Nothing of it is left, once its readers are gone or the time is over; it must have stopped."""
        with self._idle:
            self._idle.wait_for(lambda: self._readers == 0, timeout_s)
        with self.database.write() as connection:
            self.tables.metadata.drop_all(connection)
            drop_generation(connection, subscriber=SUBSCRIBER, generation=self.number)

    def _applied(self, _events: Sequence[RecordedEvent]) -> None:
        self._version_behind = True
        self._behind.set()

    def _index(self) -> None:
        while self._behind.wait() and not self._stopping.is_set():
            try:
                self.current(look=True)
            except Exception:
                # A thread's top: what is found goes on being found, and the next look tries again.
                log.exception("search index could not be brought up to date", generation=self.number)
                self._stopping.wait(_AGAIN_S)

    def _refresh(self) -> None:
        self._behind.clear()
        try:
            with self.database.read() as connection:
                newest = self.models.newest_touch(connection)
                if newest == self._seq:
                    return
                ids = None if self._seq == _NOTHING else self.models.touched_since(connection, self._seq)
                self.index.update(self.models.indexed(connection, ids))
            self._seq = newest
        except BaseException:
            self._behind.set()
            raise
