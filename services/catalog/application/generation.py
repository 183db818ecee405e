"""One generation of the read model: its tables, the subscriptions that fill them, its search index."""

from __future__ import annotations

import gc
import itertools
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial

import structlog

from services.catalog.application.long_pages import LongPages
from services.catalog.projection import SOURCES, handlers
from services.catalog.projection.histories import HistoryReads
from services.catalog.projection.models import ModelReads
from services.catalog.projection.tables import Tables
from services.catalog.search import SearchIndex
from shared.database import Database
from shared.event_store.interface import RecordedEvent
from shared.subscription import ReadLog, Subscription
from shared.turns import Turns

SUBSCRIBER = "catalog"
_NOTHING = 0
_AGAIN_S = 1.0
_TOGETHER_S = 0.05
_MADE = itertools.count(1)

Moved = Callable[[str, Sequence[RecordedEvent]], None]

log = structlog.get_logger(__name__)


class Generation:
    """A read model in tables of its own, filled by subscriptions of its own and by those of other replicas.

    `version()` rises with every applied event that changed a page, whoever applied it: what was
    applied here is told by the subscription, what was applied elsewhere by `told`. The search index
    follows in a thread of its own, because a commit of it costs more than most reads; `current()`
    answers the version it has reached. `made` is another number for each object: what is kept in
    memory of one is nothing to the next, though it may read the same tables.
    `on_moved(source, events)` is called where positions rise; the events are those applied here. `look_s` is
    how long its subscriptions wait before they look at a log although nobody told them to.
    """

    def __init__(
        self,
        number: int,
        *,
        database: Database,
        read_logs: Mapping[str, ReadLog],
        on_rewound: Callable[[], None],
        on_moved: Moved | None = None,
        create: bool = True,
        look_s: float = 1.0,
    ) -> None:
        self.number = number
        self.made = next(_MADE)
        self.tables = Tables(number)
        self.database = database
        if create:
            database.create_at_once(self.tables.metadata)
        self.models = ModelReads(self.tables)
        self.histories = HistoryReads(self.tables)
        self._pages = {source: LongPages(read_logs[source]) for source in SOURCES}
        self.subscriptions = self._subscribed(on_rewound, look_s=look_s)
        self._on_moved = on_moved
        self._told: dict[str, int] = {source: self.subscriptions[source].position() for source in SOURCES}
        self.index = SearchIndex()
        self._seq = _NOTHING
        self._behind = threading.Event()
        self._behind.set()
        self._version = _NOTHING
        self._version_behind = True
        self._rising = threading.Lock()
        self._refreshing = threading.Lock()
        self._stopping = threading.Event()
        self._indexer: threading.Thread | None = None
        self._readers = 0
        self._idle = threading.Condition()

    def _subscribed(self, on_rewound: Callable[[], None], *, look_s: float) -> dict[str, Subscription]:
        by_source = handlers(self.tables)
        made = {
            source: Subscription(
                name=SUBSCRIBER,
                source=source,
                read_log=self._pages[source],
                database=self.database,
                handlers=by_source[source],
                generation=self.number,
                on_rewound=on_rewound,
                look_s=look_s,
            )
            for source in SOURCES
        }
        for source, subscription in made.items():
            subscription.on_applied(partial(self._applied, source))
        return made

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
                    newest = self.models.newest_touch(connection)
            except BaseException:
                self._version_behind = True
                raise
            self._raise_version(newest)
        return self._version

    def _raise_version(self, newest: int) -> None:
        with self._rising:
            self._version = max(self._version, newest)

    def current(self, *, look: bool = False) -> int:
        """The search index's version; with `look` it is brought up to the tables first.

        Without, whoever need not see the newest does not wait for who is bringing it.
        """
        if look or self._seq == _NOTHING or (self._indexer is None and self._behind.is_set()):
            with self._refreshing:
                if self._behind.is_set() or look:
                    self._refresh()
        return self._seq

    def position(self, source: str) -> int:
        """Everything up to it is in the tables, by whichever replica, and known here."""
        return max(self._told[source], self.subscriptions[source].position())

    def take_turns(self, turns: Turns, *, first: bool) -> None:
        for subscription in self.subscriptions.values():
            subscription.take_turns(turns, first=first)

    def positions(self) -> dict[str, int]:
        return {source: self.position(source) for source in SOURCES}

    def reached(self, wanted: Mapping[str, int]) -> bool:
        return all(self.position(source) >= position for source, position in wanted.items())

    def known(self) -> tuple[int, Mapping[str, int]]:
        """(version, positions) as of now: a later look at the tables shows no less, unless they were restored."""
        return self._version, self.positions()

    def told(self, newest: int, positions: Mapping[str, int]) -> None:
        """So far are the tables: where another replica applied something, readers here see it from now on."""
        moved = [source for source in SOURCES if positions.get(source, 0) > self.position(source)]
        if newest > self._version:
            # In this order: whoever finds the new version's answer missing makes it from tables that have it.
            self._raise_version(newest)
            self._behind.set()
        for source in moved:
            self._told[source] = positions[source]
            if self._on_moved is not None:
                self._on_moved(source, ())

    def catch_up(self) -> None:
        """Applies all that the logs hold now, in the calling thread, a great deal in one transaction."""
        for source, subscription in self.subscriptions.items():
            self._pages[source].joined = True
            try:
                with _uncollected():
                    subscription.catch_up()
            finally:
                self._pages[source].joined = False

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

    def await_readers(self, timeout_s: float) -> bool:
        """Whether its readers are gone within the time."""
        with self._idle:
            return self._idle.wait_for(lambda: self._readers == 0, timeout_s)

    def _applied(self, source: str, events: Sequence[RecordedEvent]) -> None:
        self._version_behind = True
        self._behind.set()
        self._told[source] = max(self._told[source], events[-1].position)
        if self._on_moved is not None:
            self._on_moved(source, events)

    def _index(self) -> None:
        # Whoever stops says so before it wakes: a wake-up that a refresh has taken away is not missed.
        while not self._stopping.is_set():
            self._behind.wait()
            # What one submission leads to comes within a moment, and a commit of the index costs as much for all of it.
            if self._stopping.wait(_TOGETHER_S):
                return
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


@contextmanager
def _uncollected() -> Iterator[None]:
    """A batch is many objects and no cycles: to look for some among them takes a tenth of a build's time."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()
