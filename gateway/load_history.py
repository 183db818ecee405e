"""The last hour of every service: how long its log grew and how far each reader was behind, looked at each minute.

Kept in this process alone: after a start it begins anew, and each gateway has its own.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from uuid import uuid4

import structlog

from shared.contracts.common import Empty, ServiceOperations, system_caller
from shared.errors import HubError
from shared.service import Calls

EVERY_S = 60.0
MINUTES = 60
SERVICES = ("registry", "review", "identity", "pr_bot", "catalog")

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """At Unix seconds `at`: the newest position of each log, and by (reader, source) the positions not applied."""

    at: float
    heads: Mapping[str, int] = field(default_factory=dict)
    lags: Mapping[tuple[str, str], int] = field(default_factory=dict)


def sample_of(states: Iterable[ServiceOperations], at: float) -> Sample:
    """A service that did not answer is in neither; of several readers of one source the slowest counts."""
    heads: dict[str, int] = {}
    lags: dict[tuple[str, str], int] = {}
    for state in states:
        if state.log_head:
            heads[state.service] = state.log_head
        for one in state.subscriptions:
            key = (state.service, one.source)
            lags[key] = max(lags.get(key, 0), one.lag)
    return Sample(at=at, heads=heads, lags=lags)


class LoadHistory:
    """`start` begins to look, `stop` returns when nothing looks any more."""

    def __init__(self, calls: Calls, *, clock: Callable[[], float] = time.time, every_s: float = EVERY_S) -> None:
        self._calls = calls
        self._clock = clock
        self._every_s = every_s
        # One more than the minutes: what was appended in each lies between two looks.
        self._samples: deque[Sample] = deque(maxlen=MINUTES + 1)
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None

    def samples(self) -> tuple[Sample, ...]:
        """Oldest first; at most an hour and a minute of them."""
        return tuple(self._samples)

    def look(self) -> None:
        """Takes one sample."""
        self._samples.append(sample_of(self._states(), self._clock()))

    def start(self) -> None:
        self._thread = threading.Thread(target=self._run, name="load-history", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        self._stopping.set()
        if self._thread is not None:
            self._thread.join()

    def _run(self) -> None:
        while True:
            try:
                self.look()
            except Exception:
                # A thread's top: the chart has a gap, and the next look tries again.
                log.exception("the services' load could not be looked at")
            if self._stopping.wait(self._every_s):
                return

    def _states(self) -> Iterable[ServiceOperations]:
        caller = system_caller("gateway", command_id=str(uuid4()))
        for name in SERVICES:
            try:
                yield self._calls.of(name).operations(Empty(), caller)
            except HubError:
                # The page says which service does not answer; here it has a gap.
                continue
