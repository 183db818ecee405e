"""Who of one process applies events now: threads that share an interpreter only stand in each other's way.

What readers wait for goes first; whoever has begun is let finish.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager


class Turns:
    """One at a time; those who go `first` before all others. Fair enough: nobody stays with it for long."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._taken = False
        self._waiting = [0, 0]

    @property
    def waiting(self) -> int:
        """How many wait for their turn."""
        with self._changed:
            return sum(self._waiting)

    @contextmanager
    def taken(self, *, first: bool) -> Iterator[None]:
        """Waits for the turn, and has it until the block ends. Not to be nested."""
        with self._changed:
            self._waiting[first] += 1
            try:
                self._changed.wait_for(lambda: not self._taken and (first or not self._waiting[True]))
            finally:
                self._waiting[first] -= 1
            self._taken = True
        try:
            yield
        finally:
            with self._changed:
                self._taken = False
                self._changed.notify_all()
