"""`make split`: the split hub on this machine, its servers and services under a supervisor, until SIGTERM.

python -m scripts.split [--replicas N]
"""

from __future__ import annotations

import argparse
import signal
import sys
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from types import FrameType

from rich.console import Console

from gateway import first_start
from gateway.embedded_lock import data_directory_lock, note_address
from gateway.server import bound_socket
from gateway.start_marks import write_whole
from scripts.servers.postgresql import ServerMissing
from scripts.split.accounts import SERVICES
from scripts.split.place import Place
from scripts.split.programs import BROKER, DATABASE, HUB, Program, configuration, programs_of, write_launches
from scripts.split.supervision import Supervisor, adopt_orphans, ready
from shared.config import Settings, load
from shared.errors import HubError, Unavailable
from shared.migrations import migrate

_READY_WITHIN_S = 90.0
_LOOK_S = 0.1


class _Stopped(Exception):
    """SIGTERM or Ctrl-C."""


class SplitHub:
    """`start` returns when the gateway is ready; `stop` when nothing that was started runs any more."""

    def __init__(self, settings: Settings, console: Console, *, replicas: int) -> None:
        self.settings = settings
        self._console = console
        self._place = Place(settings.data_dir / "split")
        self._replicas = replicas
        self._programs: list[Program] = []
        self.supervisor = Supervisor(self._place.folder)
        self._stopping = threading.Event()

    def start(self) -> None:
        self._prepare()
        self.supervisor.start()
        with self._console.status("Starting PostgreSQL and RabbitMQ"):
            self.supervisor.start_programs(DATABASE, BROKER)
            self._until(self._place.postgresql.answers, "PostgreSQL")
            self._place.create_databases()
        for service in SERVICES:
            migrate(service, self._place.database_url(service))
        self._place.write_env(self.settings.split_env_file)
        # The logs are written before anybody reads them, so the broker need not be there for it.
        first_start.run(self._beside(), self._console)
        with self._console.status("Starting the services"):
            self.supervisor.start_programs(HUB)
            for program in self._programs:
                if program.health_port:
                    self._await_ready(program)

    def stop(self) -> None:
        self._stopping.set()
        self.supervisor.stop()

    def run(self) -> None:
        """Until it is stopped; raises Unavailable where the supervisor itself ends."""
        while not self._stopping.wait(0.5):
            if not self.supervisor.is_alive():
                raise Unavailable("supervisor: expected it to run, it has ended; see split/log/supervisord.log")

    def _prepare(self) -> None:
        place = self._place
        place.logs.mkdir(mode=0o700, exist_ok=True)
        place.postgresql.prepare()
        place.rabbitmq.prepare()
        self._programs = programs_of(place, self.settings, replicas=self._replicas)
        write_launches(self._programs, place.folder / "launch")
        text = configuration(self._programs, folder=place.folder, launches=place.folder / "launch", logs=place.logs)
        write_whole(place.folder / "supervisord.conf", text)

    def _beside(self) -> Settings:
        urls = {service: self._place.database_url(service) for service in SERVICES}
        return replace(self.settings, database_urls=urls)

    def _await_ready(self, program: Program) -> None:
        host = "127.0.0.1" if program.name != "gateway" else self._host()
        self._until(lambda: ready(host, program.health_port), program.name)

    def _host(self) -> str:
        return {"": "127.0.0.1", "0.0.0.0": "127.0.0.1", "::": "::1"}.get(self.settings.host, self.settings.host)

    def _until(self, holds: Callable[[], bool], what: str) -> None:
        end = time.monotonic() + _READY_WITHIN_S
        while not holds():
            if time.monotonic() > end or not self.supervisor.is_alive():
                log = self._place.logs / f"{what.lower()}.log"
                raise Unavailable(f"{what}: expected it to be ready within {_READY_WITHIN_S:.0f} s; its log is {log}")
            time.sleep(_LOOK_S)


def main(arguments: Sequence[str]) -> int:
    """0 after SIGTERM or Ctrl-C; 1 for what a person must put right."""
    parser = argparse.ArgumentParser(prog="python -m scripts.split", description=__doc__)
    parser.add_argument("--replicas", type=int, default=1, help="processes of each service (default 1)")
    asked = parser.parse_args(arguments)
    console = Console()
    adopt_orphans()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, _stop)
    try:
        settings = load()
        with data_directory_lock(settings) as lock:
            hub = SplitHub(settings, console, replicas=asked.replicas)
            hub.supervisor.end_leftover()
            # Before the servers start: who cannot have the address should hear of it at once.
            bound_socket(settings).close()
            try:
                hub.start()
                note_address(lock, settings, split=True)
                print(f"Models Hub on {settings.public_url}", flush=True)
                hub.run()
            finally:
                for number in (signal.SIGTERM, signal.SIGINT):
                    signal.signal(number, signal.SIG_IGN)
                hub.stop()
    except _Stopped:
        return 0
    except (HubError, ServerMissing) as error:
        print(f"make split: {getattr(error, 'message', error)}", file=sys.stderr, flush=True)
        return 1
    return 0


def _stop(number: int, frame: FrameType | None) -> None:
    raise _Stopped


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
