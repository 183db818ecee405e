"""`/livez` and `/readyz`."""

from __future__ import annotations

from flask import Flask, Response, json

from gateway.clients import calls
from shared.contracts.common import Empty, system_caller
from shared.errors import HubError


def register_health(app: Flask) -> None:
    """Liveness says that the process answers; readiness that the services behind it do."""

    @app.get("/livez")
    def livez() -> Response:
        return Response('{"status": "alive"}', content_type="application/json")

    @app.get("/readyz")
    def readyz() -> Response:
        states = {name: _state(name) for name in ("registry", "review", "identity", "catalog", "pr_bot")}
        ready = all(state == "ready" for state in states.values())
        body = json.dumps({"status": "ready" if ready else "not ready", "services": states})
        return Response(body, status=200 if ready else 503, content_type="application/json")


def _state(name: str) -> str:
    try:
        calls().of(name).operations(Empty(), system_caller("gateway"))
    except HubError as error:
        return error.message
    return "ready"
