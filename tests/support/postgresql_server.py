"""A PostgreSQL for this run of pytest: the given one, a container's, or one from local binaries.

Each test gets a database of its own in it.
"""

from __future__ import annotations

import atexit
import os
import secrets
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from urllib.parse import urlsplit

import psycopg2
from psycopg2 import sql

from scripts.servers.postgresql import Postgresql
from tests.support.hub_process import free_port

_IMAGE = "postgres"


@dataclass(frozen=True, slots=True)
class PostgresqlServer:
    """`admin_url` may create databases."""

    admin_url: str

    def create(self) -> str:
        """The URL of a new, empty database with a name of its own."""
        name = f"test_{secrets.token_hex(6)}"
        # C: text sorts by its bytes, as in SQLite
        self._run(
            sql.SQL("CREATE DATABASE {} TEMPLATE template0 ENCODING 'UTF8' LOCALE 'C'").format(sql.Identifier(name))
        )
        return urlsplit(self.admin_url)._replace(path=f"/{name}").geturl()

    def copy(self, url: str) -> str:
        """The URL of a new database that holds what the one at `url` holds; nobody may be connected to that."""
        name = f"test_{secrets.token_hex(6)}"
        template = urlsplit(url).path.removeprefix("/")
        self._run(sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(sql.Identifier(name), sql.Identifier(template)))
        return urlsplit(self.admin_url)._replace(path=f"/{name}").geturl()

    def drop(self, url: str) -> None:
        """The database is gone, whoever is connected to it."""
        name = urlsplit(url).path.removeprefix("/")
        self._run(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))

    @contextmanager
    def database(self) -> Iterator[str]:
        """The URL of a database that is dropped at the end."""
        url = self.create()
        try:
            yield url
        finally:
            self.drop(url)

    def _run(self, statement: sql.Composed) -> None:
        connection = psycopg2.connect(self.admin_url, connect_timeout=10)
        try:
            connection.autocommit = True
            with connection.cursor() as cursor:
                cursor.execute(statement)
        finally:
            connection.close()


@cache
def postgresql() -> PostgresqlServer:
    """Started at the first call, ended with this process."""
    if given := os.environ.get("DATABASE_URL", ""):
        return PostgresqlServer(given)
    return PostgresqlServer(_from_container() or _from_binaries())


def _from_container() -> str | None:
    """None where no Docker engine answers, or it has no image of PostgreSQL; none is pulled."""
    if shutil.which("docker") is None:
        return None
    listed = ["docker", "image", "ls", "--format", "{{.Repository}}:{{.Tag}}", _IMAGE]
    images = subprocess.run(listed, capture_output=True, text=True, timeout=30, check=False)
    if images.returncode != 0 or not images.stdout.strip():
        return None
    os.environ.setdefault("TESTCONTAINERS_RYUK_DISABLED", "true")
    os.environ.setdefault("TESTCONTAINERS_CONNECTION_MODE", "docker_host")
    from testcontainers.community.postgres import PostgresContainer

    container = PostgresContainer(max(images.stdout.split()), driver=None).with_command(
        "postgres -c max_connections=300 -c fsync=off"
    )
    container.start()
    atexit.register(container.stop)
    return container.get_connection_url()


def _from_binaries() -> str:
    folder = Path(tempfile.mkdtemp(prefix="hub-postgresql-"))
    server = Postgresql(folder=folder, port=free_port(), durable=False, ends_with_us=True)

    def end() -> None:
        server.stop()
        shutil.rmtree(folder, ignore_errors=True)

    atexit.register(end)
    server.start()
    return server.url("postgres")
