"""The split hub under test: five processes over RabbitMQ and PostgreSQL, the gateway's app in this one.

Processes are forked from one that has loaded everything (`split_nursery`), databases are copies of
migrated ones: a hub of its own for each file of tests costs a second or two.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from functools import cache

from flask import Flask

from gateway.embedded import SERVICES, examine
from gateway.split import RunningGateway
from shared.config import Settings
from shared.contracts.common import Empty, system_caller
from shared.database import Database
from shared.doctor import Check
from shared.errors import Unavailable
from shared.event_store.interface import EventStore
from shared.event_store.serialization import EventTypes
from shared.event_store.sql import SqlEventStore
from shared.events import identity, pr_bot, registry, review
from shared.migrations import migrate
from shared.rpc_client import RpcClient, calls_over_rpc
from shared.service import Calls
from tests.support.running import until
from tests.support.servers import postgresql, rabbitmq
from tests.support.split_nursery import nursery

EVENTS = {"registry": registry, "review": review, "identity": identity, "pr_bot": pr_bot}
START_S = 60.0


@cache
def _migrated(service: str) -> str:
    """An empty database with the service's tables, for copies."""
    url = postgresql().create()
    migrate(service, url)
    return url


class Split:
    """One process a service; `settings` have the databases' addresses, so that a test may look into them."""

    def __init__(self, settings: Settings, environment: Mapping[str, str]) -> None:
        self.settings = settings
        self._environment = environment
        self._client = RpcClient(settings.amqp_uri, name="gateway")
        self._calls = calls_over_rpc(self._client)
        self._gateway = RunningGateway(replace(settings, database_urls={}), self._calls)
        self._app: Flask | None = None
        self._pids: dict[str, int] = {}
        self._databases = {name: Database(settings.database_urls[name]) for name in EVENTS}
        self._stores = {
            name: SqlEventStore(self._databases[name], EventTypes(module.EVENTS, module.UPCASTERS))
            for name, module in EVENTS.items()
        }

    @property
    def calls(self) -> Calls:
        self.start()
        return self._calls

    def start(self) -> Flask:
        if self._app is None:
            for service in SERVICES:
                self._pids[service] = self.start_service(service)
            self._client.start()
            self._app = self._gateway.start()
            for service in SERVICES:
                until(lambda: self._answers(service), what=f"{service} answers", deadline_s=START_S)  # noqa: B023
        return self._app

    def start_service(self, service: str) -> int:
        """Another process of the service; its process id."""
        log = self.settings.data_dir / f"{service}.log"
        own = {"DATABASE_URL": self.settings.database_urls[service], "AMQP_URI": self.settings.amqp_uri}
        return nursery().start(service, {**self._environment, **own, "HUB_HEALTH_PORT": "0"}, log)

    def stop(self) -> None:
        if self._app is not None:
            self._gateway.stop()
            self._client.stop()
        for pid in self._pids.values():
            nursery().kill(pid)
        for database in self._databases.values():
            database.close()

    def store(self, service: str) -> EventStore:
        return self._stores[service]

    def positions(self) -> Iterable[tuple[str, int]]:
        for service in SERVICES:
            operations = self.calls.of(service).operations(Empty(), system_caller("test"))
            yield from ((subscription.source, subscription.position) for subscription in operations.subscriptions)

    def doctor(self) -> Iterable[Check]:
        return examine(self.settings)

    def _answers(self, service: str) -> bool:
        try:
            self._calls.of(service).operations(Empty(), system_caller("test"))
        except Unavailable:
            return False
        return True


@contextmanager
def split(settings: Settings, changes: Mapping[str, str]) -> Iterator[Split]:
    """A split hub whose processes have not started yet; databases and virtual host are gone at the end."""
    with ExitStack() as stack:
        urls = {}
        for service in SERVICES:
            urls[service] = postgresql().copy(_migrated(service))
            stack.callback(postgresql().drop, urls[service])
        uri = stack.enter_context(rabbitmq().vhost())
        settings = replace(settings, database_urls=urls, amqp_uri=uri)
        yield Split(settings, _environment(settings, changes))


def _environment(settings: Settings, changes: Mapping[str, str]) -> dict[str, str]:
    ambient = {name: value for name, value in os.environ.items() if not name.startswith(("HUB_", "DATABASE_URL"))}
    return {
        **ambient,
        "HUB_DATA_DIR": str(settings.data_dir),
        "HUB_CATALOG_SOURCE": "none",
        "HUB_UPSTREAM_POLL_S": "1",
        **changes,
    }
