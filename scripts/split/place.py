"""What a split hub keeps in its data directory: ports, passwords, addresses; made once, the same at each start."""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from urllib.parse import quote

from gateway.start_marks import write_whole
from scripts.servers.postgresql import HOST, Postgresql
from scripts.servers.rabbitmq import RabbitMQ, free_ports
from scripts.split.accounts import EXCHANGES, NAMES, OPERATOR, READER, SERVICES, account


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """`passwords` by account: the services' are for database and broker alike."""

    postgresql_port: int
    rabbitmq_port: int
    passwords: Mapping[str, str]


class Place:
    """The folder `<data dir>/split`; whoever may read it may do everything, so only its owner may."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        kept = _kept(folder / "place.json")
        self.passwords = kept.passwords
        self.postgresql = Postgresql(folder=folder / "postgresql", port=kept.postgresql_port, ends_with_us=True)
        self.rabbitmq = RabbitMQ(
            folder / "rabbitmq",
            accounts=[account(name, password) for name, password in kept.passwords.items()],
            exchanges=EXCHANGES,
            port=kept.rabbitmq_port,
        )

    @property
    def logs(self) -> Path:
        """One file a program."""
        return self.folder / "log"

    def amqp_uri(self, account: str = OPERATOR) -> str:
        """The broker's address for one of its accounts; without a name the operator's."""
        secret = quote(self.passwords[account], safe="")
        return f"amqp://{account}:{secret}@{HOST}:{self.rabbitmq.port}/%2F"

    def database_url(self, service: str) -> str:
        """The address of a service's own database, for its own account."""
        return self.postgresql.url(service, user=service, password=self.passwords[service])

    def create_databases(self) -> None:
        """One for each service, which no other one's account may enter."""
        for service in SERVICES:
            self.postgresql.create_database(service, owner=service, password=self.passwords[service])

    def environment_of(self, program: str) -> dict[str, str]:
        """The addresses that a service or the gateway needs, and no more."""
        found = {"AMQP_URI": self.amqp_uri(program)}
        if program in SERVICES:
            found["DATABASE_URL"] = self.database_url(program)
        return found

    def write_env(self, file: Path) -> None:
        """`NAME=value` lines by which the console command and other programs on this machine find the servers."""
        lines = [f"AMQP_URI={self.amqp_uri()}", f"AMQP_URI_READER={self.amqp_uri(READER)}"]
        lines += [f"DATABASE_URL_{service.upper()}={self.database_url(service)}" for service in SERVICES]
        write_whole(file, "\n".join(lines) + "\n")


def _kept(file: Path) -> Kept:
    if file.exists():
        return Kept(**json.loads(file.read_text(encoding="utf-8")))
    postgresql_port, rabbitmq_port = free_ports(2)
    passwords = {name: secrets.token_urlsafe(24) for name in NAMES}
    made = Kept(postgresql_port=postgresql_port, rabbitmq_port=rabbitmq_port, passwords=passwords)
    write_whole(file, json.dumps(asdict(made), indent=2) + "\n")
    return made
