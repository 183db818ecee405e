"""Waiting in tests: for something to become true, with an end."""

from __future__ import annotations

import time
from collections.abc import Callable

DEADLINE_S = 30.0


def eventually(is_so: Callable[[], bool], said: Callable[[], object] = str, *, within_s: float = DEADLINE_S) -> None:
    """Returns once `is_so`; fails with what `said` answers where that never comes."""
    deadline = time.monotonic() + within_s
    while not is_so():
        assert time.monotonic() < deadline, said()
        time.sleep(0.02)
