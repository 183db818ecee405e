"""PostgreSQL and RabbitMQ for the benchmarks: on this machine, durable, ended with the run."""

from __future__ import annotations

import atexit
import secrets
import shutil
import tempfile
from functools import cache
from pathlib import Path

from scripts.servers.postgresql import Postgresql
from scripts.servers.rabbitmq import Account, RabbitMQ
from shared.migrations import migrate
from tests.support.hub_process import free_port
from tests.support.postgresql_server import PostgresqlServer


@cache
def cluster() -> Postgresql:
    """Started at the first call; what it has acknowledged survives a power cut."""
    folder = Path(tempfile.mkdtemp(prefix="hub-bench-postgresql-"))
    server = Postgresql(folder=folder, port=free_port(), ends_with_us=True)
    _at_end(server, folder)
    server.start()
    return server


@cache
def databases() -> PostgresqlServer:
    """Makes and drops databases in `cluster`."""
    return PostgresqlServer(cluster().url("postgres"))


@cache
def migrated(service: str) -> str:
    """An empty database with the service's tables, for copies."""
    url = databases().create()
    migrate(service, url)
    return url


@cache
def broker() -> str:
    """The address of a broker that was started at the first call."""
    folder = Path(tempfile.mkdtemp(prefix="hub-bench-rabbitmq-"))
    server = RabbitMQ(folder, accounts=[Account("bench", secrets.token_hex(12))], ends_with_us=True)
    _at_end(server, folder)
    server.start()
    return server.uri()


def _at_end(server: Postgresql | RabbitMQ, folder: Path) -> None:
    def end() -> None:
        server.stop()
        shutil.rmtree(folder, ignore_errors=True)

    atexit.register(end)
