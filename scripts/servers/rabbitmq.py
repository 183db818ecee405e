"""A RabbitMQ node in a folder of its own, on private ports, from the programs that the machine has.

`commands()` and `environment()` are for a supervisor; `start()` and `stop()` run the same here. Two
processes make a node: epmd, by which Erlang's nodes find each other, and the broker itself.
"""

from __future__ import annotations

import base64
import contextlib
import hashlib
import json
import os
import secrets
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

PROGRAMS = Path("/usr/lib/rabbitmq/bin")
START_S = 120.0
STOP_S = 20.0


class ServerMissing(Exception):
    """The program is not installed; the message says how to get it."""


@dataclass(frozen=True, slots=True)
class TopicRights:
    """With which routing keys an account may publish to a topic exchange, and bind queues to it."""

    exchange: str
    write: str
    read: str


@dataclass(frozen=True, slots=True)
class Account:
    """A user of the broker; the three patterns say which queues and exchanges it may touch.

    In topic exchanges that are not among `topics` it may use every routing key.
    """

    name: str
    password: str
    configure: str = ".*"
    write: str = ".*"
    read: str = ".*"
    tags: tuple[str, ...] = ()
    topics: tuple[TopicRights, ...] = ()


@dataclass(frozen=True, slots=True)
class Exchange:
    """One that the broker has from its start on, durable."""

    name: str
    kind: str = "topic"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Node:
    """What must stay the same as long as the folder is there: the name is a part of the data's path."""

    name: str
    port: int
    dist_port: int
    epmd_port: int
    cookie: str


class RabbitMQ:
    """One node; its folder may be kept and started again, also under a supervisor.

    `accounts` may use every one of `vhosts`; the first account's address is `uri()`. `port` is chosen
    where none is given. `settings` are further lines of `rabbitmq.conf`. `ends_with_us`: it ends when
    the process (its main thread) that started it dies. With `beside`, a node that has
    started, it uses that one's epmd and can `join` it.
    """

    def __init__(
        self,
        folder: Path,
        *,
        accounts: Sequence[Account],
        port: int | None = None,
        vhosts: Sequence[str] = ("/",),
        exchanges: Sequence[Exchange] = (),
        settings: Sequence[str] = (),
        ends_with_us: bool = False,
        beside: RabbitMQ | None = None,
    ) -> None:
        if not accounts:
            raise ValueError("RabbitMQ: expected at least one account")
        self.folder = folder.resolve()
        self.accounts = tuple(accounts)
        self.vhosts = tuple(vhosts)
        self.exchanges = tuple(exchanges)
        self.settings = tuple(settings)
        self._wanted_port = port
        self._ends_with_us = ends_with_us
        self._beside = beside
        self._processes: dict[str, subprocess.Popen[bytes]] = {}
        self._kept: _Node | None = None

    @property
    def port(self) -> int:
        """AMQP's; known once prepared."""
        return self._node.port

    @property
    def name(self) -> str:
        """As the nodes of a cluster know it."""
        return self._node.name

    def uri(self, account: Account | None = None, *, vhost: str = "/") -> str:
        """`amqp://name:password@127.0.0.1:port/vhost` of `account`, or of the first one."""
        who = account or self.accounts[0]
        name, password = quote(who.name, safe=""), quote(who.password, safe="")
        return f"amqp://{name}:{password}@127.0.0.1:{self.port}/{quote(vhost, safe='')}"

    def prepare(self) -> None:
        """The folder holds all that the node needs; what an earlier start left there is kept."""
        if not (PROGRAMS / "rabbitmq-server").exists() or shutil.which("epmd") is None:
            raise ServerMissing(
                f"RabbitMQ: expected {PROGRAMS}/rabbitmq-server and epmd, found none; run "
                "apt-get install rabbitmq-server, or set AMQP_URI to a broker that runs"
            )
        self.folder.mkdir(parents=True, exist_ok=True)
        self.folder.chmod(0o700)
        node = self._node
        self._write(".erlang.cookie", node.cookie, mode=0o400)
        self._write("enabled_plugins", "[].\n")
        self._write("definitions.json", json.dumps(definitions(self.accounts, self.vhosts, self.exchanges)))
        self._write("rabbitmq.conf", "\n".join(self._configuration()) + "\n")

    def commands(self) -> dict[str, list[str]]:
        """{program: its foreground command}, in the order in which they start; SIGTERM ends each."""
        epmd = shutil.which("epmd") or "epmd"
        own = {"epmd": [epmd, "-port", str(self._node.epmd_port), "-address", "127.0.0.1"]}
        return (own if self._beside is None else {}) | {"rabbitmq": [str(PROGRAMS / "rabbitmq-server")]}

    def environment(self) -> dict[str, str]:
        """The whole environment of both programs and of `rabbitmqctl`; the caller's own has no say in it."""
        node = self._node
        kept = {name: value for name, value in os.environ.items() if name in ("PATH", "LANG", "LC_ALL", "TMPDIR")}
        return kept | {
            "HOME": str(self.folder),
            # What must be under our hands must not be started by Erlang behind our back.
            "ERL_FLAGS": "-start_epmd false",
            "ERL_EPMD_PORT": str(node.epmd_port),
            "ERL_EPMD_ADDRESS": "127.0.0.1",
            "RABBITMQ_NODENAME": node.name,
            "RABBITMQ_NODE_PORT": str(node.port),
            "RABBITMQ_DIST_PORT": str(node.dist_port),
            "RABBITMQ_NODE_IP_ADDRESS": "127.0.0.1",
            "RABBITMQ_MNESIA_BASE": str(self.folder / "mnesia"),
            "RABBITMQ_LOG_BASE": str(self.folder / "log"),
            "RABBITMQ_LOGS": "-",
            "RABBITMQ_CONFIG_FILE": str(self.folder / "rabbitmq"),
            "RABBITMQ_ENABLED_PLUGINS_FILE": str(self.folder / "enabled_plugins"),
            "RABBITMQ_CONF_ENV_FILE": "/dev/null",
            # The script then becomes the broker, which ends well on SIGTERM and stops on SIGSTOP by itself.
            "RUNNING_UNDER_SYSTEMD": "true",
        }

    def start(self) -> None:
        """Returns when the broker answers; raises TimeoutError, and ends what was started, where it does not."""
        self.prepare()
        try:
            for program, command in self.commands().items():
                if program not in self._processes:
                    self._processes[program] = self._spawned(program, command)
                self._await(program)
        except BaseException:
            self.stop()
            raise

    def join(self) -> None:
        """It is a node of the cluster that the one beside it is in, and holds what that holds."""
        if self._beside is None:
            raise ValueError("RabbitMQ: expected a node beside this one to make a cluster with")
        for command in (["stop_app"], ["reset"], ["join_cluster", self._beside.name], ["start_app"]):
            self.ctl(*command)

    def stop(self) -> None:
        """Nothing of it runs any more; what was confirmed is on the disk."""
        self.resume()
        for program in reversed(list(self._processes)):
            process = self._processes.pop(program)
            _signal(process, signal.SIGTERM)
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(STOP_S)
            _signal(process, signal.SIGKILL)
            process.wait()

    def kill(self) -> None:
        """As a power cut would end the broker; `start` goes on with what was on the disk."""
        process = self._processes.pop("rabbitmq")
        _signal(process, signal.SIGKILL)
        process.wait()

    def freeze(self) -> None:
        """The broker keeps its connections and answers nothing until `resume`."""
        _signal(self._processes["rabbitmq"], signal.SIGSTOP)

    def resume(self) -> None:
        """After `freeze`."""
        if process := self._processes.get("rabbitmq"):
            _signal(process, signal.SIGCONT)

    def ctl(self, *arguments: str) -> str:
        """What `rabbitmqctl` answers; about a second for each call."""
        command = [str(PROGRAMS / "rabbitmqctl"), "--quiet", *arguments]
        done = subprocess.run(command, env=self.environment(), capture_output=True, text=True, timeout=60, check=False)
        if done.returncode != 0:
            raise RuntimeError(f"rabbitmqctl {' '.join(arguments)}: {done.stderr.strip() or done.stdout.strip()}")
        return done.stdout

    @property
    def _node(self) -> _Node:
        if self._kept is None:
            file = self.folder / "node.json"
            if file.exists():
                self._kept = _Node(**json.loads(file.read_text(encoding="utf-8")))
            else:
                self._kept = self._new_node()
                self._write("node.json", json.dumps({name: getattr(self._kept, name) for name in _Node.__slots__}))
        return self._kept

    def _new_node(self) -> _Node:
        port, dist_port, epmd_port = free_ports(3)
        other = self._beside._node if self._beside else None
        return _Node(
            name=f"hub{secrets.token_hex(4)}@localhost",
            port=self._wanted_port or port,
            dist_port=dist_port,
            epmd_port=other.epmd_port if other else epmd_port,
            cookie=other.cookie if other else secrets.token_hex(16),
        )

    def _configuration(self) -> list[str]:
        return [
            f"load_definitions = {self.folder / 'definitions.json'}",
            "loopback_users = none",
            "log.console.level = warning",
            # The default of 512 MB is written once, and read again at each start.
            "raft.wal_max_size_bytes = 67108864",
            "net_ticktime = 8",
            *self.settings,
        ]

    def _spawned(self, program: str, command: list[str]) -> subprocess.Popen[bytes]:
        # In a group of its own: a Ctrl-C is for whoever started it, and a frozen group is frozen whole.
        with (self.folder / f"{program}.log").open("ab") as output:
            return subprocess.Popen(
                ["setpriv", "--pdeathsig", "KILL", *command] if self._ends_with_us else command,
                env=self.environment(),
                cwd=self.folder,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def _await(self, program: str) -> None:
        port = self._node.epmd_port if program == "epmd" else self.port
        deadline = time.monotonic() + START_S
        while not answers(port):
            if self._processes[program].poll() is not None or time.monotonic() > deadline:
                said = (self.folder / f"{program}.log").read_text(encoding="utf-8", errors="replace")[-2000:]
                raise TimeoutError(f"{program}: expected an answer on port {port} within {START_S} s, it said: {said}")
            time.sleep(0.05)

    def _write(self, name: str, text: str, *, mode: int = 0o600) -> None:
        file = self.folder / name
        file.unlink(missing_ok=True)
        with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "w", encoding="utf-8") as output:
            output.write(text)


def definitions(
    accounts: Sequence[Account], vhosts: Sequence[str], exchanges: Sequence[Exchange]
) -> dict[str, list[dict[str, object]]]:
    """What a broker is told at its start by `load_definitions`; passwords are hashed."""
    return {
        "users": [
            {
                "name": account.name,
                "password_hash": _hashed(account.password),
                "hashing_algorithm": "rabbit_password_hashing_sha256",
                "tags": list(account.tags),
            }
            for account in accounts
        ],
        "vhosts": [{"name": name} for name in vhosts],
        "permissions": [
            {"user": each.name, "vhost": vhost, "configure": each.configure, "write": each.write, "read": each.read}
            for each in accounts
            for vhost in vhosts
        ],
        "topic_permissions": [
            {"user": account.name, "vhost": vhost, "exchange": each.exchange, "write": each.write, "read": each.read}
            for account in accounts
            for each in account.topics
            for vhost in vhosts
        ],
        "exchanges": [
            {"name": each.name, "vhost": vhost, "type": each.kind}
            | {"durable": True, "auto_delete": False, "internal": False, "arguments": {}}
            for each in exchanges
            for vhost in vhosts
        ],
    }


def free_ports(count: int) -> list[int]:
    """Ports on which nothing listens, all different."""
    sockets = [socket.socket() for _ in range(count)]
    try:
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return [each.getsockname()[1] for each in sockets]
    finally:
        for each in sockets:
            each.close()


def answers(port: int) -> bool:
    """Whether something accepts connections there."""
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=1):
            return True
    except OSError:
        return False


def _signal(process: subprocess.Popen[bytes], number: int) -> None:
    try:
        os.killpg(process.pid, number)
    except ProcessLookupError:
        return


def _hashed(password: str) -> str:
    """As the broker stores it; the salt follows from the password, so that the file stays the same."""
    salt = hashlib.sha256(b"salt" + password.encode()).digest()[:4]
    return base64.b64encode(salt + hashlib.sha256(salt + password.encode()).digest()).decode()
