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
        self._turns = threading.Semaphore(size)
        self._in_use: set[Connection] = set()
        self._idle: deque[tuple[Connection, float]] = deque()
        self._broken_at = 0.0

    def checkedout(self) -> int:
        return len(self._in_use)

    def checkedin(self) -> int:
        return len(self._idle)

    def take(self) -> Connection:
        if not self._turns.acquire(timeout=self._wait_s):
            raise PoolTimeout(f"{self._size} connections are all in use, none came back within {self._wait_s} s")
        try:
            connection = self._living() or self._engine.connect()
        except BaseException:
            self._turns.release()
            raise
        self._in_use.add(connection)
        return connection

    def give_back(self, connection: Connection, *, failed: bool) -> None:
        try:
            if failed and self._is_broken(connection):
                self._broken_at = time.monotonic()
                connection.invalidate()
                connection.close()
                return
            if connection.in_transaction():
                # SQLAlchemy's own notion; the server has none.
                connection.rollback()
            self._idle.append((connection, time.monotonic()))
        finally:
            self._in_use.discard(connection)
            self._turns.release()

    def close(self) -> None:
        """Closes every idle one."""
        while (idle := self._last()) is not None:
            idle[0].close()

    def _living(self) -> Connection | None:
        while (idle := self._last()) is not None:
            connection, returned_at = idle
            is_fresh = time.monotonic() - returned_at < self._ping_after_s and returned_at > self._broken_at
            if is_fresh or self._answers(connection):
                return connection
        return None

    def _last(self) -> tuple[Connection, float] | None:
        """The last one returned: the others may rest."""
        try:
            return self._idle.pop()
        except IndexError:
            return None

    def _answers(self, connection: Connection) -> bool:
        dialect = connection.dialect
        try:
            dialect.do_ping(connection.connection.dbapi_connection)  # type: ignore[arg-type]
        except dialect.loaded_dbapi.Error:
            connection.invalidate()
            connection.close()
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
