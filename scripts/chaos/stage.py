"""The split hub under attack: servers behind proxies, replicas of every service, a keeper that restarts what dies."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from urllib.parse import urlsplit

from gateway.embedded import SERVICES, EmbeddedHub, examine, seed_upstream
from gateway.first_start import make_seal_key
from scripts.servers.postgresql import Postgresql, program
from scripts.servers.rabbitmq import Account, RabbitMQ
from scripts.split.supervision import ready
from shared.config import Settings, from_environment
from shared.contracts.common import Role, system_caller
from shared.contracts.identity import CreateAccount, IssueTokenFor
from shared.doctor import Check
from shared.migrations import migrate
from tests.support.hub_process import free_port
from tests.support.split_nursery import ROOT, Nursery
from tests.support.tcp_proxy import TcpProxy

PEOPLE: dict[str, list[Role]] = {"max": ["maintainer"], "rita": ["reviewer"], "olga": ["operator"]}
READY_WITHIN_S = 120.0
_LOOK_S = 0.05


@dataclass(slots=True)
class Process:
    """One process that is to run; `deaths` are those that nobody of us has caused."""

    name: str
    start: Callable[[], int]
    pid: int = 0
    killed: bool = False
    starts: int = 0
    deaths: list[str] = field(default_factory=list)


class Stage:
    """Everything of one run, in a folder that is thrown away."""

    def __init__(self, folder: Path, *, replicas: int) -> None:
        self.folder = folder
        self.replicas = replicas
        self._stack = ExitStack()
        self._stack.callback(self._end_processes)
        self.postgresql = Postgresql(folder=folder / "postgresql", port=free_port(), ends_with_us=True)
        self.rabbitmq = RabbitMQ(folder / "rabbitmq", accounts=[Account("hub", "only-here")], ends_with_us=True)
        self.processes: dict[str, Process] = {}
        self.port = free_port()
        self.tokens: dict[str, str] = {}
        self._lock = threading.Lock()
        self._ending = threading.Event()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        """Servers, accounts, processes; returns when the gateway is ready."""
        self.postgresql.start()
        self._stack.callback(self.postgresql.stop)
        self.rabbitmq.start()
        self._stack.callback(self.rabbitmq.stop)
        self.database_proxy = self._proxy(self.postgresql.port)
        self.broker_proxy = self._proxy(self.rabbitmq.port)
        for service in SERVICES:
            migrate(service, self.postgresql.create_database(service))
        self._prepare()
        self.nursery = Nursery()
        self._stack.callback(self.nursery.end)
        for service in SERVICES:
            for number in range(1, self.replicas + 1):
                name = f"{service}-{number}"
                self.processes[name] = Process(name, lambda s=service, n=name: self._start_service(s, n))  # type: ignore[misc]
        self.processes["gateway"] = Process("gateway", self._start_gateway)
        self._keeper = threading.Thread(target=self._keep, name="keeper", daemon=True)
        self._keeper.start()
        self.await_ready()

    def stop(self) -> None:
        """Nothing of it runs any more."""
        self._ending.set()
        self._stack.close()

    def await_ready(self) -> None:
        """The gateway says that it is ready."""
        end = time.monotonic() + READY_WITHIN_S
        while not ready("127.0.0.1", self.port):
            if time.monotonic() > end:
                raise TimeoutError(f"the gateway is not ready after {READY_WITHIN_S} s; logs are in {self.folder}")
            time.sleep(0.2)

    def kill(self, name: str) -> None:
        """kill -9; the keeper starts it again."""
        with self._lock:
            process = self.processes[name]
            process.killed = True
            if process.pid:
                self.nursery.kill(process.pid)

    def freeze(self, name: str, number: int) -> None:
        """SIGSTOP or SIGCONT for one process."""
        with self._lock, suppress(ProcessLookupError):
            if pid := self.processes[name].pid:
                os.killpg(pid, number)

    @contextmanager
    def without(self, service: str) -> Iterator[None]:
        """No replica of the service runs until the block ends."""
        with self._lock:
            for process in self._of(service):
                process.killed = True
                self.nursery.kill(process.pid)
            try:
                yield
            finally:
                for process in self._of(service):
                    process.pid = 0

    def settings(self) -> Settings:
        """For looking into the databases, past the proxies."""
        urls = {service: self.postgresql.url(service) for service in SERVICES}
        return replace(from_environment(self._environment(), here=self.folder), database_urls=urls)

    def doctor(self) -> list[Check]:
        return list(examine(self.settings()))

    def dump(self, service: str, file: Path) -> None:
        """The service's database as it is now."""
        self._tool("pg_dump", "--format=custom", f"--file={file}", f"--dbname={self.postgresql.url(service)}")

    def restore(self, service: str, file: Path) -> None:
        """The service's database as it was when `file` was made."""
        url = f"--dbname={self.postgresql.url(service)}"
        self._tool("pg_restore", "--clean", "--if-exists", "--no-owner", url, str(file))

    def _of(self, service: str) -> list[Process]:
        return [process for name, process in self.processes.items() if name.rsplit("-", 1)[0] == service]

    def _tool(self, name: str, *arguments: str) -> None:
        done = subprocess.run(
            [str(program(name)), *arguments], capture_output=True, text=True, timeout=120, check=False
        )
        if done.returncode != 0:
            raise RuntimeError(f"{name}: {done.stderr.strip()[-2000:]}")

    def _proxy(self, port: int) -> TcpProxy:
        proxy = TcpProxy(("127.0.0.1", port))
        self._stack.callback(proxy.stop)
        return proxy

    def _prepare(self) -> None:
        """Upstream's repository, keys, people and their tokens, made before anything runs."""
        settings = self.settings()
        make_seal_key(settings)
        seed_upstream(Path(settings.upstream.location), {}, branch=settings.upstream_branch)
        with closing(EmbeddedHub(settings, only=["identity"])) as hub:
            for login, roles in PEOPLE.items():
                caller = system_caller("chaos", command_id=f"account-{login}")
                account = CreateAccount(
                    login=login, email=f"{login}@example.org", password="not used here", roles=roles
                )
                hub.calls.identity.create_account(account, caller)
                asked = IssueTokenFor(login=login, name="chaos", scope="admin")
                self.tokens[login] = hub.calls.identity.issue_token_for(asked, caller).secret

    def _environment(self) -> dict[str, str]:
        return {
            "HUB_DATA_DIR": str(self.folder / "var"),
            "HUB_CATALOG_SOURCE": "none",
            "HUB_UPSTREAM_POLL_S": "20",
            "HUB_PORT": str(self.port),
        }

    def _through(self, service: str) -> dict[str, str]:
        ambient = {name: value for name, value in os.environ.items() if not name.startswith("HUB_")}
        broker = urlsplit(self.rabbitmq.uri())
        where = f"{broker.username}:{broker.password}@127.0.0.1:{self.broker_proxy.port}"
        found = {**ambient, **self._environment(), "AMQP_URI": broker._replace(netloc=where).geturl()}
        if service in SERVICES:
            url = urlsplit(self.postgresql.url(service))
            where = f"{url.username}:{url.password}@127.0.0.1:{self.database_proxy.port}"
            found |= {"DATABASE_URL": url._replace(netloc=where).geturl(), "HUB_HEALTH_PORT": "0"}
        return found

    def _start_service(self, service: str, name: str) -> int:
        return self.nursery.start(service, self._through(service), self.folder / f"{name}.log")

    def _start_gateway(self) -> int:
        with (self.folder / "gateway.log").open("ab") as log:
            process = subprocess.Popen(
                [sys.executable, "-m", "gateway.wsgi"],
                cwd=ROOT,
                env=self._through("gateway"),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        # Whoever is killed must not stay as a zombie that looks alive.
        threading.Thread(target=process.wait, daemon=True).start()
        return process.pid

    def _keep(self) -> None:
        """As a supervisor does: what does not run is started again."""
        while not self._ending.wait(_LOOK_S):
            with self._lock:
                for process in self.processes.values():
                    if process.pid and Path(f"/proc/{process.pid}").exists():
                        continue
                    if process.pid and not process.killed:
                        process.deaths.append(f"{process.name} ended by itself after start {process.starts}")
                    if not self._ending.is_set():
                        process.killed, process.pid = False, process.start()
                        process.starts += 1

    def _end_processes(self) -> None:
        self._ending.set()
        with self._lock:
            for process in self.processes.values():
                if process.pid:
                    with suppress(ProcessLookupError):
                        os.killpg(process.pid, signal.SIGKILL)
