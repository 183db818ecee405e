"""One side under gunicorn: the hub or a peer, with the same worker, threads and options.

python -m scripts.bench.server KIND DATA PORT

The hub runs as one process with threads, so every peer does.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from gunicorn.app.base import BaseApplication

from gateway.server import THREADS
from scripts.bench.peers import flask_feed, flask_sql, wsgi_feed


def hub(data: Path) -> Any:
    """The whole hub, with its services in the process, as `models-hub run` has it."""
    from gateway.running import RunningHub
    from gateway.server import keep_what_is_there
    from scripts.bench.datasets import settings_of

    app = RunningHub(settings_of(data)).start()
    keep_what_is_there()
    return app


KINDS: dict[str, Callable[[Path], Any]] = {
    "hub": hub,
    "flask feed": flask_feed,
    "wsgi feed": wsgi_feed,
    "flask sql": flask_sql,
}


class BenchServer(BaseApplication):  # type: ignore[misc]  # gunicorn has no types
    """Loads its app in the worker, after the fork."""

    def __init__(self, kind: str, data: Path, port: int) -> None:
        self._kind, self._data, self._port = kind, data, port
        super().__init__()

    def load_config(self) -> None:
        options = {
            "bind": f"127.0.0.1:{self._port}",
            "reuse_port": True,
            "workers": 1,
            "threads": THREADS,
            "worker_class": "gthread",
            "keepalive": 30,
            "timeout": 900,
            "graceful_timeout": 5,
            "loglevel": "warning",
        }
        for name, value in options.items():
            self.cfg.set(name, value)

    def load(self) -> Any:
        return KINDS[self._kind](self._data)


def main() -> None:
    kind, data, port = sys.argv[1:]
    sys.argv[1:] = []
    BenchServer(kind, Path(data), int(port)).run()


if __name__ == "__main__":
    main()
