"""Applies a source's log to a subscriber's database: each event once, in order, with its cursor.

The log is the truth, a wake-up is a hint: pages are read from the owner and applied in one
transaction whose first statement moves the cursor by compare-and-set, so of two replicas one
applies. A handler that keeps failing on an event parks that event's stream and nothing else.
"""

from __future__ import annotations

import enum
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from functools import partial

import structlog

from shared.applier import Applier, CursorMoved, Handler, first_line
from shared.cursors import START, Cursor, Cursors, GenerationDropped, Parked
from shared.database import Database
from shared.errors import HubError, NotFound
from shared.event_store.interface import LogPage, LogRewound, RecordedEvent
from shared.event_store.serialization import MalformedEvent, UnknownEventVersion
from shared.messages import Message, sort_out
from shared.turns import Turns

ReadLog = Callable[[int, str | None, int], LogPage]

# Trying again cannot help: the program must be upgraded, or the generation is no longer wanted.
_FINAL = (UnknownEventVersion.slug, MalformedEvent.slug, GenerationDropped.slug)
_BACK_OFF_S = (0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0)
# A read of the log may end just before an event that was delivered already: its owner takes a while to be sure.
_EARLY_S = 0.01
_EARLY_LOOKS = 100
# Whoever holds the turn longer is reading the log, and will come to what was delivered.
_TURN_S = 0.5

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class SubscriptionStatus:
    """`state`: running; waiting (source or database fails, trying again); stopped (`last_error`: why, if by itself).

    `lag` counts positions of the log, `parked` streams that wait, `delivered` the events since start that
    were applied as they were delivered, without reading the log.
    """

    name: str
    source: str
    position: int
    head: int
    lag: int
    parked: int
    state: str
    last_error: str
    delivered: int = 0


def look_s(*, beside_broker: bool) -> float:
    """How long a subscription waits before it looks at the log although nobody told it to."""
    return 5.0 if beside_broker else 1.0


class _Progress(enum.Enum):
    MORE = enum.auto()
    IDLE = enum.auto()
    REWOUND = enum.auto()


class Subscription:
    """One subscriber's reading of one source's log.

    `read_log(after, mark, limit)` asks the owner; it may raise LogRewound or Unavailable (also as
    slugs, from a carrier). `handlers` write through the connection they are given, in the
    cursor's transaction, and call no service; they must be idempotent where the log is read from
    the start again, after a restore. With `on_rewound` that call is made instead, once, and the
    subscription stops. All methods are safe from any thread.
    """

    def __init__(
        self,
        *,
        name: str,
        source: str,
        read_log: ReadLog,
        database: Database,
        handlers: Mapping[type, Handler],
        generation: int = 1,
        on_rewound: Callable[[], None] | None = None,
        batch: int = 500,
        look_s: float = 1.0,
        now: Callable[[], float] = time.time,
    ) -> None:
        self.name = name
        self.source = source
        self.generation = generation
        self._read_log = read_log
        self._database = database
        self._on_rewound = on_rewound
        self._batch = batch
        self._look_s = look_s
        self._cursors = Cursors(database, subscriber=name, source=source, generation=generation)
        self._applier = Applier(
            database, self._cursors, handlers, log=log.bind(subscriber=name, source=source), now=now
        )
        self._cursor = self._cursors.load()
        self._head = self._cursor.position
        self._state = "stopped"
        self._last_error = ""
        self._delivered = 0
        self._beyond, self._early_looks = 0, 0
        self._applied_callbacks: tuple[Callable[[Sequence[RecordedEvent]], None], ...] = ()
        self._untold: tuple[Cursor, Sequence[RecordedEvent]] | None = None
        self._turn = threading.Lock()
        self._turns: Callable[[], AbstractContextManager[None]] = nullcontext
        self._moved = threading.Condition()
        self._woken = threading.Event()
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Reads in a thread of its own until `stop`."""
        if self._thread is not None and self._thread.is_alive():
            raise RuntimeError(f"subscription {self.name} to {self.source} already runs")
        self._stopping.clear()
        self._state, self._last_error = "running", ""
        self._thread = threading.Thread(target=self._run, name=f"{self.name}<-{self.source}", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Returns when the batch in hand is committed or rolled back."""
        self._stopping.set()
        self._woken.set()
        if self._thread is not None and self._thread is not threading.current_thread():
            self._thread.join()
        self._state = "stopped"

    def take_turns(self, turns: Turns, *, first: bool) -> None:
        """From now on it reads and applies when it is its turn among the subscriptions of this process."""
        self._turns = partial(turns.taken, first=first)

    def wake(self) -> None:
        """There may be something new; cheap, from any thread."""
        self._woken.set()

    def deliver(self, messages: Sequence[Message]) -> None:
        """Applies what follows the cursor, in one transaction; the log is read for what does not, if running.

        `messages` are in the order in which they came. What is applied already is dropped. Errors of the
        database are raised; nothing is lost by them, the log has it all.
        """
        beyond = messages[-1].event.position if messages else 0
        if self._turn.acquire(timeout=_TURN_S):
            try:
                self._tell_applied()
                beyond = self._deliver(messages)
            finally:
                self._turn.release()
        if beyond > self._cursor.position:
            self._beyond, self._early_looks = max(self._beyond, beyond), 0
        if beyond:
            self.wake()

    def on_applied(self, callback: Callable[[Sequence[RecordedEvent]], None]) -> None:
        """Call `callback` after each commit with the events it applied, before `position` moves.

        Where one raises, all are called again with the same events before anything else is read.
        """
        self._applied_callbacks = (*self._applied_callbacks, callback)

    def catch_up(self) -> int:
        """Applies all there is now, in the calling thread, and answers the position; errors are raised."""
        while True:
            progress = self._step()
            if progress is _Progress.IDLE:
                return self.position()
            if progress is _Progress.REWOUND:
                self._tell_rewound()
                return self.position()

    def position(self) -> int:
        """Everything up to it is applied (or parked), committed and told to `on_applied`."""
        return self._cursor.position

    def wait_for(self, position: int, timeout_s: float) -> bool:
        """Whether `position` was reached in time."""
        if self._cursor.position < position:
            self.wake()
        with self._moved:
            return self._moved.wait_for(lambda: self._cursor.position >= position, timeout_s)

    def parked(self) -> list[Parked]:
        """The streams that wait, oldest first."""
        return self._cursors.parked()

    def status(self) -> SubscriptionStatus:
        """As seen by this process; `head` is that of the last page read."""
        position, head = self._cursor.position, max(self._head, self._cursor.position)
        return SubscriptionStatus(
            name=self.name,
            source=self.source,
            position=position,
            head=head,
            lag=head - position,
            parked=len(self._cursors.parked()),
            state=self._state,
            last_error=self._last_error,
            delivered=self._delivered,
        )

    def retry(self, parked_id: int) -> bool:
        """Applies what waits in a parked stream, all of it or nothing; False where it failed again.

        The stream is read from the log, from the parked event up to the cursor. Raises NotFound
        for an id that is not parked here, and whatever `read_log` raises.
        """
        while True:
            with self._turn:
                self._tell_applied()
                try:
                    cursor = self._cursors.load()
                    parked = self._parked(parked_id)
                    events = self._stream_between(parked, cursor)
                    if not self._applier.retry(parked, cursor, events):
                        return False
                    self._advance(cursor, events)
                    return True
                except CursorMoved:
                    self._reload()

    def _run(self) -> None:
        failures = 0
        while not self._stopping.is_set():
            try:
                progress = self._step()
            except Exception as error:  # noqa: BLE001 a thread's top: whatever it is, it is shown and tried again
                if self._gave_up(error):
                    return
                self._stopping.wait(_BACK_OFF_S[min(failures, len(_BACK_OFF_S) - 1)])
                failures += 1
                continue
            if progress is _Progress.REWOUND:
                self._state = "stopped"
                self._tell_rewound()
                return
            failures, self._state, self._last_error = 0, "running", ""
            if progress is _Progress.IDLE:
                self._woken.wait(self._until_next_look())
                self._woken.clear()

    def _gave_up(self, error: Exception) -> bool:
        """An event this program cannot read stops the subscription; all else is tried again."""
        stops = _slug(error) in _FINAL
        self._state = "stopped" if stops else "waiting"
        self._last_error = first_line(error)
        report = log.error if stops else log.warning
        report("subscription failed", subscriber=self.name, source=self.source, error=self._last_error, stopped=stops)
        return stops

    def _step(self) -> _Progress:
        """Reads and applies one page."""
        with self._turn, self._turns():
            self._tell_applied()
            cursor = self._cursor
            try:
                page = self._read(cursor)
            except HubError as error:
                if _slug(error) != LogRewound.slug:
                    raise
                return self._rewind(cursor, error)
            self._head = page.head
            if not page.events:
                return _Progress.IDLE
            try:
                applied = self._applier.apply(cursor, page.events)
            except CursorMoved:
                self._reload()
                return _Progress.MORE
            self._advance(Cursor.at(page.events[-1]), applied)
            return _Progress.MORE

    def _deliver(self, messages: Sequence[Message]) -> int:
        """The position that only the log leads to, 0 where all is applied."""
        while True:
            cursor = self._cursor
            found = sort_out(cursor, messages)
            if not found.run:
                return found.beyond
            try:
                applied = self._applier.apply(cursor, found.run)
            except CursorMoved:
                self._reload()
                continue
            self._head = max(self._head, found.run[-1].position)
            self._delivered += len(applied)
            self._advance(Cursor.at(found.run[-1]), applied)
            return found.beyond

    def _until_next_look(self) -> float:
        if self._cursor.position >= self._beyond or self._early_looks >= _EARLY_LOOKS:
            return self._look_s
        self._early_looks += 1
        return _EARLY_S

    def _read(self, cursor: Cursor) -> LogPage:
        try:
            return self._read_log(cursor.position, cursor.mark, self._batch)
        except HubError as error:
            if _slug(error) not in _FINAL:
                raise
            # What comes before the unreadable event is applied all the same.
            return self._read_log(cursor.position, cursor.mark, 1)

    def _rewind(self, cursor: Cursor, error: HubError) -> _Progress:
        log.warning("log rewound", subscriber=self.name, source=self.source, position=cursor.position)
        if self._on_rewound is not None:
            self._last_error = first_line(error)
            return _Progress.REWOUND
        with self._database.write() as connection:
            if self._cursors.move(connection, start=cursor, to=START):
                self._cursors.unpark_all(connection)
        self._reload()
        return _Progress.MORE

    def _tell_rewound(self) -> None:
        if self._on_rewound is not None:
            self._on_rewound()

    def _parked(self, parked_id: int) -> Parked:
        for parked in self._cursors.parked():
            if parked.id == parked_id:
                return parked
        raise NotFound(f"parked stream {parked_id}: expected it to wait in {self.name}, found nothing")

    def _stream_between(self, parked: Parked, cursor: Cursor) -> list[RecordedEvent]:
        """Filtered from the log: a retry is rare, and the owner need not offer a second way to read."""
        events: list[RecordedEvent] = []
        before = parked.before
        while before.position < cursor.position:
            page = self._read_log(before.position, before.mark, self._batch)
            if not page.events:
                break
            events += [e for e in page.events if e.stream == parked.stream and e.position <= cursor.position]
            before = Cursor.at(page.events[-1])
        return events

    def _advance(self, cursor: Cursor, applied: Sequence[RecordedEvent]) -> None:
        self._untold = (cursor, applied)
        self._tell_applied()

    def _tell_applied(self) -> None:
        """Kept until every callback went through: what is committed cannot be read again."""
        if self._untold is None:
            return
        cursor, applied = self._untold
        if applied:
            for callback in self._applied_callbacks:
                callback(applied)
        with self._moved:
            self._cursor, self._untold = cursor, None
            self._moved.notify_all()

    def _reload(self) -> None:
        self._advance(self._cursors.load(), ())


def _slug(error: BaseException) -> str:
    return error.error_slug if isinstance(error, HubError) else ""
