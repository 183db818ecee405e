"""Where time, ids and randomness come from; tests give their own."""

from __future__ import annotations

import time
from collections.abc import Callable

Clock = Callable[[], float]


def wall_clock() -> float:
    """Unix seconds."""
    return time.time()
