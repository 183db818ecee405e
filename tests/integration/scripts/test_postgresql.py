from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psycopg2
import pytest

from scripts.servers.postgresql import Postgresql
from tests.support.hub_process import free_port
from tests.support.servers import postgresql


@pytest.fixture
def private_folder() -> Iterator[Path]:
    """Nobody but its owner may enter: so are the data directories of hubs."""
    folder = Path(tempfile.mkdtemp(prefix="hub-private-"))
    yield folder
    shutil.rmtree(folder)


def asked(url: str, query: str) -> object:
    connection = psycopg2.connect(url)
    try:
        with connection, connection.cursor() as cursor:
            cursor.execute(query)
            row = cursor.fetchone()
            assert row is not None
            return row[0]
    finally:
        connection.close()


def test_a_cluster_runs_in_a_private_folder_and_comes_back_with_its_data(private_folder: Path) -> None:
    server = Postgresql(folder=private_folder / "postgresql", port=free_port(), durable=False, ends_with_us=True)
    try:
        server.start()
        url = server.create_database("registry", owner="registry", password="s3cret/@:")
        assert asked(url, "CREATE TABLE kept AS SELECT 7 AS n; SELECT n FROM kept") == 7
        server.stop()
        assert not server.answers()
        server.start()
        assert server.create_database("registry", owner="registry", password="another") != url
        assert asked(server.url("registry", user="registry", password="another"), "SELECT n FROM kept") == 7
    finally:
        server.stop()


def test_a_service_may_not_enter_the_database_of_another(private_folder: Path) -> None:
    server = Postgresql(folder=private_folder / "postgresql", port=free_port(), durable=False, ends_with_us=True)
    try:
        server.start()
        server.create_database("registry", owner="registry", password="one")
        server.create_database("identity", owner="identity", password="two")
        with pytest.raises(psycopg2.OperationalError, match="permission denied"):
            psycopg2.connect(server.url("identity", user="registry", password="one"))
    finally:
        server.stop()


def test_a_durable_cluster_syncs_its_commits(private_folder: Path) -> None:
    command = Postgresql(folder=private_folder / "postgresql", port=free_port()).command
    assert not [option for option in command if option.startswith(("fsync", "synchronous_commit", "full_page"))]


def test_every_test_gets_a_database_of_its_own() -> None:
    with postgresql().database() as one, postgresql().database() as other:
        asked(one, "CREATE TABLE mine (n int); SELECT 1")
        assert asked(other, "SELECT count(*) FROM pg_tables WHERE tablename = 'mine'") == 0
    with pytest.raises(psycopg2.OperationalError, match="does not exist"):
        psycopg2.connect(one)
