"""One generation of the read model: its tables, the subscriptions that fill them, its search index."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager

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


class Generation:
    """A read model in tables of its own, filled by subscriptions of its own.

    `version` rises with every applied event that changed a page; `current()` brings the search
    index there and answers it.
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
        self._behind = True
        self._refreshing = threading.Lock()
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

    def current(self, *, look: bool = False) -> int:
        """The version, with the search index brought up to it; `look` asks the tables also where nobody told."""
        if not (self._behind or look):
            return self._seq
        # Whoever need not see the newest does not wait for who is already bringing it.
        if self._refreshing.acquire(blocking=look or self._seq == _NOTHING):
            try:
                if self._behind or look:
                    self._refresh()
            finally:
                self._refreshing.release()
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

    def stop(self) -> None:
        for subscription in self.subscriptions.values():
            subscription.stop()

    def drop(self, timeout_s: float) -> None:
        """Nothing of it is left, once its readers are gone or the time is over; it must have stopped."""
        with self._idle:
            self._idle.wait_for(lambda: self._readers == 0, timeout_s)
        with self.database.write() as connection:
            self.tables.metadata.drop_all(connection)
            drop_generation(connection, subscriber=SUBSCRIBER, generation=self.number)

    def _applied(self, _events: Sequence[RecordedEvent]) -> None:
        self._behind = True

    def _refresh(self) -> None:
        # Put down first: what is applied from here on is looked for again.
        self._behind = False
        try:
            with self.database.read() as connection:
                newest = self.models.newest_touch(connection)
                if newest == self._seq:
                    return
                ids = None if self._seq == _NOTHING else self.models.touched_since(connection, self._seq)
                self.index.update(self.models.indexed(connection, ids))
            self._seq = newest
        except BaseException:
            self._behind = True
            raise
