"""supervisor's configuration: every program of the split hub, how it starts and how it stops."""

from __future__ import annotations

import json
import os
import shlex
import shutil
import signal
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from gateway.start_marks import write_whole
from scripts.servers.rabbitmq import free_ports
from scripts.split.accounts import SERVICES
from scripts.split.place import Place
from scripts.split.supervision import socket_in
from shared.config import Settings

ROOT = Path(__file__).resolve().parents[2]
BROKER, DATABASE, HUB = "broker", "database", "hub"
_SERVICE_STOPS_S = 22
_SERVER_STOPS_S = 8
_LOG_BYTES = 10_000_000
_LOGS_KEPT = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Program:
    """One process; `health_port` is where it says whether it is ready, 0 for a server."""

    name: str
    group: str
    command: Sequence[str]
    environment: Mapping[str, str] = field(default_factory=dict, repr=False)
    directory: Path = ROOT
    stop_signal: str = "TERM"
    stops_s: int = _SERVER_STOPS_S
    health_port: int = 0


def programs_of(place: Place, settings: Settings, *, replicas: int) -> list[Program]:
    """Servers first; `replicas` of each service, one gateway."""
    found = [
        Program(
            name="postgresql",
            group=DATABASE,
            command=place.postgresql.command,
            environment=place.postgresql.environment,
            directory=Path("/"),
            stop_signal="INT",
        )
    ]
    found += [
        Program(
            name=name,
            group=BROKER,
            command=command,
            environment=place.rabbitmq.environment(),
            directory=place.rabbitmq.folder,
        )
        for name, command in place.rabbitmq.commands().items()
    ]
    ports = iter(free_ports(replicas * len(SERVICES)))
    for service in SERVICES:
        found += [_service(place, settings, service, number, next(ports)) for number in range(1, replicas + 1)]
    return [*found, _gateway(place, settings)]


def _service(place: Place, settings: Settings, service: str, number: int, port: int) -> Program:
    own = {"HUB_HOST": "127.0.0.1", "HUB_HEALTH_PORT": str(port), "HUB_PUBLIC_URL": settings.public_url}
    return Program(
        name=f"{service}-{number}",
        group=HUB,
        command=[sys.executable, "-m", f"services.{service}"],
        environment={**_inherited(settings, service), **place.environment_of(service), **own},
        stops_s=_SERVICE_STOPS_S,
        health_port=port,
    )


def _gateway(place: Place, settings: Settings) -> Program:
    return Program(
        name="gateway",
        group=HUB,
        command=[sys.executable, "-m", "gateway.wsgi"],
        environment={**_inherited(settings, "gateway"), **place.environment_of("gateway")},
        stops_s=_SERVICE_STOPS_S,
        health_port=settings.port,
    )


_OF_ONE: Mapping[str, str] = {
    "HUB_SEAL_KEY": "pr_bot",
    "HUB_GITHUB_TOKEN": "pr_bot",
    "HUB_GITHUB_WEBHOOK_SECRET": "gateway",
    "HUB_SMTP_URL": "identity",
}
"""Secrets, and whose they are: no other program gets them."""


def _inherited(settings: Settings, program: str) -> dict[str, str]:
    """What was set for the hub, paths made absolute, without what is another program's secret."""
    own = ("HUB_URL", "HUB_API_TOKEN", "DATABASE_URL", "AMQP_URI")
    kept = {
        name: value for name, value in os.environ.items() if name not in own and _OF_ONE.get(name, program) == program
    }
    kept |= {"HUB_DATA_DIR": str(settings.data_dir), "PYTHONUNBUFFERED": "1"}
    if settings.upstream.kind == "file":
        kept["HUB_UPSTREAM"] = f"file:{settings.upstream.location}"
    return kept


def write_launches(programs: Sequence[Program], folder: Path) -> None:
    """What `launch` reads, one file a program."""
    folder.mkdir(mode=0o700, exist_ok=True)
    for program in programs:
        command = list(program.command)
        command[0] = shutil.which(command[0]) or command[0]
        said = {
            "command": command,
            "environment": dict(program.environment),
            "directory": str(program.directory),
            "stop_signal": signal.Signals[f"SIG{program.stop_signal}"],
        }
        write_whole(folder / f"{program.name}.json", json.dumps(said) + "\n")


def configuration(programs: Sequence[Program], *, folder: Path, launches: Path, logs: Path) -> str:
    """supervisord.conf. Groups stop in the opposite order: the hub, then broker, then database."""
    lines = [
        "[supervisord]",
        f"logfile={_plain(logs / 'supervisord.log')}",
        f"logfile_maxbytes={_LOG_BYTES}",
        f"logfile_backups={_LOGS_KEPT}",
        f"pidfile={_plain(folder / 'supervisord.pid')}",
        "nodaemon=true",
        "silent=true",
        "umask=077",
        "",
        "[unix_http_server]",
        f"file={_plain(socket_in(folder))}",
        "chmod=0600",
        "",
        "[rpcinterface:supervisor]",
        "supervisor.rpcinterface_factory=supervisor.rpcinterface:make_main_rpcinterface",
    ]
    for priority, group in enumerate((DATABASE, BROKER, HUB), start=1):
        members = [program for program in programs if program.group == group]
        lines += ["", f"[group:{group}]", f"programs={','.join(p.name for p in members)}", f"priority={priority}"]
        for program in members:
            lines += ["", f"[program:{program.name}]", *_section(program, launches, logs)]
    return "\n".join(lines) + "\n"


def _section(program: Program, launches: Path, logs: Path) -> list[str]:
    launch = [sys.executable, str(Path(__file__).with_name("launch.py")), str(launches / f"{program.name}.json")]
    return [
        f"command={_plain(shlex.join(launch))}",
        "autostart=false",
        "autorestart=true",
        "startsecs=1",
        "startretries=1000000",
        f"stopsignal={program.stop_signal}",
        f"stopwaitsecs={program.stops_s}",
        "killasgroup=true",
        "redirect_stderr=true",
        f"stdout_logfile={_plain(logs / f'{program.name}.log')}",
        f"stdout_logfile_maxbytes={_LOG_BYTES}",
        f"stdout_logfile_backups={_LOGS_KEPT}",
    ]


def _plain(value: object) -> str:
    """supervisor expands what stands after a percent sign."""
    return str(value).replace("%", "%%")
