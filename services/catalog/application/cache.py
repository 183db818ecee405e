"""Answers kept for as long as the catalog's version stays what it was."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Any, TypeVar

Answer = TypeVar("Answer")


class Answers:
    """The last `limit` answers; a key holds the version, so nothing has to be thrown away by hand."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._kept: OrderedDict[Hashable, Any] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, key: Hashable, make: Callable[[], Answer]) -> Answer:
        """The kept answer, or a new one; two threads may make the same one at once."""
        with self._lock:
            if key in self._kept:
                self._kept.move_to_end(key)
                kept: Answer = self._kept[key]
                return kept
        answer = make()
        with self._lock:
            self._kept[key] = answer
            if len(self._kept) > self._limit:
                self._kept.popitem(last=False)
        return answer
