"""The outermost layer of the gateway: each request's id and trace, and its place in the metrics.

It stands before the feed's and the pages' caches, so what they answer has an id and is counted too.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from functools import cache
from typing import Any
from uuid import uuid4

import structlog
from prometheus_client import Counter, Histogram

from gateway.auth import REQUEST_ID, ROUTE
from gateway.feed_cache import PATH as FEED
from gateway.page_cache import API_LIST, API_MODEL, DETAIL
from shared import telemetry
from shared.metrics import HTTP_REQUESTS, HTTP_SECONDS

StartResponse = Callable[..., Any]
Wsgi = Callable[[dict[str, Any], StartResponse], Iterable[bytes]]

METHODS = frozenset(("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"))
COMMANDS = frozenset(("POST", "PUT", "PATCH", "DELETE"))
OTHER = "other"
log = structlog.get_logger(__name__)


class Edge:
    """Wraps the whole app. The app may say under `ROUTE` in the environ which of its routes answers."""

    def __init__(self, app: Wsgi, *, clock: Callable[[], float] = time.perf_counter) -> None:
        self._app = app
        self._clock = clock

    def __call__(self, environ: dict[str, Any], start_response: StartResponse) -> Iterable[bytes]:
        started = self._clock()
        request_id = request_id_of(environ)
        environ[REQUEST_ID] = request_id
        method = environ["REQUEST_METHOD"] if environ["REQUEST_METHOD"] in METHODS else OTHER
        answer_status = ["500"]

        def start(status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> Any:
            answer_status[0] = status[:3]
            return start_response(status, [*headers, ("X-Request-Id", request_id)], exc_info)

        given = environ.get("HTTP_TRACEPARENT", "")
        try:
            with telemetry.request(method, request_id=request_id, traceparent=given) as span:
                answer = self._app(environ, start)
                if span is not None:
                    span.update_name(f"{method} {route_of(environ)}")
                    span.set_attributes(
                        {"http.route": route_of(environ), "http.response.status_code": int(answer_status[0])}
                    )
                if method in COMMANDS and structlog.is_configured():
                    log.info("request", method=method, route=route_of(environ), status=int(answer_status[0]))
                return answer
        finally:
            route = route_of(environ)
            _counter(method, route, answer_status[0][:1]).inc()
            _seconds(method, route).observe(self._clock() - started)


# Kept, because finding a metric by its labels costs more than counting.
@cache
def _counter(method: str, route: str, status: str) -> Counter:
    return HTTP_REQUESTS.labels(method, route, f"{status}xx")


@cache
def _seconds(method: str, route: str) -> Histogram:
    return HTTP_SECONDS.labels(method, route)


def request_id_of(environ: dict[str, Any]) -> str:
    """The one the client sent, the id of the trace it sent, or a new one."""
    for header in ("HTTP_X_REQUEST_ID", "HTTP_X_CORRELATION_ID"):
        if given := telemetry.sane_request_id(environ.get(header, "")):
            return given
    if trace := telemetry.sane_traceparent(environ.get("HTTP_TRACEPARENT", "")):
        return trace[3:35]
    return uuid4().hex


def route_of(environ: dict[str, Any]) -> str:
    """The route's pattern, never the address: names of models are no labels."""
    known: str | None = environ.get(ROUTE)
    if known is not None:
        return known
    path = environ.get("PATH_INFO", "")
    if path in ("/", "/models", FEED, API_LIST):
        return str(path)
    if path.startswith(DETAIL):
        return f"{DETAIL}<name>"
    return f"{API_MODEL}<name>" if path.startswith(API_MODEL) else OTHER
