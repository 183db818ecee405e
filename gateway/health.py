"""`/livez`, `/readyz` and `/metrics`."""

from __future__ import annotations

from flask import Flask, Response, json, request

from gateway.clients import calls
from shared.contracts.common import Empty, system_caller
from shared.errors import HubError
from shared.metrics import exposition


def register_health(app: Flask) -> None:
    """Liveness says that the process answers; readiness that the services behind it do.

    Metrics are open, as Prometheus expects them, and name no person and no model.
    """

    @app.get("/livez")
    def livez() -> Response:
        return Response('{"status": "alive"}', content_type="application/json")

    @app.get("/readyz")
    def readyz() -> Response:
        states = {name: _state(name) for name in ("registry", "review", "identity", "catalog", "pr_bot")}
        ready = all(state == "ready" for state in states.values())
        body = json.dumps({"status": "ready" if ready else "not ready", "services": states})
        return Response(body, status=200 if ready else 503, content_type="application/json")

    @app.get("/metrics")
    def metrics() -> Response:
        body, content_type = exposition(request.headers.get("Accept", ""))
        return Response(body, content_type=content_type, headers={"Cache-Control": "no-store"})


def _state(name: str) -> str:
    try:
        calls().of(name).operations(Empty(), system_caller("gateway"))
    except HubError as error:
        return error.message
    return "ready"
