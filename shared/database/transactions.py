"""What this thread has open, and what is to happen once it has committed, whatever the database."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Protocol

from sqlalchemy import Connection, Dialect, MetaData, Pool, QueuePool, make_url
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from shared.database.kept import KeptConnections
from shared.database.outages import is_outage, unavailable
from shared.database.sqlite import Sqlite


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


class Backend(Protocol):
    """What differs between databases; errors are the driver's, as SQLAlchemy wraps them, but for `autocommitting`."""

    @property
    def dialect(self) -> Dialect: ...

    @property
    def pools(self) -> Mapping[str, Pool | KeptConnections]: ...

    def writing(self) -> AbstractContextManager[Connection]: ...

    def reading(self) -> AbstractContextManager[Connection]: ...

    def autocommitting(self) -> AbstractContextManager[Connection]: ...

    def alone(self, what: str, *, wait_s: float) -> AbstractContextManager[bool]: ...

    def create(self, metadata: MetaData) -> None: ...

    def check(self, metadata: MetaData) -> None: ...

    def copy_to(self, path: Path) -> None: ...

    def close(self) -> None: ...


def any_transaction_open() -> bool:
    """Whether this thread is inside a transaction of any database; calls to a service are refused then."""
    return _thread.open > 0


class Database:
    """Write transactions and snapshot reads; an acknowledged write survives a power cut.

    `url` is `sqlite:////var/registry.db` (a file: `:memory:` has no second connection) or
    `postgresql://user:password@host/registry`. SQLite's writers take turns, and waiting longer than
    `wait_s` raises Unavailable. PostgreSQL's write beside each other (READ COMMITTED), `pool_size`
    at once, unless `serial`: then they take turns too, over all processes. `durable=False` gives up
    an SQLite file's last commits at a power cut, never consistency: for what can be rebuilt.
    """

    def __init__(
        self, url: str, *, durable: bool = True, wait_s: float = 30.0, serial: bool = False, pool_size: int = 16
    ) -> None:
        self._mine = _Transactions()
        self._backend = _backend(url, durable=durable, wait_s=wait_s, serial=serial, pool_size=pool_size)

    @property
    def dialect(self) -> Dialect:
        """For compiling a statement once."""
        return self._backend.dialect

    def connections(self) -> dict[tuple[str, str], int]:
        """How many there are of each pool (`writer`, `reader`, `autocommit`), `in_use` and `idle`."""
        counted = {}
        for name, pool in self._backend.pools.items():
            if isinstance(pool, QueuePool | KeptConnections):
                counted[name, "in_use"], counted[name, "idle"] = pool.checkedout(), pool.checkedin()
        return counted

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """A write transaction: commits on leaving, rolls back on an exception.

        Not to be nested in one thread: pass the connection on instead. Other databases may be
        written inside it, in a fixed order.
        """
        mine = self._mine
        if mine.writer is not None:
            raise RuntimeError("this thread already writes to this database; pass its connection on")
        with _outages_told(), self._backend.writing() as connection:
            mine.writer, mine.after = connection, []
            _thread.open += 1
            try:
                yield connection
            finally:
                mine.writer = None
                _thread.open -= 1
        after, mine.after = mine.after, []
        for callback in after:
            callback()

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """A snapshot of what is committed; writing through it fails."""
        with _outages_told(), self._backend.reading() as connection:
            self._mine.readers += 1
            _thread.open += 1
            try:
                yield connection
            finally:
                self._mine.readers -= 1
                _thread.open -= 1

    def autocommit(self) -> AbstractContextManager[Connection]:
        """A connection on which every statement is a transaction of its own; PostgreSQL alone has it."""
        return self._backend.autocommitting()

    @contextmanager
    def alone(self, what: str, *, wait_s: float = 0.0) -> Iterator[bool]:
        """Whether this process alone, of all on this database, does `what` until the block ends; no transaction.

        An SQLite file has one process, so there it is for the caller to see to its threads. A process that is not
        heard of for half a minute, frozen or cut off, is taken for dead, and another may begin.
        """
        with _outages_told(), self._backend.alone(what, wait_s=wait_s) as mine:
            yield mine

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
        """The tables of `metadata` exist; those already there are left as they are.

        On PostgreSQL they must exist: migrations make them. Raises Unavailable where they do not.
        """
        with _outages_told():
            self._backend.check(metadata)

    def create_at_once(self, metadata: MetaData) -> None:
        """Makes the tables of `metadata` on every database: for those that come and go while it runs."""
        with _outages_told():
            self._backend.create(metadata)

    def copy_to(self, path: Path) -> None:
        """A complete SQLite file of its own at `path` (new), as committed now; writers go on meanwhile.

        Inside `write()` of several databases their copies are one cut: nothing is half done in them.
        """
        self._backend.copy_to(path)

    def close(self) -> None:
        """Closes every idle connection; SQLite folds its WAL into the file with the last one."""
        self._backend.close()


@contextmanager
def _outages_told() -> Iterator[None]:
    try:
        yield
    except (DBAPIError, PoolTimeout) as error:
        if is_outage(error):
            raise unavailable(error) from error
        raise


def _backend(url: str, *, durable: bool, wait_s: float, serial: bool, pool_size: int) -> Backend:
    kind = make_url(url).get_backend_name()
    if kind == "sqlite":
        return Sqlite(url, durable=durable, wait_s=wait_s)
    if kind == "postgresql":
        # Embedded mode runs without its driver.
        from shared.database.postgresql import Postgresql

        return Postgresql(url, serial=serial, pool_size=pool_size)
    raise ValueError(f"database {make_url(url).render_as_string()}: expected a sqlite:// or postgresql:// URL")
