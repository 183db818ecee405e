"""One service's own database: transactions that are what they say, and every choice of dialect.

SQLite (WAL) is what runs today. SQL elsewhere stays portable; what differs between databases
lives here: how a transaction begins, what counts as an outage, how a sequence moves on.
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, cast

from sqlalchemy import Connection, Dialect, Engine, MetaData, create_engine, event, make_url, text
from sqlalchemy.engine.interfaces import DBAPICursor
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from shared.errors import Unavailable

_OUTAGES = (
    "BUSY",
    "LOCKED",
    "FULL",
    "IOERR",
    "READONLY",
    "CANTOPEN",
    "CORRUPT",
    "NOTADB",
    "NOMEM",
    "PROTOCOL",
    "INTERRUPT",
)


class _Thread(threading.local):
    """What this thread has open, over all databases of the process."""

    open = 0


_thread = _Thread()


class _Transactions(threading.local):
    """What this thread has open in one database; `after` runs once the write has committed."""

    def __init__(self) -> None:
        self.readers = 0
        self.writer: Connection | None = None
        self.after: list[Callable[[], None]] = []


def any_transaction_open() -> bool:
    """Whether this thread is inside a transaction of any database; calls to a service are refused then."""
    return _thread.open > 0


def is_outage(error: BaseException) -> bool:
    """Whether the database itself fails (try again later), as opposed to a statement that is wrong."""
    if isinstance(error, PoolTimeout):
        return True
    if not isinstance(error, DBAPIError):
        return False
    name = getattr(error.orig, "sqlite_errorname", "")
    return error.connection_invalidated or name.removeprefix("SQLITE_").split("_")[0] in _OUTAGES


class Database:
    """Serialised writes and snapshot reads; an acknowledged write survives a power cut.

    `url` such as `sqlite:////var/registry.db` (a file: `:memory:` has no second connection).
    `durable=False` gives up the last commits at a power cut, never consistency: for databases
    that can be rebuilt. Writers of this process queue on a lock, those of others on the busy
    time-out; waiting longer than `wait_s` raises Unavailable.
    """

    def __init__(self, url: str, *, durable: bool = True, wait_s: float = 30.0) -> None:
        if make_url(url).get_backend_name() != "sqlite":
            raise ValueError(f"database {make_url(url).render_as_string()}: expected a sqlite:// URL")
        self._wait_s = wait_s
        self._writing = threading.Lock()
        self._mine = _Transactions()
        self._writing_connection: Connection | None = None
        self._writer = _sqlite_engine(url, begin="BEGIN IMMEDIATE", durable=durable, wait_s=wait_s)
        self._reader = _sqlite_engine(url, begin="BEGIN", durable=durable, wait_s=wait_s)
        event.listen(self._reader, "connect", _refuse_writes)

    @property
    def dialect(self) -> Dialect:
        """For compiling a statement once."""
        return self._writer.dialect

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """A write transaction: commits on leaving, rolls back on an exception.

        Not to be nested in one thread: pass the connection on instead. Other databases may be
        written inside it, in a fixed order.
        """
        mine = self._mine
        if mine.writer is not None:
            raise RuntimeError("this thread already writes to this database; pass its connection on")
        if not self._writing.acquire(timeout=self._wait_s):
            raise Unavailable(f"database: expected to write within {self._wait_s} s, others still do; try again")
        try:
            # The connection stays open: taking one from the pool costs as much as an insert.
            connection = self._writing_connection or self._writer.connect()
            self._writing_connection = None
            try:
                with connection.begin():
                    mine.writer, mine.after = connection, []
                    _thread.open += 1
                    try:
                        yield connection
                    finally:
                        mine.writer = None
                        _thread.open -= 1
            except BaseException as error:
                connection.close()
                if is_outage(error):
                    raise _unavailable(error) from error
                raise
            self._writing_connection = connection
            after = mine.after
        finally:
            self._writing.release()
        for callback in after:
            callback()

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """A snapshot of what is committed; writing through it fails."""
        try:
            with self._reader.connect() as connection, connection.begin():
                self._mine.readers += 1
                _thread.open += 1
                try:
                    yield connection
                finally:
                    self._mine.readers -= 1
                    _thread.open -= 1
        except (DBAPIError, PoolTimeout) as error:
            if is_outage(error):
                raise _unavailable(error) from error
            raise

    def after_commit(self, callback: Callable[[], None]) -> None:
        """Run `callback` once this thread's write transaction has committed, never if it rolls back."""
        if self._mine.writer is None:
            raise RuntimeError("after_commit outside a write transaction of this thread")
        if callback not in self._mine.after:
            self._mine.after.append(callback)

    def in_transaction(self) -> bool:
        """Whether this thread is inside a transaction of this database."""
        return self._mine.writer is not None or self._mine.readers > 0

    def create(self, metadata: MetaData) -> None:
        """The tables of `metadata` exist; those already there are left as they are."""
        with self.write() as connection:
            metadata.create_all(connection)

    def copy_to(self, path: Path) -> None:
        """A complete database of its own at `path` (new), as committed now; writers go on meanwhile.

        Inside `write()` of several databases their copies are one cut: nothing is half done in them.
        """
        if path.exists():
            raise FileExistsError(f"copy to {path}: expected no file there; name another")
        with self._reader.connect() as connection:
            target = sqlite3.connect(path)
            try:
                cast(sqlite3.Connection, connection.connection.dbapi_connection).backup(target)
            finally:
                target.close()

    def close(self) -> None:
        """Closes every idle connection; SQLite folds its WAL into the file with the last one."""
        with self._writing:
            if self._writing_connection is not None:
                self._writing_connection.close()
                self._writing_connection = None
        self._reader.dispose()
        self._writer.dispose()


def _unavailable(error: BaseException) -> Unavailable:
    cause = str(getattr(error, "orig", error))
    return Unavailable(f"database: expected it to answer, found {cause}; try again later")


class Statement:
    """`sql` with :named parameters, compiled once, run on the driver without SQLAlchemy's work for each call."""

    def __init__(self, sql: str, dialect: Dialect) -> None:
        compiled = text(sql).compile(dialect=dialect)
        self._sql = compiled.string
        self._order: Sequence[str] | None = getattr(compiled, "positiontup", None)

    def all(self, connection: Connection, **values: Any) -> Sequence[Any]:
        """Every row, as tuples; for a statement that returns rows. Errors are SQLAlchemy's."""
        cursor = self._executed(connection, values)
        try:
            return cursor.fetchall()
        except connection.dialect.loaded_dbapi.Error as error:
            raise _wrapped(connection, self._sql, error) from error
        finally:
            cursor.close()

    def run(self, connection: Connection, **values: Any) -> int:
        """How many rows a statement that returns none has changed."""
        cursor = self._executed(connection, values)
        changed = cursor.rowcount
        cursor.close()
        return changed

    def _executed(self, connection: Connection, values: dict[str, Any]) -> DBAPICursor:
        parameters = values if self._order is None else [values[name] for name in self._order]
        cursor = connection.connection.cursor()
        try:
            cursor.execute(self._sql, parameters)
        except connection.dialect.loaded_dbapi.Error as error:
            cursor.close()
            raise _wrapped(connection, self._sql, error) from error
        return cursor


def _wrapped(connection: Connection, sql: str, error: Exception) -> BaseException:
    """Parameters stay out of the message: they may be long, and are nobody's business in a log."""
    driver_error = connection.dialect.loaded_dbapi.Error
    return DBAPIError.instance(sql, None, error, driver_error, hide_parameters=True)


def advance_sequence(connection: Connection, table: str, floor: int) -> None:
    """The next generated key of `table` is above `floor` and above every key ever given."""
    current = connection.exec_driver_sql("SELECT seq FROM sqlite_sequence WHERE name = ?", (table,)).scalar()
    if current is None:
        connection.exec_driver_sql("INSERT INTO sqlite_sequence (name, seq) VALUES (?, ?)", (table, floor))
    else:
        connection.exec_driver_sql("UPDATE sqlite_sequence SET seq = ? WHERE name = ?", (max(current, floor), table))


def _sqlite_engine(url: str, *, begin: str, durable: bool, wait_s: float) -> Engine:
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
            raise _wrapped(connection, begin, error) from error

    event.listen(engine, "connect", connected)
    event.listen(engine, "begin", begun)
    return engine


def _refuse_writes(dbapi: sqlite3.Connection, _record: object) -> None:
    dbapi.execute("PRAGMA query_only = ON")
