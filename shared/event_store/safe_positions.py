"""Up to which position PostgreSQL's log is complete: below it, nothing can appear any more.

Writers commit in another order than that in which they drew their positions, so a reader that
took all it sees would pass by what commits late. Who writes is known: each writer holds a
RowExclusiveLock on the table from before it draws a position until it has ended, and takes no
other lock for it. So a mark, the newest position with the writers there are just then, is safe as
soon as each of them has ended. Marks need no transaction ids, which do not survive a restore.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

from sqlalchemy import Connection, Dialect

from shared.database import Statement

WITHIN_S = 0.2
_PAUSES_S = (0.001, 0.002, 0.004, 0.008)
_MARKS_KEPT = 128
# The snapshot of the first part is older than the look at the locks: whoever has ended in between is visible to the
# statement that reads the rows, which has to be another one.
_LOOK = """
SELECT (SELECT coalesce(max(position), 0) FROM events),
       ARRAY(SELECT virtualtransaction FROM pg_locks
             WHERE locktype = 'relation' AND relation = CAST('events' AS regclass) AND mode = 'RowExclusiveLock'
               AND granted
               AND database = (SELECT oid FROM pg_database WHERE datname = current_database()))
"""


@dataclass(slots=True)
class _Mark:
    """`taken` counts looks: only a look that began later says who has ended since."""

    position: int
    writers: frozenset[str]
    taken: int


class SafePositions:
    """The marks of one log in one process. Safe from any thread; connections must be in AUTOCOMMIT."""

    def __init__(self, dialect: Dialect) -> None:
        self._look = Statement(_LOOK, dialect)
        self._lock = threading.Lock()
        self._marks: list[_Mark] = []
        self._safe = 0
        self._safe_since = 0
        self._looks = 0

    def poll(self, connection: Connection) -> int:
        """The newest position known to be safe; takes one more mark and waits for none."""
        self._take(connection)
        return self._safe

    def wait(
        self, connection: Connection, *, within_s: float = WITHIN_S, sleep: Callable[[float], None] = time.sleep
    ) -> int:
        """As `poll`, once the mark taken by this very call is safe, or the time is over.

        Not until there is no writer at all: under load there always is one.
        """
        position = self._take(connection)
        end = time.monotonic() + within_s
        pauses = iter(_PAUSES_S)
        while self._safe < position and time.monotonic() < end:
            sleep(next(pauses, _PAUSES_S[-1]))
            self._take(connection)
        return self._safe

    def _take(self, connection: Connection) -> int:
        begun = self._looks
        position: int
        position, writers = self._look.all(connection)[0]
        with self._lock:
            self._looks += 1
            if position < self._safe and begun >= self._safe_since:
                # The log was restored under this process: what was safe says nothing about this one.
                self._safe, self._marks = 0, []
            self._settle(frozenset(writers), begun)
            self._note(_Mark(position, frozenset(writers), self._looks))
        return position

    def _settle(self, writers: frozenset[str], begun: int) -> None:
        for mark in self._marks:
            if begun >= mark.taken:
                mark.writers &= writers
        settled = [mark.position for mark in self._marks if not mark.writers]
        self._reach(max(settled, default=0))

    def _note(self, mark: _Mark) -> None:
        if not mark.writers:
            self._reach(mark.position)
        elif mark.position > self._safe:
            self._marks.append(mark)
            if len(self._marks) > _MARKS_KEPT:
                # A writer is stalled; some of them are enough to go on from when it ends.
                del self._marks[1::2]

    def _reach(self, position: int) -> None:
        if position > self._safe:
            self._safe, self._safe_since = position, self._looks
            self._marks = [mark for mark in self._marks if mark.position > position]
