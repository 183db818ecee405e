"""`/livez`, `/readyz` and `/metrics`."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from functools import partial

from flask import Flask, Response, json, request

from gateway.clients import calls
from shared.contracts.common import Empty, system_caller
from shared.errors import HubError
from shared.metrics import exposition

SERVICES = ("registry", "review", "identity", "catalog", "pr_bot")


def register_health(app: Flask) -> None:
    """Liveness says that the process answers; readiness that the services behind it do.

    Where a composition root names fewer (`hub_ready_with`), the gateway serves without the others; it may
    have checks of its own (`hub_ready_checks`), which raise a HubError.

    Metrics are open, as Prometheus expects them, and name no person and no model.
    """

    @app.get("/livez")
    def livez() -> Response:
        return Response('{"status": "alive"}', content_type="application/json")

    @app.get("/readyz")
    def readyz() -> Response:
        needed: Collection[str] = app.extensions.get("hub_ready_with", SERVICES)
        checks: Mapping[str, Callable[[], object]] = app.extensions.get("hub_ready_checks", {})
        services = {name: _said(partial(_ask, name)) for name in needed}
        others = {name: _said(check) for name, check in checks.items()}
        ready = all(state == "ready" for state in (*services.values(), *others.values()))
        body = json.dumps({"status": "ready" if ready else "not ready", "services": services, **others})
        return Response(body, status=200 if ready else 503, content_type="application/json")

    @app.get("/metrics")
    def metrics() -> Response:
        body, content_type = exposition(request.headers.get("Accept", ""))
        return Response(body, content_type=content_type, headers={"Cache-Control": "no-store"})


def _ask(name: str) -> None:
    calls().of(name).operations(Empty(), system_caller("gateway"))


def _said(check: Callable[[], object]) -> str:
    try:
        check()
    except HubError as error:
        return error.message
    return "ready"
