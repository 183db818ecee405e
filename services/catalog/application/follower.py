"""Looks at the database again and again, so that this process's memory follows it, whoever wrote."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import structlog

_BACK_OFF_S = 0.5

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """Seconds: between two looks; between two while a reader waits; before a reader has the log itself read."""

    look_s: float
    awaited_s: float
    patience_s: float


ALONE = Pace(look_s=1.0, awaited_s=1.0, patience_s=0.0)
"""What is applied is applied in this process, which tells of it; others write seldom."""
REPLICATED = Pace(look_s=0.1, awaited_s=0.01, patience_s=0.1)


class Follower:
    """Calls `look` in a thread of its own; sooner while somebody waits."""

    def __init__(self, look: Callable[[], None], pace: Pace) -> None:
        self.pace = pace
        self._look = look
        self._waiting = 0
        self._lock = threading.Lock()
        self._woken = threading.Event()
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        self._stopping.clear()
        self._thread = threading.Thread(target=self._run, name="catalog-follower", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        self._stopping.set()
        self._woken.set()
        if self._thread is not None and self._thread is not threading.current_thread():
            self._thread.join()

    @contextmanager
    def hurried(self) -> Iterator[None]:
        """Until the block ends it looks at the pace of those who wait."""
        with self._lock:
            self._waiting += 1
        if self.pace.awaited_s < self.pace.look_s:
            self._woken.set()
        try:
            yield
        finally:
            with self._lock:
                self._waiting -= 1

    def _run(self) -> None:
        failing = False
        while not self._stopping.is_set():
            self._woken.wait(self.pace.awaited_s if self._waiting else self.pace.look_s)
            self._woken.clear()
            if self._stopping.is_set():
                return
            try:
                self._look()
                failing = False
            except Exception as error:  # noqa: BLE001 it is shown, and what failed is tried again
                # A thread's top: what is known goes on being served, and the next look tries again.
                if not failing:
                    log.warning("the catalog's database could not be looked at", error=str(error).splitlines()[0][:500])
                failing = True
                self._stopping.wait(_BACK_OFF_S)
