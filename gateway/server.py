"""The embedded hub under gunicorn: one worker process with threads, services and gateway in it."""

from __future__ import annotations

from typing import Any

from gunicorn.app.base import BaseApplication

from shared.config import Settings

THREADS = 16
GRACE_S = 20


class HubServer(BaseApplication):  # type: ignore[misc]  # gunicorn has no types
    """Everything is built in the worker, after the fork: threads and database connections do not survive one."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._hub: Any = None
        super().__init__()

    def load_config(self) -> None:
        options = {
            "bind": f"{self._settings.host}:{self._settings.port}",
            "workers": 1,
            "threads": THREADS,
            "worker_class": "gthread",
            "graceful_timeout": GRACE_S,
            "timeout": 120,
            "keepalive": 30,
            "loglevel": "warning",
            "worker_exit": self._worker_exit,
            "when_ready": self._when_ready,
            "proc_name": "models-hub",
        }
        for name, value in options.items():
            self.cfg.set(name, value)

    def load(self) -> Any:
        from gateway.running import RunningHub

        self._hub = RunningHub(self._settings)
        return self._hub.start()

    def _worker_exit(self, server: Any, worker: Any) -> None:
        if self._hub is not None:
            self._hub.stop()

    def _when_ready(self, server: Any) -> None:
        print(f"Models Hub on {self._settings.public_url}", flush=True)  # noqa: T201 what a newcomer waits for
