"""Which generation is served, and how a new one takes its place while the old one answers.

Several replicas may serve from one database. One of them builds, the others see that another
generation is served and go over to it; what is applied by one is seen by all at their next look.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from functools import partial
from typing import Any
from uuid import uuid4

import structlog

from services.catalog.application.follower import ALONE, REPLICATED, Follower
from services.catalog.application.generation import Generation
from services.catalog.application.ledger import Ledger, Refusal
from services.catalog.projection import PROJECTION_VERSION, SOURCES
from shared.clock import wall_clock
from shared.database import Database
from shared.errors import HubError, Unavailable
from shared.event_store.interface import RecordedEvent
from shared.subscription import ReadLog
from shared.turns import Turns

_DROP_AFTER_S = 10.0
_BEAT_S = 2.0
_ATTEMPTS = 3
_AGAIN_S = 1.0
_LOOK_AT_BUILDER_S = 0.2
_SLICE_S = 0.05

Applied = Callable[[Sequence[RecordedEvent]], None]

log = structlog.get_logger(__name__)


class NotBuiltYet(Unavailable):
    slug = "catalog-not-built"


class Generations:
    """The served generation, and the one being built beside it.

    `start` runs the served subscriptions in threads; before it (or without it) `catch_up` on them
    does the same by hand. A rewound log or another projection version starts a rebuild by itself.
    `replicated`: other processes may serve from the same database; without, this one is alone. `look_s` is how
    long subscriptions wait before they look at a log although nobody told them to.
    """

    def __init__(
        self,
        database: Database,
        read_logs: Mapping[str, ReadLog],
        *,
        version: int = PROJECTION_VERSION,
        replicated: bool = False,
        look_s: float = 1.0,
        now: Callable[[], float] = wall_clock,
    ) -> None:
        self._database = database
        self._read_logs = read_logs
        self._version = version
        self._replicated = replicated
        self._look_s = look_s
        self._switching = threading.RLock()
        self._following = threading.Lock()
        self._moved = threading.Condition()
        self._callbacks: dict[str, tuple[Applied, ...]] = dict.fromkeys(SOURCES, ())
        self._turns: Callable[[Generation], None] = lambda _generation: None
        self._running = False
        self._builder: threading.Thread | None = None
        self._building: Generation | None = None
        self._built_elsewhere = False
        self._needed = False
        self._stopping = threading.Event()
        self._rewound = threading.Event()
        self._again = threading.Event()
        self._beat_at = self._swept_at = 0.0
        self.last_error = ""
        self._ledger = Ledger(database, version=version, replica=uuid4().hex, shared=replicated, now=now)
        self._follower = Follower(self.look, REPLICATED if replicated else ALONE)
        self._settle()

    def _settle(self) -> None:
        number, stored_version = self._ledger.settle()
        self._ledger.sweep(keep=number)
        self.outdated = stored_version != self._version
        # What replicas of another release read is theirs alone to write.
        self._ready = not self.outdated or not self._replicated
        if self.outdated and self._ready and not self._ledger.fits(number):
            # Tables of another shape cannot be read: the new generation answers from its first event on.
            self._ledger.drop(number)
            number += 1
            self._ledger.serve(number)
            self.outdated = False
        self._served = self._make(number, create=self._ready)

    @property
    def served(self) -> Generation:
        return self._served

    @property
    def is_ready(self) -> bool:
        """Whether there is anything to read and to write; otherwise it is being built, or will be by `start`."""
        return self._ready

    @property
    def rebuilding(self) -> bool:
        return self._building is not None or self._built_elsewhere

    @contextmanager
    def reading(self) -> Iterator[Generation]:
        """The served generation, which stays until the block ends; NotBuiltYet where nothing can be read yet."""
        if not self._ready:
            raise NotBuiltYet("catalog: its read models are being built for this release; try again in a moment")
        with ExitStack() as stack:
            with self._switching:
                generation = stack.enter_context(self._served.held())
            yield generation

    def reached(self, wanted: Mapping[str, int], timeout_s: float) -> bool:
        """Whether reads of this process show all up to these positions, by source, within the time."""
        if self._served.reached(wanted):
            return True
        now = time.monotonic()
        deadline, patient_until = now + timeout_s, now + self._follower.pace.patience_s
        with self._follower.hurried():
            while not self._served.reached(wanted):
                now = time.monotonic()
                if now >= deadline:
                    return False
                if now >= patient_until:
                    patient_until = deadline
                    self._read_logs_of(wanted)
                with self._moved:
                    if not self._served.reached(wanted):
                        self._moved.wait(min(deadline - now, max(patient_until - now, 0.001), _SLICE_S))
        return True

    def _read_logs_of(self, wanted: Mapping[str, int]) -> None:
        generation = self._served
        for source, position in wanted.items():
            if generation.position(source) < position:
                generation.subscriptions[source].wake()

    def take_turns(self, turns: Turns, *, first: bool) -> None:
        """For the generation served now and those to come."""
        self._turns = partial(Generation.take_turns, turns=turns, first=first)
        self._turns(self.served)

    def on_applied(self, source: str, callback: Applied) -> None:
        """Call `callback` whenever reads of this process show more of the source: with the events that were applied
        here, or with none where another replica applied them."""
        self._callbacks[source] = (*self._callbacks[source], callback)

    def start(self) -> None:
        """Returns when there is something to read: beside replicas of another release once this one's is built."""
        self._stopping.clear()
        self._follower.start()
        if not self._ready:
            self._needed = True
            self.rebuild().join()
        if self._ready:
            self._served.current()
        with self._switching:
            self._running = True
            if self._ready:
                self._served.start()
        if self.outdated and self._ready:
            self._needed = True
            self.rebuild()

    def stop(self) -> None:
        self._stopping.set()
        self._await_builder()
        self._follower.stop()
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

    def look(self) -> None:
        """This process knows what the database holds, and serves what is to be served."""
        generation = self._served
        version, positions = generation.known()
        try:
            sight = self._ledger.look(generation.number)
        except Exception:
            # Its tables may be gone, because another one is served.
            if (number := self._ledger.served()) in (0, generation.number):
                raise
            self._follow(number, at_once=True)
            return
        self._built_elsewhere = sight.building != 0
        if sight.served not in (0, generation.number):
            self._follow(sight.served)
        elif sight.newest < version or any(sight.positions.get(source, 0) < at for source, at in positions.items()):
            log.warning("the catalog's database was restored; its index is made anew", generation=generation.number)
            self._follow(generation.number, instead_of=generation, at_once=True)
        else:
            generation.told(sight.newest, sight.positions)
        self._housekeeping()

    def _housekeeping(self) -> None:
        now = time.monotonic()
        if not self._replicated or now < self._beat_at + _BEAT_S:
            return
        self._beat_at = now
        if (building := self._building) is not None and not self._ledger.build_goes_on(building.number):
            self._rewound.set()
        if now > self._swept_at + _DROP_AFTER_S:
            self._swept_at = now
            self._ledger.use(self._served.number)
            self._ledger.sweep(keep=self._served.number)

    def _follow(self, number: int, *, instead_of: Generation | None = None, at_once: bool = False) -> None:
        """Goes over to the generation, not behind what readers here have seen unless `at_once`."""
        with self._following:
            old = self._served
            if old.number == number and old is not instead_of:
                return
            generation = self._make(number, create=False)
            if not at_once:
                self._bring_up(generation, old.positions())
            generation.current()
            with self._switching:
                if self._served is not old:
                    return
                self._served, self.outdated, self._ready = generation, False, True
                if self._running:
                    generation.start()
            self._ledger.use(number)
            old.stop()
        log.info("catalog goes over to another generation", generation=number)
        self._tell_all()

    def _bring_up(self, generation: Generation, positions: Mapping[str, int]) -> None:
        for source, position in positions.items():
            if generation.position(source) < position:
                generation.subscriptions[source].catch_up()

    def rebuild(self) -> threading.Thread:
        """Builds a new generation in a thread; the one that is at it already is answered where there is one."""
        with self._switching:
            if self._builder is None:
                self._builder = threading.Thread(
                    target=self._rebuild, args=(self._served.number,), name="catalog-rebuild", daemon=True
                )
                self._builder.start()
            return self._builder

    def _rebuild(self, instead_of: int) -> None:
        while True:
            self._attempt(instead_of)
            with self._switching:
                if not self._again.is_set() or self._stopping.is_set():
                    self._builder = None
                    return
                self._again.clear()
                instead_of = self._served.number

    def _attempt(self, instead_of: int) -> None:
        tries = 0
        while tries < _ATTEMPTS or self._needed:
            tries += 1
            try:
                if self._built(instead_of):
                    self.last_error, self._needed = "", False
                    return
            except Exception as error:
                # A thread's top: the served generation goes on, operators see why.
                message = error.message if isinstance(error, HubError) else str(error)
                self.last_error = f"{type(error).__name__}: {message}".splitlines()[0][:500]
                log.exception("catalog rebuild failed")
            if self._stopping.wait(_AGAIN_S):
                return

    def _built(self, instead_of: int) -> bool:
        """Whether a new generation is served; False where a log was restored meanwhile or the hub stops."""
        self._rewound.clear()
        while (number := self._ledger.claim(instead_of=instead_of)) is Refusal.BUILDING:
            if self._stopping.wait(_LOOK_AT_BUILDER_S):
                return False
        if isinstance(number, Refusal):
            self._follow(self._ledger.served())
            return True
        try:
            generation = self._building = self._make(number)
            self._fill(generation)
            if not self._switched(generation):
                self._ledger.drop(number)
                return False
            return True
        except BaseException:
            self._ledger.drop(number)
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
            if self._rewound.is_set() or self._stopping.is_set() or not self._ledger.switch(generation.number):
                return False
            old = self._served
            self._served, self.outdated, self._ready = generation, False, True
            if self._running:
                generation.start()
        old.stop()
        if not self._replicated:
            old.await_readers(_DROP_AFTER_S)
            self._ledger.drop(old.number)
        log.info("catalog rebuilt", generation=generation.number)
        self._tell_all()
        return True

    def _make(self, number: int, *, create: bool = True) -> Generation:
        made = Generation(
            number,
            database=self._database,
            read_logs=self._read_logs,
            on_rewound=partial(self._on_rewound, number),
            on_moved=partial(self._told_by, number),
            create=create,
            look_s=self._look_s,
        )
        self._turns(made)
        return made

    def _told_by(self, number: int, source: str, events: Sequence[RecordedEvent]) -> None:
        if number == self._served.number:
            self._tell(source, events)

    def _tell(self, source: str, events: Sequence[RecordedEvent]) -> None:
        with self._moved:
            self._moved.notify_all()
        for callback in self._callbacks[source]:
            callback(events)

    def _tell_all(self) -> None:
        for source in SOURCES:
            self._tell(source, ())

    def _on_rewound(self, number: int) -> None:
        log.warning("a log was restored; the catalog is built anew", generation=number)
        with self._switching:
            if number != self._served.number:
                if self._building is not None and number == self._building.number:
                    self._rewound.set()
                return
            self._needed = True
            if self._builder is not None:
                # It may have switched to this very generation already, and is only clearing up.
                self._again.set()
            self.rebuild()
