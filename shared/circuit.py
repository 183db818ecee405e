"""Stops asking a service that does not answer, and asks again, one call at a time, until it does."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from shared.errors import Unavailable

FAILURES = 5
PAUSE_S = 1.0


class Circuit:
    """Opens after `failures` in a row; then one call each `pause_s` goes through to find out. Any thread."""

    def __init__(
        self,
        service: str,
        *,
        failures: int = FAILURES,
        pause_s: float = PAUSE_S,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._service = service
        self._allowed = failures
        self._pause_s = pause_s
        self._clock = clock
        self._failures = 0
        self._next_probe = 0.0
        self._lock = threading.Lock()

    @property
    def is_open(self) -> bool:
        return self._failures >= self._allowed

    def enter(self) -> None:
        """Before a call; raises Unavailable, at once, while the service is known not to answer."""
        with self._lock:
            if not self.is_open:
                return
            now = self._clock()
            if now >= self._next_probe:
                self._next_probe = now + self._pause_s
                return
        raise Unavailable(
            f"{self._service}: expected it to answer, its last {self._failures} calls had none; "
            "try again in a moment, an operator should look whether it runs",
            slug="service-unavailable",
        )

    def succeeded(self) -> None:
        """It answered, be it with a refusal."""
        with self._lock:
            self._failures = 0

    def failed(self) -> None:
        """No answer in time."""
        with self._lock:
            self._failures += 1
            if self.is_open:
                self._next_probe = self._clock() + self._pause_s
