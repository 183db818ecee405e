"""Transactions that are what they say."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from sqlalchemy import Column, Connection, ForeignKey, Integer, MetaData, Table, func, insert, select
from sqlalchemy.exc import IntegrityError, OperationalError

from shared.database import Database, advance_sequence, any_transaction_open
from shared.errors import Unavailable

METADATA = MetaData()
NUMBERS = Table("numbers", METADATA, Column("id", Integer, primary_key=True), sqlite_autoincrement=True)
DOUBLES = Table("doubles", METADATA, Column("number", ForeignKey("numbers.id"), primary_key=True))


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    database = Database(f"sqlite:///{tmp_path / 'a.db'}")
    database.create(METADATA)
    yield database
    database.close()


def count(database: Database) -> int:
    with database.read() as connection:
        return connection.scalar(select(func.count()).select_from(NUMBERS)) or 0


def add(connection: Connection) -> int:
    number: int = connection.execute(insert(NUMBERS).returning(NUMBERS.c.id)).scalar_one()
    return number


def test_write_commits_on_leaving_and_rolls_back_on_an_exception(database: Database) -> None:
    with database.write() as connection:
        add(connection)
    with pytest.raises(ZeroDivisionError), database.write() as connection:
        add(connection)
        raise ZeroDivisionError
    assert count(database) == 1


def test_read_is_a_snapshot_that_refuses_writes(database: Database) -> None:
    with database.read() as connection, ThreadPoolExecutor(1) as other:
        assert connection.scalar(select(func.count()).select_from(NUMBERS)) == 0
        other.submit(_write_one, database).result()
        assert connection.scalar(select(func.count()).select_from(NUMBERS)) == 0
        with pytest.raises(OperationalError, match="readonly"):
            add(connection)
    assert count(database) == 1


def test_in_transaction_is_of_this_thread_and_database(database: Database, tmp_path: Path) -> None:
    other = Database(f"sqlite:///{tmp_path / 'b.db'}")
    for context in (database.write, database.read):
        assert not any_transaction_open()
        with context(), ThreadPoolExecutor(1) as pool:
            assert (database.in_transaction(), other.in_transaction(), any_transaction_open()) == (True, False, True)
            assert not pool.submit(any_transaction_open).result()
        assert (database.in_transaction(), any_transaction_open()) == (False, False)
    other.close()


def test_nested_write_of_one_thread_is_refused(database: Database) -> None:
    with database.write(), pytest.raises(RuntimeError, match="pass its connection on"), database.write():
        pass
    with database.write() as connection:
        add(connection)


def test_sixteen_writers_and_another_process_meet_no_lock_error(database: Database, tmp_path: Path) -> None:
    other = Database(f"sqlite:///{tmp_path / 'a.db'}")
    with ThreadPoolExecutor(16) as pool:
        list(pool.map(_write_one, [database, other] * 100))
    assert count(database) == 200
    other.close()


def test_waiting_too_long_for_another_process_is_unavailable(database: Database, tmp_path: Path) -> None:
    other = Database(f"sqlite:///{tmp_path / 'a.db'}", wait_s=0.02)
    with database.write(), pytest.raises(Unavailable, match="locked"), other.write():
        pass
    _write_one(other)
    other.close()


def test_waiting_too_long_for_another_thread_is_unavailable(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path / 'a.db'}", wait_s=0.02)
    database.create(METADATA)
    with database.write(), ThreadPoolExecutor(1) as pool, pytest.raises(Unavailable):
        pool.submit(_write_one, database).result()
    database.close()


def test_foreign_keys_are_enforced(database: Database) -> None:
    with pytest.raises(IntegrityError), database.write() as connection:
        connection.execute(insert(DOUBLES).values(number=7))


def test_settings_are_those_of_a_durable_log(database: Database) -> None:
    with database.write() as connection:
        settings = [connection.exec_driver_sql(f"PRAGMA {name}").scalar() for name in ("journal_mode", "synchronous")]
    assert settings == ["wal", 2]


def test_after_commit_runs_once_outside_the_transaction_and_never_after_a_rollback(database: Database) -> None:
    seen: list[bool] = []

    def callback() -> None:
        seen.append(any_transaction_open())

    with database.write():
        database.after_commit(callback)
        database.after_commit(callback)
    with pytest.raises(ZeroDivisionError), database.write():
        database.after_commit(callback)
        raise ZeroDivisionError
    assert seen == [False]
    with pytest.raises(RuntimeError):
        database.after_commit(callback)


def test_copies_inside_the_writes_of_two_databases_are_one_cut(database: Database, tmp_path: Path) -> None:
    other = Database(f"sqlite:///{tmp_path / 'b.db'}")
    other.create(METADATA)
    _write_one(database)
    with ThreadPoolExecutor(1) as pool, database.write() as connection, other.write():
        waiting = pool.submit(_write_one, other)
        add(connection)
        database.copy_to(tmp_path / "a.copy")
        other.copy_to(tmp_path / "b.copy")
        assert not waiting.done()
    waiting.result()
    copies = [Database(f"sqlite:///{tmp_path / name}") for name in ("a.copy", "b.copy")]
    assert [count(each) for each in (database, other, *copies)] == [2, 1, 1, 0]
    with pytest.raises(FileExistsError):
        database.copy_to(tmp_path / "a.copy")
    for each in (other, *copies):
        each.close()


@pytest.mark.parametrize("rows_before", [0, 3])
def test_an_advanced_sequence_gives_no_key_at_or_below_the_floor(database: Database, rows_before: int) -> None:
    for _ in range(rows_before):
        _write_one(database)
    with database.write() as connection:
        advance_sequence(connection, "numbers", 10)
        assert add(connection) == 11
        advance_sequence(connection, "numbers", 2)
        assert add(connection) == 12


def test_other_databases_than_sqlite_are_refused() -> None:
    with pytest.raises(ValueError, match="sqlite"):
        Database("mysql://user:secret@host/db")


def _write_one(database: Database) -> None:
    with database.write() as connection:
        add(connection)
