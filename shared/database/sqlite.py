"""SQLite in WAL mode: one transaction writes at a time, readers see a snapshot, a commit survives a power cut."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path
from typing import cast

from sqlalchemy import Connection, Dialect, Engine, MetaData, Pool, create_engine, event

from shared.database.statement import wrapped
from shared.errors import Unavailable


class Sqlite:
    """Writers of this process queue on a lock, those of others on the busy time-out."""

    def __init__(self, url: str, *, durable: bool, wait_s: float) -> None:
        self._wait_s = wait_s
        self._writing = threading.Lock()
        self._writing_connection: Connection | None = None
        self._writer = _engine(url, begin="BEGIN IMMEDIATE", durable=durable, wait_s=wait_s)
        self._reader = _engine(url, begin="BEGIN", durable=durable, wait_s=wait_s)
        event.listen(self._reader, "connect", _refuse_writes)

    @property
    def dialect(self) -> Dialect:
        return self._writer.dialect

    @property
    def pools(self) -> Mapping[str, Pool]:
        return {"writer": self._writer.pool, "reader": self._reader.pool}

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        if not self._writing.acquire(timeout=self._wait_s):
            raise Unavailable(f"database: expected to write within {self._wait_s} s, others still do; try again")
        try:
            # The connection stays open: taking one from the pool costs as much as an insert.
            connection = self._writing_connection or self._writer.connect()
            self._writing_connection = None
            try:
                with connection.begin():
                    yield connection
            except BaseException:
                connection.close()
                raise
            self._writing_connection = connection
        finally:
            self._writing.release()

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        with self._reader.connect() as connection, connection.begin():
            yield connection

    def autocommitting(self) -> AbstractContextManager[Connection]:
        raise NotImplementedError("SQLite: one transaction writes at a time; use write() and read()")

    def alone(self, what: str, *, wait_s: float) -> AbstractContextManager[bool]:
        return nullcontext(True)

    def create(self, metadata: MetaData) -> None:
        with self.writing() as connection:
            metadata.create_all(connection)

    def check(self, metadata: MetaData) -> None:
        """There are no migrations of files: the program that opens one makes what is missing."""
        self.create(metadata)

    def copy_to(self, path: Path) -> None:
        if path.exists():
            raise FileExistsError(f"copy to {path}: expected no file there; name another")
        with self._reader.connect() as connection:
            target = sqlite3.connect(path)
            try:
                cast(sqlite3.Connection, connection.connection.dbapi_connection).backup(target)
            finally:
                target.close()

    def close(self) -> None:
        with self._writing:
            if self._writing_connection is not None:
                self._writing_connection.close()
                self._writing_connection = None
        self._reader.dispose()
        self._writer.dispose()


def _engine(url: str, *, begin: str, durable: bool, wait_s: float) -> Engine:
    engine = create_engine(url, pool_size=32, max_overflow=-1, connect_args={"check_same_thread": False})

    def connected(dbapi: sqlite3.Connection, _record: object) -> None:
        # The driver's own BEGIN comes late and deferred: two readers that then write would deadlock.
        dbapi.isolation_level = None
        dbapi.execute(f"PRAGMA busy_timeout = {round(wait_s * 1000)}")
        dbapi.execute("PRAGMA journal_mode = WAL")
        dbapi.execute(f"PRAGMA synchronous = {'FULL' if durable else 'NORMAL'}")
        dbapi.execute("PRAGMA foreign_keys = ON")

    def begun(connection: Connection) -> None:
        try:
            connection.connection.cursor().execute(begin)
        except sqlite3.Error as error:
            raise wrapped(connection, begin, error) from error

    event.listen(engine, "connect", connected)
    event.listen(engine, "begin", begun)
    return engine


def _refuse_writes(dbapi: sqlite3.Connection, _record: object) -> None:
    dbapi.execute("PRAGMA query_only = ON")
