"""PostgreSQL over psycopg2: concurrent writers, snapshots for readers, no wait without an end.

A stopped or lost client must not keep others waiting: the server ends a transaction that nobody
goes on with, and a statement that waits too long for a lock. Those are outages: try again.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path
from typing import Any

import structlog
from sqlalchemy import URL, Connection, Dialect, Engine, MetaData, NullPool, create_engine, event, make_url, text
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import DBAPIError, InvalidatePoolError
from sqlalchemy.pool import ConnectionPoolEntry, Pool

from shared.database.kept import Autocommit, KeptConnections
from shared.errors import Unavailable

CONNECT_WITHIN_S = 5
WAITS_FOR_LOCK_S = 5
WAITS_FOR_CONNECTION_S = 5
ABANDONED_WRITE_S = 5
# A page is put together from many reads, with work between them that other threads delay.
ABANDONED_READ_S = 60
STATEMENT_S = 30
# Work that is one process's at a time talks to others meanwhile, to git, to GitHub, so it takes as long as it takes;
# a process that runs says so, one that is frozen or cut off cannot, though its system may go on answering for it.
LONE_S = 25
LONE_SPEAKS_S = 5.0
_PING_AFTER_S = 1.0
_TRY_AGAIN_S = 0.05
# Advisory locks are each database's own, so one number is enough for all.
_SERIAL_LOCK = 0x4D6F64656C734875
_TRY_LOCK = text("SELECT pg_try_advisory_lock(hashtextextended(:what, 0))")
_KEEPALIVES = {"keepalives": 1, "keepalives_idle": 5, "keepalives_interval": 2, "keepalives_count": 3}

log = structlog.get_logger(__name__)


class Postgresql:
    """Pools for writers, for readers, for single statements; each opens connections as needed, `pool_size` at most.

    Where it is `serial`, one transaction writes at a time, over all processes, as in SQLite.
    """

    def __init__(self, url: str, *, serial: bool, pool_size: int) -> None:
        self._serial = serial
        self._broken_at = 0.0
        self._writer = self._engine(url, pool_size, abandoned_s=ABANDONED_WRITE_S)
        self._reader = self._engine(url, pool_size, abandoned_s=ABANDONED_READ_S)
        event.listen(self._reader, "connect", _read_snapshots)
        single = create_engine(
            _with_driver(url),
            poolclass=NullPool,
            isolation_level="AUTOCOMMIT",
            hide_parameters=True,
            connect_args=_connect_arguments({"lock_timeout": WAITS_FOR_LOCK_S, "statement_timeout": STATEMENT_S}),
        )
        self._kept = KeptConnections(single, size=pool_size, wait_s=WAITS_FOR_CONNECTION_S, ping_after_s=_PING_AFTER_S)
        self._lone = create_engine(
            _with_driver(url),
            poolclass=NullPool,
            isolation_level="AUTOCOMMIT",
            pool_reset_on_return=None,
            hide_parameters=True,
            connect_args=_connect_arguments({"idle_session_timeout": LONE_S, "statement_timeout": STATEMENT_S}),
        )

    @property
    def dialect(self) -> Dialect:
        return self._writer.dialect

    @property
    def pools(self) -> Mapping[str, Pool | KeptConnections]:
        return {"writer": self._writer.pool, "reader": self._reader.pool, "autocommit": self._kept}

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        with self._writer.connect() as connection, connection.begin(), self._dropped_if_broken(connection):
            if self._serial:
                connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_SERIAL_LOCK})")
            yield connection

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        with self._reader.connect() as connection, connection.begin(), self._dropped_if_broken(connection):
            yield connection

    def autocommitting(self) -> AbstractContextManager[Connection]:
        return Autocommit(self._kept)

    @contextmanager
    def alone(self, what: str, *, wait_s: float) -> Iterator[bool]:
        end = time.monotonic() + wait_s
        lock = {"what": what}
        # The lock is its session's, so it has a connection of its own, which is closed at the end.
        with self._lone.connect() as connection:
            while not (mine := bool(connection.scalar(_TRY_LOCK, lock))) and time.monotonic() < end:
                time.sleep(_TRY_AGAIN_S)
            with _speaking(connection, what) if mine else nullcontext():
                yield mine

    def create(self, metadata: MetaData) -> None:
        with self.writing() as connection:
            metadata.create_all(connection)

    def check(self, metadata: MetaData) -> None:
        """Raises Unavailable where the schema is not there: migrating is a command of its own."""
        columns = text("SELECT table_name, column_name FROM information_schema.columns WHERE table_schema = 'public'")
        with self.reading() as connection:
            found = {(row[0], row[1]) for row in connection.execute(columns)}
        for table in metadata.sorted_tables:
            missing = [column.name for column in table.columns if (table.name, column.name) not in found]
            if missing:
                raise Unavailable(
                    f"database: expected table {table.name} with {', '.join(missing)}, found none; "
                    "run the service's migrations first: python -m shared.migrations <service>",
                    details={"table": table.name},
                )

    def copy_to(self, path: Path) -> None:
        raise NotImplementedError(f"copy to {path}: PostgreSQL has pg_dump for it")

    def close(self) -> None:
        self._reader.dispose()
        self._writer.dispose()
        self._kept.close()

    @contextmanager
    def _dropped_if_broken(self, connection: Connection) -> Iterator[None]:
        """A connection that the server or the network has ended does not go back to the pool."""
        try:
            yield
        except BaseException:
            if not connection.invalidated and getattr(connection.connection.dbapi_connection, "closed", False):
                self._broken_at = time.monotonic()
                connection.invalidate()
            raise

    def _engine(self, url: str, pool_size: int, *, abandoned_s: int) -> Engine:
        engine = create_engine(
            _with_driver(url),
            pool_size=pool_size,
            max_overflow=0,
            pool_timeout=WAITS_FOR_CONNECTION_S,
            pool_use_lifo=True,
            hide_parameters=True,
            connect_args=_connect_arguments(
                {
                    "idle_in_transaction_session_timeout": abandoned_s,
                    "lock_timeout": WAITS_FOR_LOCK_S,
                    "statement_timeout": STATEMENT_S,
                }
            ),
        )
        event.listen(engine, "checkin", _note_return)
        event.listen(engine, "checkout", self._ping_where_doubtful)
        return engine

    def _ping_where_doubtful(self, dbapi: DBAPIConnection, record: ConnectionPoolEntry, _proxy: object) -> None:
        """As pool_pre_ping, but one in use a moment ago is taken as it is: a ping costs as much as an append."""
        returned_at: float | None = record.info.get("returned_at")
        if returned_at is None:
            return
        if time.monotonic() - returned_at < _PING_AFTER_S and returned_at > self._broken_at:
            return
        dialect = self.dialect
        try:
            dialect.do_ping(dbapi)
        except dialect.loaded_dbapi.Error as error:
            raise InvalidatePoolError("the connection had ended") from error


def _with_driver(url: str) -> URL:
    return make_url(url).set(drivername="postgresql+psycopg2")


def _connect_arguments(timeouts_s: Mapping[str, int]) -> dict[str, Any]:
    options = " ".join(f"-c {name}={seconds}s" for name, seconds in timeouts_s.items())
    return {
        "options": options,
        "connect_timeout": CONNECT_WITHIN_S,
        "tcp_user_timeout": 10_000,
        "application_name": "models-hub",
        **_KEEPALIVES,
    }


@contextmanager
def _speaking(connection: Connection, what: str) -> Iterator[None]:
    """The server hears from this process until the block ends; nothing else may use the connection meanwhile."""
    ended = threading.Event()

    def speak() -> None:
        while not ended.wait(LONE_SPEAKS_S):
            try:
                connection.exec_driver_sql("SELECT 1")
            except DBAPIError as error:
                # The lock went with the session: whoever works under it may no longer be the only one.
                log.warning("alone no more", what=what, error=str(error.orig).strip())
                return

    speaker = threading.Thread(target=speak, name=f"alone: {what}", daemon=True)
    speaker.start()
    try:
        yield
    finally:
        ended.set()
        speaker.join()


def _note_return(_dbapi: object, record: ConnectionPoolEntry) -> None:
    record.info["returned_at"] = time.monotonic()


def _read_snapshots(dbapi: Any, _record: object) -> None:
    dbapi.set_session(isolation_level="REPEATABLE READ", readonly=True)
