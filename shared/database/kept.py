"""Connections that stay open between uses, each statement on them a transaction of its own.

A pool does so much at each use that an append to a log would cost its process half as much again.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from types import TracebackType

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from shared.database.outages import is_outage, unavailable


class KeptConnections:
    """`size` of them at most; whoever waits longer than `wait_s` for one gets SQLAlchemy's TimeoutError.

    `engine` opens them in AUTOCOMMIT and has no pool of its own. One that was not used for `ping_after_s`
    is asked first whether it still lives.
    """

    def __init__(self, engine: Engine, *, size: int, wait_s: float, ping_after_s: float) -> None:
        self._engine = engine
        self._size = size
        self._wait_s = wait_s
        self._ping_after_s = ping_after_s
        self._idle: deque[tuple[Connection, float]] = deque()
        self._open = 0
        self._waiting = 0
        self._changed = threading.Condition()
        self._broken_at = 0.0

    def checkedout(self) -> int:
        return max(self._open - len(self._idle), 0)

    def checkedin(self) -> int:
        return len(self._idle)

    def take(self) -> Connection:
        while True:
            idle = self._last() or self._waited_for()
            if idle is None:
                return self._opened()
            connection, returned_at = idle
            is_fresh = time.monotonic() - returned_at < self._ping_after_s and returned_at > self._broken_at
            if is_fresh or self._answers(connection):
                return connection
            self._drop(connection)

    def give_back(self, connection: Connection, *, failed: bool) -> None:
        if failed and self._is_broken(connection):
            self._broken_at = time.monotonic()
            self._drop(connection)
            return
        if connection.in_transaction():
            # SQLAlchemy's own notion; the server has none.
            connection.rollback()
        self._idle.append((connection, time.monotonic()))
        # Whoever waits has said so before looking once more, so one of the two sees the other.
        if self._waiting:
            with self._changed:
                self._changed.notify()

    def close(self) -> None:
        """Closes every idle one."""
        while (idle := self._last()) is not None:
            self._uncount()
            idle[0].close()

    def _last(self) -> tuple[Connection, float] | None:
        """The one returned last, so that the others may rest. Without a lock: it is what every append does."""
        try:
            return self._idle.pop()
        except IndexError:
            return None

    def _waited_for(self) -> tuple[Connection, float] | None:
        """One that came back meanwhile; None where another may be opened, which is counted already."""
        end = time.monotonic() + self._wait_s
        with self._changed:
            self._waiting += 1
            try:
                while True:
                    if (idle := self._last()) is not None:
                        return idle
                    if self._open < self._size:
                        self._open += 1
                        return None
                    if not self._changed.wait(end - time.monotonic()):
                        raise PoolTimeout(
                            f"all {self._size} connections are in use, none came back in {self._wait_s} s"
                        )
            finally:
                self._waiting -= 1

    def _opened(self) -> Connection:
        try:
            return self._engine.connect()
        except BaseException:
            self._uncount()
            raise

    def _drop(self, connection: Connection) -> None:
        try:
            connection.invalidate()
            connection.close()
        finally:
            self._uncount()

    def _uncount(self) -> None:
        with self._changed:
            self._open -= 1
            self._changed.notify()

    def _answers(self, connection: Connection) -> bool:
        dialect = connection.dialect
        try:
            dialect.do_ping(connection.connection.dbapi_connection)  # type: ignore[arg-type]
        except dialect.loaded_dbapi.Error:
            return False
        return True

    @staticmethod
    def _is_broken(connection: Connection) -> bool:
        return connection.invalidated or bool(getattr(connection.connection.dbapi_connection, "closed", False))


class Autocommit:
    """A kept connection for the time of a block; outages are told as Unavailable."""

    __slots__ = ("_connection", "_kept")

    def __init__(self, kept: KeptConnections) -> None:
        self._kept = kept

    def __enter__(self) -> Connection:
        try:
            self._connection = self._kept.take()
        except (DBAPIError, PoolTimeout) as error:
            if is_outage(error):
                raise unavailable(error) from error
            raise
        return self._connection

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._kept.give_back(self._connection, failed=error is not None)
        if error is not None and isinstance(error, DBAPIError | PoolTimeout) and is_outage(error):
            raise unavailable(error) from error
