"""One service as a process of its own: what `python -m services.<name>` runs, under eventlet.

Waits for database and broker, starts what `bootstrap.build` made, serves calls last, and ends in the
opposite order, in time. `/livez`, `/readyz` and `/metrics` answer from the first moment on.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable, Collection, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from functools import wraps
from typing import Any, TypeVar

import eventlet
import structlog
from eventlet import tpool
from sqlalchemy import select

from shared.config import Settings, as_text, load, opentelemetry
from shared.database import is_outage
from shared.delivery import Delivery
from shared.errors import HubError, Unavailable
from shared.health_port import HealthPort
from shared.log_lines import configure
from shared.metrics import observer, watch
from shared.migrations import migrate
from shared.nameko_server import RpcServer
from shared.operated import Operated
from shared.relay import Relay
from shared.rpc_client import RpcClient, calls_over_rpc
from shared.rpc_publish import LOST, connected
from shared.service import BuiltService, Calls
from shared.span_export import export_spans

STOP_S = 20.0
DRAIN_S = 12.0
WORK_S = 3.0
_BACK_OFF_S = (0.25, 0.5, 1.0, 2.0)
_COMMON = ("DATABASE_URL", "AMQP_URI", "HUB_HOST", "HUB_HEALTH_PORT")

Answer = TypeVar("Answer")
log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Program:
    """What a service's `__main__` is made of.

    `rpc` makes nameko's service class of an application. `settings` are those it reads besides every
    service's. `off_hub` are (class, method) that compute for long in C: they run in threads of the system.
    """

    name: str
    build: Callable[[Settings, Calls], BuiltService]
    rpc: Callable[..., type]
    settings: Collection[str] = ()
    off_hub: Sequence[tuple[type, str]] = ()

    @property
    def help(self) -> str:
        """For a terminal."""
        return (
            f"usage: python -m services.{self.name} [migrate | --help]\n\n"
            f"Serves {self.name} until SIGTERM; `migrate` first brings its database to this release, and may be\n"
            f"repeated. Settings, from the environment:\n{as_text((*_COMMON, *self.settings))}"
        )


class _Stopped(Exception):
    """Asked to stop before it had started."""


def main(program: Program, arguments: Sequence[str]) -> int:
    """The process's exit code: 0 after SIGTERM or SIGINT, 2 for what a person must correct."""
    if list(arguments) in (["--help"], ["-h"]):
        sys.stdout.write(program.help)
        return 0
    if list(arguments) not in ([], ["migrate"]):
        return _complain(program, f"expected nothing, migrate or --help, found {' '.join(arguments)}")
    try:
        if arguments:
            return _migrate(program.name, load(required=("DATABASE_URL",)).database_url)
        settings = load(required=("DATABASE_URL", "AMQP_URI"))
        settings = replace(settings, database_urls={program.name: settings.database_url})
        return ServiceProcess(program, settings).run()
    except HubError as error:
        return _complain(program, error.message)


def _complain(program: Program, message: str) -> int:
    sys.stderr.write(f"services.{program.name}: {message}\n")
    return 2


def _migrate(service: str, url: str) -> int:
    applied = migrate(service, url)
    sys.stdout.write(f"{service}: applied {', '.join(applied) or 'nothing, all is there'}\n")
    return 0


class ServiceProcess:
    """From its first log line to its last."""

    def __init__(self, program: Program, settings: Settings) -> None:
        self._program = program
        self._settings = settings
        self._client = RpcClient(settings.amqp_uri, name=program.name)
        self._asked_to_stop = False
        self._server: RpcServer | None = None
        self._health = HealthPort(settings.host, settings.health_port, service=program.name)

    def run(self) -> int:
        """Serves until asked to stop; the exit code."""
        configure(json_lines=True, service=self._program.name)
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._ask_to_stop)
        for kind, method in self._program.off_hub:
            _leave_hub(kind, method)
        with ExitStack() as stack:
            stack.callback(export_spans(self._program.name, opentelemetry()))
            try:
                self._start(stack)
                log.info("service runs")
                while not self._asked_to_stop:
                    eventlet.sleep(0.1)
            except _Stopped:
                pass
            log.info("service stops")
            overdue = eventlet.spawn_after(STOP_S, _give_up)
            stack.close()
            overdue.cancel()
        return 0

    def _ask_to_stop(self, *_: object) -> None:
        # Nothing green here: a signal arrives in whatever greenlet runs, be it the hub itself.
        self._asked_to_stop = True

    def _start(self, stack: ExitStack) -> None:
        self._health.start()
        stack.callback(self._health.stop)
        stack.callback(self._client.stop)
        built = self._built()
        relay, delivery = self._relay(built), self._delivery(built)
        built = replace(built, application=Operated(built.application, relay=relay, delivery=delivery))
        stack.callback(built.database.close)
        stack.callback(watch([built]))
        self._health.watch("database", lambda: _answers(built))
        self._await_broker()
        self._client.start()
        self._health.watch("broker", lambda: self._client.is_connected)
        # What others say is known before work begins.
        for part in (relay, *built.subscriptions, delivery, *built.background):
            if part is not None:
                stack.callback(part.stop)
                part.start()
        self._server = RpcServer(
            self._program.rpc(built.application, observe=observer("server")), self._settings.amqp_uri
        )
        stack.callback(self._drain)
        self._server.start()
        self._health.watch("calls", lambda: self._server is not None and self._server.is_serving)
        self._health.is_started = True

    def _relay(self, built: BuiltService) -> Relay | None:
        """None for an SQLite file, which has no lock that a session holds: others read such a log each second."""
        url = self._settings.database_url
        if built.store is None or built.types is None or not url.startswith("postgresql"):
            return None
        return Relay(
            built.store,
            built.types,
            service=built.name,
            database_url=url,
            amqp_uri=self._settings.amqp_uri,
            is_public=built.is_public,
        )

    def _delivery(self, built: BuiltService) -> Delivery | None:
        if not built.subscriptions:
            return None
        return Delivery(built.subscriptions, subscriber=built.name, amqp_uri=self._settings.amqp_uri)

    def _drain(self) -> None:
        self._health.is_started = False
        if self._server is not None and not self._server.stop(DRAIN_S):
            log.warning("calls were still in hand, they will be delivered again")
        # Work in hand may ask others for so long; they may be gone themselves, and each call would wait for them.
        eventlet.spawn_after(WORK_S, self._client.stop)

    def _built(self) -> BuiltService:
        calls = calls_over_rpc(self._client, observe=observer("client"))

        def attempt() -> BuiltService:
            try:
                return self._program.build(self._settings, calls)
            except Exception as error:
                if is_outage(error):
                    raise Unavailable(f"database: {error}") from error
                raise

        return self._patiently("database", attempt)

    def _await_broker(self) -> None:
        def attempt() -> None:
            try:
                connected(self._settings.amqp_uri).collect()
            except LOST as error:
                raise Unavailable(f"broker: {type(error).__name__}: {error}") from error

        self._patiently("broker", attempt)

    def _patiently(self, what: str, attempt: Callable[[], Answer]) -> Answer:
        """The answer of `attempt`, repeated until it is not Unavailable; the first failure is said."""
        failures = 0
        while True:
            try:
                return attempt()
            except Unavailable as error:
                if not failures:
                    log.warning(f"{what} is not there yet, waiting for it", error=error.message)
            self._pause(_BACK_OFF_S[min(failures, len(_BACK_OFF_S) - 1)])
            failures += 1

    def _pause(self, seconds: float) -> None:
        with eventlet.Timeout(seconds, False):
            while not self._asked_to_stop:
                eventlet.sleep(0.1)
            raise _Stopped


def _give_up() -> None:
    """What was not finished is taken up again by whoever is started next."""
    log.error("service did not stop in time")
    os._exit(1)


def _answers(built: BuiltService) -> bool:
    with built.database.read() as connection:
        connection.execute(select(1))
    return True


def _leave_hub(kind: type, method: str) -> None:
    """From now on `method` of `kind` keeps no other greenlet waiting."""
    computing = getattr(kind, method)

    @wraps(computing)
    def computed(*arguments: Any, **options: Any) -> Any:
        return tpool.execute(computing, *arguments, **options)

    setattr(kind, method, computed)
