"""Connections that stay open between single statements: one at a time each, replaced where they have ended."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import NullPool, create_engine, make_url, text
from sqlalchemy.exc import TimeoutError as PoolTimeout

from shared.database import Database, Prepared, Statement
from shared.database.kept import KeptConnections
from shared.errors import Unavailable
from tests.integration.shared.test_postgresql import backend_of, end_backend
from tests.support.servers import postgresql

WAIT_S = 20.0


@pytest.fixture
def url() -> Iterator[str]:
    with postgresql().database() as url:
        yield url


def kept(url: str, *, size: int = 2, wait_s: float = WAIT_S, ping_after_s: float = 60.0) -> KeptConnections:
    engine = create_engine(
        make_url(url).set(drivername="postgresql+psycopg2"), poolclass=NullPool, isolation_level="AUTOCOMMIT"
    )
    return KeptConnections(engine, size=size, wait_s=wait_s, ping_after_s=ping_after_s)


def test_the_one_given_back_last_is_taken_next(url: str) -> None:
    connections = kept(url)
    first, second = connections.take(), connections.take()
    connections.give_back(first, failed=False)
    connections.give_back(second, failed=False)
    assert connections.take() is second
    assert (connections.checkedout(), connections.checkedin()) == (1, 1)
    connections.give_back(second, failed=False)
    connections.close()
    assert (connections.checkedout(), connections.checkedin()) == (0, 0)


def test_there_are_no_more_than_its_size(url: str) -> None:
    connections = kept(url, size=1, wait_s=0.05)
    held = connections.take()
    with pytest.raises(PoolTimeout):
        connections.take()
    connections.give_back(held, failed=False)
    connections.give_back(connections.take(), failed=False)
    connections.close()


def test_many_threads_share_few_and_nobody_waits_in_vain(url: str) -> None:
    connections = kept(url, size=2)
    using: set[int] = set()
    together = threading.Lock()

    def use(_: int) -> bool:
        connection = connections.take()
        with together:
            alone = id(connection) not in using
            using.add(id(connection))
        connection.exec_driver_sql("SELECT 1")
        with together:
            using.discard(id(connection))
        connections.give_back(connection, failed=False)
        return alone

    with ThreadPoolExecutor(12) as pool:
        assert all(pool.map(use, range(600)))
    assert connections.checkedin() <= 2
    connections.close()


def test_one_that_was_ended_by_the_server_is_replaced_where_it_has_rested(url: str) -> None:
    connections = kept(url, ping_after_s=0.0)
    resting = connections.take()
    pid = backend_of(resting)
    connections.give_back(resting, failed=False)
    end_backend(url, pid)
    taken = connections.take()
    assert backend_of(taken) != pid
    connections.give_back(taken, failed=False)
    connections.close()


def test_one_that_ends_in_use_is_an_outage_and_makes_room_for_another(url: str) -> None:
    database = Database(url, pool_size=1)
    with pytest.raises(Unavailable), database.autocommit() as connection:
        end_backend(url, backend_of(connection))
        connection.execute(text("SELECT 1"))
    with database.autocommit() as connection:
        assert connection.scalar(text("SELECT 1")) == 1
    assert database.connections()["autocommit", "in_use"] == 0
    database.close()


def test_a_prepared_statement_is_prepared_anew_on_another_connection(url: str) -> None:
    database = Database(url, pool_size=1)
    twice = Prepared("SELECT 2 * :number, :word", database.dialect, {"word": "text", "number": "integer"})
    with database.autocommit() as connection:
        assert [twice.all(connection, number=n, word="a:b")[0] for n in (1, 2)] == [(2, "a:b"), (4, "a:b")]
    with pytest.raises(Unavailable), database.autocommit() as connection:
        end_backend(url, backend_of(connection))
        twice.all(connection, number=1, word="")
    with database.autocommit() as connection:
        assert twice.all(connection, number=3, word="%s") == [(6, "%s")]
    database.close()


def test_many_rows_are_put_with_one_statement_and_each_once(url: str) -> None:
    database = Database(url)
    with database.write() as connection:
        connection.execute(text("CREATE TABLE words (id integer PRIMARY KEY, word text)"))
    put = Statement(
        "INSERT INTO words (id, word) VALUES (:id, :word) ON CONFLICT (id) DO UPDATE SET word = excluded.word",
        database.dialect,
    )
    for suffix in ("", "%s ($1)"):
        with database.write() as connection:
            put.each(connection, [[number, f"word {number}{suffix}"] for number in range(1050)])
    with database.read() as connection:
        found = connection.execute(text("SELECT id, word FROM words ORDER BY id")).all()
    assert [tuple(row) for row in found] == [(number, f"word {number}%s ($1)") for number in range(1050)]
    database.close()
