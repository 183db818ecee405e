"""The hub under gunicorn: one worker process with threads; what runs in it is either mode's composition root."""

from __future__ import annotations

import errno
import gc
import socket
import sys
from collections.abc import Callable
from typing import Any, Protocol

from gunicorn.app.base import BaseApplication

from shared.config import Settings
from shared.errors import Conflict, HubError, Invalid

THREADS = 16
# Above what one request may take; work that a killed hub would pick up again need not be waited for longer.
GRACE_S = 15
_APP_FAILED = 4


class Running(Protocol):
    """What a worker serves: `start` answers the WSGI app; `stop` returns when nothing runs any more."""

    def start(self) -> Any: ...

    def stop(self) -> None: ...


class AddressInUse(Conflict):
    slug = "address-in-use"


class NoSuchAddress(Invalid):
    slug = "no-such-address"


def bound_socket(settings: Settings) -> socket.socket:
    """Has the hub's address, and listens later; raises AddressInUse or NoSuchAddress."""
    host, port = settings.host, settings.port
    named = f"HUB_HOST {host}, HUB_PORT {port}"
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            host or None, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        bound = socket.socket(family, kind, protocol)
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        bound.bind(address)
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            raise AddressInUse(
                f"{named}: expected the port free, but another program listens there; stop it or set HUB_PORT"
            ) from error
        raise NoSuchAddress(
            f"{named}: expected an address of this machine that one may listen on: {error.strerror}; correct them"
        ) from error
    return bound


def keep_what_is_there() -> None:
    """The garbage collector never looks again at what was made so far: looking took a tenth of a second at a time.

    For a process that has loaded all that it will serve from; what lives now lives until it ends.
    """
    gc.collect()
    gc.freeze()


class HubServer(BaseApplication):  # type: ignore[misc]  # gunicorn has no types
    """Everything is built in the worker, after the fork: threads and connections do not survive one."""

    def __init__(self, settings: Settings, listening: socket.socket, make: Callable[[Settings], Running]) -> None:
        self._settings = settings
        self._listening = listening
        self._make = make
        self._hub: Running | None = None
        super().__init__()

    def load_config(self) -> None:
        options = {
            "bind": f"fd://{self._listening.detach()}",
            "workers": 1,
            "threads": THREADS,
            "worker_class": "gateway.unreadable.ProblemWorker",
            "limit_request_line": 8190,
            "graceful_timeout": GRACE_S,
            "timeout": 120,
            "keepalive": 30,
            "loglevel": "warning",
            "post_worker_init": self._ready,
            "worker_exit": self._worker_exit,
            "proc_name": "models-hub",
        }
        for name, value in options.items():
            self.cfg.set(name, value)

    def load(self) -> Any:
        try:
            self._hub = self._make(self._settings)
            app = self._hub.start()
            keep_what_is_there()
            return app
        except HubError as error:
            print(f"models-hub: {error.message}", file=sys.stderr, flush=True)  # noqa: T201 for who started it
            sys.exit(_APP_FAILED)

    def _worker_exit(self, server: Any, worker: Any) -> None:
        if self._hub is not None:
            self._hub.stop()

    def _ready(self, worker: Any) -> None:
        print(f"Models Hub on {self._settings.public_url}", flush=True)  # noqa: T201 what a newcomer waits for
