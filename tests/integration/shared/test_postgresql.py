"""Transactions on PostgreSQL are what they say, and no wait is without an end."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

import psycopg2
import pytest
from sqlalchemy import Column, Connection, Integer, MetaData, Table, func, insert, select, text
from sqlalchemy.exc import DBAPIError, IntegrityError

from shared.database import Database, Statement, advance_sequence, any_transaction_open, is_outage
from shared.database import postgresql as postgresql_backend
from shared.errors import Unavailable
from tests.support.hub_process import free_port
from tests.support.polling import eventually
from tests.support.real_data import PROJECT
from tests.support.servers import postgresql

METADATA = MetaData()
NUMBERS = Table("numbers", METADATA, Column("id", Integer, primary_key=True), Column("n", Integer, unique=True))


@pytest.fixture
def url() -> Iterator[str]:
    with postgresql().database() as url:
        yield url


@pytest.fixture
def database(url: str) -> Iterator[Database]:
    database = Database(url)
    database.create_at_once(METADATA)
    yield database
    database.close()


def count(database: Database) -> int:
    with database.read() as connection:
        return connection.scalar(select(func.count()).select_from(NUMBERS)) or 0


def add(connection: Connection, n: int | None = None) -> int:
    number: int = connection.execute(insert(NUMBERS).values(n=n).returning(NUMBERS.c.id)).scalar_one()
    return number


def write_one(database: Database) -> None:
    with database.write() as connection:
        add(connection)


def backend_of(connection: Connection) -> int:
    pid: int = connection.execute(text("SELECT pg_backend_pid()")).scalar_one()
    return pid


def end_backend(url: str, pid: int) -> None:
    operator = psycopg2.connect(url)
    with operator, operator.cursor() as cursor:
        cursor.execute("SELECT pg_terminate_backend(%s, 5000)", (pid,))
    operator.close()


def test_write_commits_on_leaving_and_rolls_back_on_an_exception(database: Database) -> None:
    write_one(database)
    with pytest.raises(ZeroDivisionError), database.write() as connection:
        add(connection)
        raise ZeroDivisionError
    assert count(database) == 1


def test_read_is_a_snapshot_that_refuses_writes(database: Database) -> None:
    with pytest.raises(DBAPIError, match="read-only"), database.read() as connection:
        assert connection.scalar(select(func.count()).select_from(NUMBERS)) == 0
        with ThreadPoolExecutor(1) as other:
            other.submit(write_one, database).result()
        assert connection.scalar(select(func.count()).select_from(NUMBERS)) == 0
        add(connection)
    assert count(database) == 1


def test_writers_write_beside_each_other(database: Database) -> None:
    both = threading.Barrier(2, timeout=20)

    def write() -> None:
        with database.write() as connection:
            add(connection)
            both.wait()

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(lambda _: write(), range(2)))
    assert count(database) == 2


def test_serial_writers_take_turns_over_all_processes(url: str, database: Database) -> None:
    one, other = Database(url, serial=True), Database(url, serial=True)

    def take_the_next(mine: Database) -> None:
        with mine.write() as connection:
            highest = connection.scalar(select(func.max(NUMBERS.c.n))) or 0
            add(connection, highest + 1)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(take_the_next, [one, other] * 25))
    assert count(database) == 50
    one.close()
    other.close()


def test_waiting_too_long_for_a_lock_is_unavailable(url: str, database: Database) -> None:
    serial = Database(url, serial=True)
    with serial.write() as connection, ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(write_one, serial)
        while not waiting.done():
            connection.execute(text("SELECT pg_sleep(0.2)"))
        with pytest.raises(Unavailable, match="lock timeout"):
            waiting.result()
    write_one(serial)
    serial.close()


def test_a_writer_that_does_not_go_on_is_ended_and_its_locks_are_free(database: Database) -> None:
    def rival() -> None:
        while True:
            try:
                with database.write() as second:
                    add(second, 1)
            except Unavailable:
                continue
            return

    with pytest.raises(Unavailable), database.write() as connection:
        add(connection, 1)
        # The rival waits for the first, which is idle inside its transaction, until the server ends that.
        with ThreadPoolExecutor(1) as pool:
            pool.submit(rival).result()
        add(connection, 2)
    assert count(database) == 1


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


@pytest.mark.parametrize("compiled", [True, False])
def test_a_connection_ended_inside_a_transaction_is_an_outage_and_leaves_the_pool(
    url: str, database: Database, compiled: bool
) -> None:
    write_one(database)
    statement = Statement("INSERT INTO numbers (n) VALUES (:n)", database.dialect)
    with pytest.raises(Unavailable), database.write() as connection:
        end_backend(url, backend_of(connection))
        if compiled:
            statement.run(connection, n=1)
        else:
            add(connection)
    write_one(database)
    assert count(database) == 2


def test_connections_that_ended_while_idle_are_not_used_again(url: str, database: Database) -> None:
    with database.write() as connection:
        pid = backend_of(connection)
    end_backend(url, pid)
    outages = 0
    for _ in range(3):
        try:
            write_one(database)
        except Unavailable:
            outages += 1
    assert outages <= 1
    assert count(database) == 3 - outages


def test_an_unreachable_server_is_unavailable_and_the_message_holds_no_password() -> None:
    database = Database(f"postgresql://hub:s3cret@127.0.0.1:{free_port()}/registry")
    for use in (database.read, database.write, database.autocommit):
        with pytest.raises(Unavailable) as refused, use():
            pass
        assert "s3cret" not in f"{refused.value} {refused.value.details} {refused.value.__cause__!r}"


def test_a_wrong_password_is_unavailable_and_is_not_repeated(url: str) -> None:
    database = Database(url.replace(":", ":wr0ng", 2).replace("postgresql:wr0ng", "postgresql:", 1))
    with pytest.raises(Unavailable) as refused, database.read():
        pass
    assert "wr0ng" not in str(refused.value)


def test_a_statement_that_is_wrong_is_no_outage(database: Database) -> None:
    with pytest.raises(IntegrityError) as refused, database.write() as connection:
        add(connection, 1)
        add(connection, 1)
    assert not is_outage(refused.value)


def test_of_two_in_each_others_way_one_gets_an_outage(database: Database) -> None:
    both = threading.Barrier(2, timeout=20)

    def write(first: int) -> bool:
        try:
            with database.write() as connection:
                add(connection, first)
                both.wait()
                add(connection, 3 - first)
        except Unavailable:
            return False
        except IntegrityError:
            return False
        return True

    with ThreadPoolExecutor(2) as pool:
        assert sorted(pool.map(write, (1, 2))) == [False, True]


def test_autocommit_makes_every_statement_a_transaction_of_its_own(database: Database) -> None:
    with database.autocommit() as connection:
        add(connection, 1)
        with pytest.raises(IntegrityError):
            add(connection, 1)
        add(connection, 2)
        assert not any_transaction_open()
        assert count(database) == 2


def test_one_process_at_a_time_is_alone_and_its_end_lets_the_next_begin(url: str, database: Database) -> None:
    other = Database(url)
    with database.alone("model tiny") as mine:
        assert mine
        assert not any_transaction_open()
        with other.alone("model tiny") as theirs, other.alone("model small") as another:
            assert (theirs, another) == (False, True)
    with ThreadPoolExecutor(1) as pool:
        # The server sees a moment later that a connection was closed.
        with other.alone("model tiny", wait_s=20) as first:
            waiting = pool.submit(_is_alone, database, wait_s=20)
            assert first
            assert not waiting.done()
        assert waiting.result()
    other.close()


def test_work_that_takes_long_stays_alone_while_its_process_runs(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    _soon_taken_for_dead(monkeypatch)
    with closing(Database(url)) as worker, closing(Database(url)) as other, worker.alone("model tiny") as mine:
        assert mine
        begun = _last_heard_of(other)
        eventually(lambda: _last_heard_of(other) > begun + 2 * postgresql_backend.LONE_S)
        assert not _is_alone(other, wait_s=0)


def test_a_frozen_process_is_alone_no_longer(url: str) -> None:
    code = "from tests.integration.shared.test_postgresql import hold; hold()"
    with (
        subprocess.Popen([sys.executable, "-c", code, url], stdout=subprocess.PIPE, text=True, cwd=PROJECT) as worker,
        closing(Database(url)) as other,
    ):
        try:
            assert worker.stdout is not None
            assert worker.stdout.readline() == "alone: True\n"
            assert not _is_alone(other, wait_s=0)
            worker.send_signal(signal.SIGSTOP)
            assert _is_alone(other, wait_s=20)
        finally:
            worker.kill()


def hold() -> None:
    """In a process of its own: alone until it is killed."""
    with pytest.MonkeyPatch.context() as monkeypatch:
        _soon_taken_for_dead(monkeypatch)
        with Database(sys.argv[1]).alone("model tiny") as mine:
            print(f"alone: {mine}", flush=True)
            threading.Event().wait()


def _soon_taken_for_dead(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(postgresql_backend, "LONE_S", 1)
    monkeypatch.setattr(postgresql_backend, "LONE_SPEAKS_S", 0.1)


def _last_heard_of(database: Database) -> float:
    """When a session that holds an advisory lock last said something, in the server's seconds."""
    query = """
        SELECT coalesce(extract(epoch FROM max(state_change)), 0) FROM pg_stat_activity JOIN pg_locks USING (pid)
        WHERE locktype = 'advisory' AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
    """
    with database.autocommit() as connection:
        return float(connection.exec_driver_sql(query).scalar_one())


def _is_alone(database: Database, *, wait_s: float) -> bool:
    with database.alone("model tiny", wait_s=wait_s) as mine:
        return mine


def test_tables_must_have_been_made_by_migrations(url: str) -> None:
    database = Database(url)
    with pytest.raises(Unavailable, match=r"numbers.*migrations"):
        database.create(METADATA)
    database.create_at_once(METADATA)
    database.create(METADATA)
    database.close()


@pytest.mark.parametrize("rows_before", [0, 3])
def test_an_advanced_sequence_gives_no_key_at_or_below_the_floor(database: Database, rows_before: int) -> None:
    for _ in range(rows_before):
        write_one(database)
    with database.write() as connection:
        advance_sequence(connection, "numbers", 10)
        assert add(connection) == 11
        advance_sequence(connection, "numbers", 2)
        assert add(connection) == 12


def test_greenlets_write_beside_each_other_each_in_its_own_transaction(url: str, database: Database) -> None:
    script = "tests.integration.shared.green_writers"
    command = [sys.executable, "-W", "ignore", "-m", script, url]
    ran = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, timeout=60, check=False)
    assert ran.stdout == "8 False\n", ran.stderr
    assert count(database) == 8
