"""The split hub under measurement: each service and the gateway in processes of their own, on the run's servers."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import replace
from pathlib import Path

from gateway.embedded import SERVICES, EmbeddedHub, seed_upstream
from gateway.first_start import make_seal_key
from scripts.bench.serving import Served
from scripts.bench.split_servers import broker, databases, migrated
from scripts.split.supervision import ready
from shared.config import Settings, from_environment
from shared.contracts.common import Role, system_caller
from shared.contracts.identity import CreateAccount, IssueTokenFor
from tests.support.hub_process import free_port
from tests.support.split_nursery import ROOT, Nursery

READY_S = 120.0
_HOST = "127.0.0.1"


class SplitHub:
    """One process of each service and a gateway, answering when made by `split_hub`; more replicas come and go."""

    def __init__(self, folder: Path, urls: dict[str, str]) -> None:
        self.port = free_port()
        self.folder = folder
        self.urls = urls
        self._nursery = Nursery()
        self._stack = ExitStack()
        self._stack.callback(self._nursery.end)

    def start(self) -> None:
        gateway = self._stack.enter_context(self._gateway())
        self.gateway = Served("gateway", gateway, self.port)
        ports = [self._stack.enter_context(self._process(service)) for service in SERVICES]
        for service, port in zip(SERVICES, ports, strict=True):
            _await(lambda: ready(_HOST, port), service)  # noqa: B023
        _await(lambda: ready(_HOST, self.port), "the gateway")

    def stop(self) -> None:
        self._stack.close()

    @contextmanager
    def replica(self, service: str) -> Iterator[None]:
        """One more process of the service, ready when the block begins, gone when it ends."""
        with self._process(service) as port:
            _await(lambda: ready(_HOST, port), service)
            yield

    @contextmanager
    def _process(self, service: str) -> Iterator[int]:
        """Its health port."""
        port = free_port()
        environment = {**self._environment(), "DATABASE_URL": self.urls[service], "HUB_HEALTH_PORT": str(port)}
        pid = self._nursery.start(service, environment, self.folder / f"{service}.log")
        running = Path(f"/proc/{pid}")
        try:
            yield port
        finally:
            # Nothing is in hand between two rounds, so nothing is lost by it.
            self._nursery.kill(pid)
            _await(lambda: not running.exists(), f"the end of {service}")

    def token(self, login: str, role: Role) -> str:
        """Of a new account; before `start`."""
        with closing(EmbeddedHub(self.settings(), only=["identity"])) as hub:
            caller = system_caller("bench", command_id=f"account-{login}")
            asked = CreateAccount(login=login, email=f"{login}@example.org", password="not used here", roles=[role])
            hub.calls.identity.create_account(asked, caller)
            return hub.calls.identity.issue_token_for(
                IssueTokenFor(login=login, name="bench", scope="write"), caller
            ).secret

    def settings(self) -> Settings:
        return replace(from_environment(self._chosen(), here=self.folder), database_urls=self.urls)

    @contextmanager
    def _gateway(self) -> Iterator[subprocess.Popen[bytes]]:
        with (self.folder / "gateway.log").open("ab") as log:
            process = subprocess.Popen(
                [sys.executable, "-m", "gateway.wsgi"],
                cwd=ROOT,
                env=self._environment(),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        try:
            yield process
        finally:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()

    def _chosen(self) -> dict[str, str]:
        return {
            "HUB_DATA_DIR": str(self.folder / "var"),
            "HUB_CATALOG_SOURCE": "none",
            "HUB_UPSTREAM_POLL_S": "20",
            "HUB_PORT": str(self.port),
        }

    def _environment(self) -> dict[str, str]:
        ambient = {name: value for name, value in os.environ.items() if not name.startswith("HUB_")}
        return {**ambient, **self._chosen(), "AMQP_URI": broker()}


@contextmanager
def split_hub(prepare: Callable[[SplitHub], None]) -> Iterator[SplitHub]:
    """Runs in the block; `prepare` fills its databases before."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(ignore_cleanup_errors=True)))
        urls = {}
        for service in SERVICES:
            urls[service] = databases().copy(migrated(service))
            stack.callback(databases().drop, urls[service])
        hub = SplitHub(folder, urls)
        stack.callback(hub.stop)
        settings = hub.settings()
        make_seal_key(settings)
        seed_upstream(Path(settings.upstream.location), {}, branch=settings.upstream_branch)
        prepare(hub)
        hub.start()
        yield hub


def _await(is_so: Callable[[], bool], what: str) -> None:
    end = time.monotonic() + READY_S
    while not is_so():
        if time.monotonic() > end:
            raise TimeoutError(f"split hub: expected {what} within {READY_S:.0f} s")
        time.sleep(0.05)
