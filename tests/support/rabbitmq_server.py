"""A RabbitMQ for this run of pytest: the given one, a container's, or one from local binaries.

Each test gets a virtual host of its own in it, so tests do not see each other. Tests that stop or
freeze a broker start their own with `private_rabbitmq`.
"""

from __future__ import annotations

import atexit
import hashlib
import json
import os
import secrets
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from urllib.parse import urlsplit

import amqp
import kombu

from scripts.servers.rabbitmq import Account, Exchange, RabbitMQ
from tests.support.rabbitmq_keeper import locked

ROOT = Path(__file__).parents[2]
START_S = 150.0
# A call of rabbitmqctl starts an Erlang of its own, which costs more than many virtual hosts.
_AT_ONCE = 8
_IMAGE = "rabbitmq"


@dataclass(frozen=True, slots=True)
class RabbitmqServer:
    """`uri` may do everything in its virtual host; `ctl` is `rabbitmqctl`, None where it cannot be reached."""

    uri: str
    ctl: Callable[..., str] | None = None
    spare: list[str] = field(default_factory=list, repr=False)

    @contextmanager
    def vhost(self) -> Iterator[str]:
        """The AMQP URI of an empty virtual host, which nobody else gets; they are all gone with the broker.

        A given broker has one virtual host for all: tests take turns in it, and it is emptied for each.
        """
        if self.ctl is None:
            with locked(Path(tempfile.gettempdir()) / f"hub-given-rabbitmq-{os.getuid()}"):
                _emptied(self.uri)
                yield self.uri
            return
        if not self.spare:
            self.spare.extend(f"test-{secrets.token_hex(6)}" for _ in range(_AT_ONCE))
            self.ctl("eval", _new_vhosts(self.spare, urlsplit(self.uri).username or ""))
        yield urlsplit(self.uri)._replace(path=f"/{self.spare.pop()}").geturl()


@cache
def rabbitmq() -> RabbitmqServer:
    """Started at the first call of any worker, ended after the last one."""
    if given := os.environ.get("AMQP_URI", ""):
        return RabbitmqServer(given)
    return _from_container() or _from_binaries()


@contextmanager
def private_rabbitmq(*accounts: Account, exchanges: Sequence[Exchange] = ()) -> Iterator[RabbitMQ]:
    """A broker for one test or file, to stop, kill and freeze; it has started and is gone at the end."""
    folder = Path(tempfile.mkdtemp(prefix="hub-rabbitmq-"))
    accounts = accounts or (Account("tests", secrets.token_hex(12)),)
    server = RabbitMQ(folder, accounts=accounts, exchanges=exchanges, ends_with_us=True)
    try:
        server.start()
        yield server
    finally:
        server.stop()
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def rabbitmq_cluster(nodes: int) -> Iterator[list[RabbitMQ]]:
    """A cluster for one test, all nodes on this machine."""
    folder = Path(tempfile.mkdtemp(prefix="hub-rabbitmq-"))
    accounts = [Account("tests", secrets.token_hex(12))]
    started: list[RabbitMQ] = []
    try:
        for number in range(nodes):
            beside = started[0] if started else None
            node = RabbitMQ(folder / str(number), accounts=accounts, ends_with_us=True, beside=beside)
            started.append(node)
            node.start()
            if beside is not None:
                node.join()
        yield started
    finally:
        for node in reversed(started):
            node.stop()
        shutil.rmtree(folder, ignore_errors=True)


def _from_container() -> RabbitmqServer | None:
    """None where no Docker engine answers, or it has no image of RabbitMQ; none is pulled."""
    if shutil.which("docker") is None:
        return None
    listed = ["docker", "image", "ls", "--format", "{{.Repository}}:{{.Tag}}", _IMAGE]
    images = subprocess.run(listed, capture_output=True, text=True, timeout=30, check=False)
    if images.returncode != 0 or not images.stdout.strip():
        return None
    os.environ.setdefault("TESTCONTAINERS_RYUK_DISABLED", "true")
    os.environ.setdefault("TESTCONTAINERS_CONNECTION_MODE", "docker_host")
    from testcontainers.community.rabbitmq import RabbitMqContainer

    container = RabbitMqContainer(max(images.stdout.split()), username="tests", password=secrets.token_hex(12))
    container.start()
    atexit.register(container.stop)
    address = f"{container.get_container_host_ip()}:{container.get_exposed_port(5672)}"

    def ctl(*arguments: str) -> str:
        code, output = container.exec(["rabbitmqctl", "--quiet", *arguments])
        if code != 0:
            raise RuntimeError(f"rabbitmqctl {' '.join(arguments)}: {output.decode()}")
        return str(output, "utf-8")

    return RabbitmqServer(f"amqp://tests:{container.password}@{address}/%2F", ctl)


def _from_binaries() -> RabbitmqServer:
    """One for all runs over this checkout at the same time: each has virtual hosts of its own."""
    checkout = hashlib.sha256(str(ROOT).encode()).hexdigest()[:8]
    folder = Path(tempfile.gettempdir()) / f"hub-rabbitmq-{os.getuid()}-{checkout}"
    mine = folder / "users" / str(os.getpid())
    with locked(folder):
        mine.parent.mkdir(exist_ok=True)
        mine.touch()
        atexit.register(_leave, folder, mine)
        address = folder / "address"
        if not _is_alive(address):
            _start_keeper(folder, address)
        found = json.loads(address.read_text(encoding="utf-8"))
    account = Account("tests", urlsplit(found["uri"]).password or "")
    return RabbitmqServer(found["uri"], RabbitMQ(Path(found["node"]), accounts=[account]).ctl)


def _new_vhosts(names: Sequence[str], user: str) -> str:
    """In Erlang: virtual hosts in which `user` may do everything."""
    everything = ", ".join(['<<".*">>'] * 3)
    listed = ", ".join(f'<<"{name}">>' for name in names)
    add = f'rabbit_vhost:add(Name, <<"{user}">>)'
    allow = f'rabbit_auth_backend_internal:set_permissions(<<"{user}">>, Name, {everything}, <<"{user}">>)'
    return f"lists:foreach(fun(Name) -> {add}, {allow} end, [{listed}])."


def _start_keeper(folder: Path, address: Path) -> None:
    address.unlink(missing_ok=True)
    said = folder / "keeper.log"
    with said.open("wb") as output:
        keeper = subprocess.Popen(
            [sys.executable, "-c", _KEEPER, str(ROOT), str(folder)],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    deadline = time.monotonic() + START_S
    while not address.exists():
        if keeper.poll() is not None or time.monotonic() > deadline:
            raise RuntimeError(f"RabbitMQ for the tests did not start: {said.read_text(encoding='utf-8')[-3000:]}")
        time.sleep(0.05)


# -m needs the checkout as its working directory; this needs nothing.
_KEEPER = "import sys; sys.path.insert(0, sys.argv.pop(1)); from tests.support.rabbitmq_keeper import main; main()"


def _leave(folder: Path, mine: Path) -> None:
    """Waits for the broker's end where this was the last to use it: nothing runs after pytest."""
    with locked(folder):
        mine.unlink(missing_ok=True)
    deadline = time.monotonic() + START_S
    while time.monotonic() < deadline:
        with locked(folder):
            if any((folder / "users").glob("*")) or not any(folder.glob("node-*")):
                return
        time.sleep(0.05)


def _is_alive(address: Path) -> bool:
    """A broker that a power cut or kill -9 ended leaves its address behind."""
    if not address.exists():
        return False
    try:
        connection = kombu.Connection(json.loads(address.read_text(encoding="utf-8"))["uri"], connect_timeout=5)
        connection.ensure_connection(max_retries=1)
        connection.release()
    except (OSError, amqp.AMQPError, kombu.exceptions.KombuError):
        return False
    return True


def _emptied(uri: str) -> None:
    """No queue and no exchange of the hub is left; their names follow from those of the services."""
    from shared.broker import exchange_name, queue_name

    services = ("registry", "review", "identity", "pr_bot", "catalog", "sample", "reader")
    with kombu.Connection(uri) as connection, connection.channel() as channel:
        for subscriber in services:
            channel.queue_delete(f"{subscriber}.dead")
            for source in services:
                channel.queue_delete(queue_name(subscriber, source))
        for name in (*map(exchange_name, services), "public.events"):
            channel.exchange_delete(name)
