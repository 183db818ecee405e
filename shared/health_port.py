"""A service's small port: `/livez`, `/readyz`, `/metrics`, nothing else; for processes under eventlet."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from typing import Any

import eventlet
import structlog
from eventlet import wsgi

from shared.errors import HubError, Invalid
from shared.metrics import exposition

CHECK_S = 2.0
log = structlog.get_logger(__name__)

StartResponse = Callable[..., Any]


class HealthPort:
    """Alive while the process answers; ready when it has started and every check says so. Port 0: none."""

    def __init__(self, host: str, port: int, *, service: str) -> None:
        self._address = host, port
        self._service = service
        self._checks: dict[str, Callable[[], bool]] = {}
        self._thread: Any = None
        self.is_started = False

    def watch(self, name: str, check: Callable[[], bool]) -> None:
        """`check` belongs to readiness from now on; it may raise."""
        self._checks[name] = check

    def start(self) -> None:
        """Raises Invalid where the address cannot be had."""
        if not self._address[1]:
            return
        try:
            listening = eventlet.listen(self._address, reuse_port=False)
        except OSError as error:
            host, port = self._address
            raise Invalid(
                f"HUB_HOST {host}, HUB_HEALTH_PORT {port}: expected an address to listen on, found {error.strerror}; "
                "set another port, or 0 for none"
            ) from error
        self._thread = eventlet.spawn(wsgi.server, listening, self._answer, log_output=False, debug=False)

    def stop(self) -> None:
        if self._thread is not None:
            self._thread.kill()

    def readiness(self) -> dict[str, str]:
        """What each check says: `ready`, or why not."""
        states = {"process": "ready" if self.is_started else "starts or stops"}
        return states | {name: _state(check) for name, check in list(self._checks.items())}

    def _answer(self, environ: dict[str, Any], start_response: StartResponse) -> Iterable[bytes]:
        path = environ["PATH_INFO"]
        if path == "/livez":
            return _say(start_response, "200 OK", {"status": "alive"})
        if path == "/readyz":
            states = self.readiness()
            is_ready = all(state == "ready" for state in states.values())
            said = {"status": "ready" if is_ready else "not ready", "service": self._service, "checks": states}
            return _say(start_response, "200 OK" if is_ready else "503 Service Unavailable", said)
        if path == "/metrics":
            return _metrics(environ, start_response)
        return _say(start_response, "404 Not Found", {"status": "expected /livez, /readyz or /metrics"})


def _state(check: Callable[[], bool]) -> str:
    try:
        with eventlet.Timeout(CHECK_S, False):
            return "ready" if check() else "not ready"
    except HubError as error:
        return error.message
    except Exception as error:  # noqa: BLE001 a check that fails is what readiness is about
        return type(error).__name__
    return f"no answer within {CHECK_S} s"


def _say(start_response: StartResponse, status: str, said: dict[str, Any]) -> Iterable[bytes]:
    body = json.dumps(said).encode()
    start_response(status, [("Content-Type", "application/json"), ("Content-Length", str(len(body)))])
    return [body]


def _metrics(environ: dict[str, Any], start_response: StartResponse) -> Iterable[bytes]:
    body, content_type = exposition(environ.get("HTTP_ACCEPT", ""))
    start_response("200 OK", [("Content-Type", content_type), ("Content-Length", str(len(body)))])
    return [body]
