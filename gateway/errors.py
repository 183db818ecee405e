"""The one place where refusals become HTTP: problem+json for the API, a page for people."""

from __future__ import annotations

from collections.abc import Callable
from http import HTTPStatus
from typing import Any

import structlog
from flask import Flask, Response, g, json, request
from gunicorn.http.errors import ParseException
from werkzeug.exceptions import HTTPException

from shared.contracts.wire import problems_of
from shared.errors import Conflict, Forbidden, HubError, Invalid, NotFound, Unavailable

STATUS: dict[type[HubError], int] = {NotFound: 404, Invalid: 422, Conflict: 409, Forbidden: 403, Unavailable: 503}
TYPE_PREFIX = "https://models-hub.invalid/problems/"
HINTS = {
    400: "The request could not be read; check that the body is JSON in UTF-8 and nothing else.",
    404: "There is nothing here that you may see; check the address.",
    405: "This address does not answer to that method; see /api/docs.",
    413: "The request is larger than this hub takes (8 MiB); send less.",
    415: "Expected a body of type application/json; set Content-Type.",
}
log = structlog.get_logger(__name__)

RenderPage = Callable[[dict[str, Any]], Response]


class SignInNeeded(HubError):
    """401: the route needs a signed-in caller."""

    kind = "Unauthenticated"
    slug = "sign-in-needed"


class TooManyRequests(HubError):
    """429; `details["retry_after_s"]` says when to try again."""

    kind = "TooManyRequests"
    slug = "too-many-requests"


def status_of(error: HubError) -> int:
    """The HTTP status of a refusal."""
    if isinstance(error, SignInNeeded):
        return 401
    if error.error_slug == "wrong-credentials":
        return 401
    if isinstance(error, TooManyRequests) or error.error_slug == TooManyRequests.slug:
        return 429
    for kind, status in STATUS.items():
        if isinstance(error, kind):
            return status
    return 500


def problem_of(error: Exception) -> dict[str, Any]:
    """The problem document of any error that reaches the edge; unexpected ones say nothing of themselves."""
    if isinstance(error, HubError) and (status := status_of(error)) != 500:
        errors = error.details.get("errors", [])
        details = {key: value for key, value in error.details.items() if key != "errors"}
        return _problem(status, error.error_slug, error.message, errors=errors, details=details)
    if isinstance(error, HTTPException) and error.code is not None:
        return _http_problem(error)
    if isinstance(error, ParseException):
        return _problem(400, "bad-request", "The body's chunks could not be read; send it again.")
    return _problem(
        500, "internal", "The hub failed on this request; try again, and tell an operator the correlation id."
    )


def _http_problem(error: HTTPException) -> dict[str, Any]:
    status = error.code or 500
    slug = HTTPStatus(status).phrase.lower().replace(" ", "-")
    messages = getattr(error, "data", {}).get("messages")
    if messages is not None:
        parts = list(messages.values()) if isinstance(messages, dict) else [messages]
        errors = [problem for part in parts for problem in problems_of(part)]
        first = errors[0] if errors else {"path": "", "message": "is not valid"}
        return _problem(status, "invalid", f"{first['path'] or 'The request'}: {first['message']}", errors=errors)
    described = error.description if status in (400, 415) and error.description else HINTS.get(status)
    return _problem(status, slug, described or error.description or HTTPStatus(status).phrase)


def _problem(
    status: int, slug: str, detail: str, *, errors: Any = (), details: dict[str, Any] | None = None
) -> dict[str, Any]:
    problem: dict[str, Any] = {
        "type": f"{TYPE_PREFIX}{slug}",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": detail,
        "errors": list(errors),
        "correlation_id": g.get("correlation_id", ""),
    }
    if details:
        problem["details"] = details
    return problem


def problem_response(problem: dict[str, Any]) -> Response:
    """application/problem+json, with Retry-After and WWW-Authenticate where they belong."""
    response = Response(
        json.dumps(problem, ensure_ascii=False), status=problem["status"], content_type="application/problem+json"
    )
    if problem["status"] == 401:
        response.headers["WWW-Authenticate"] = 'Bearer realm="models-hub"'
    if retry_after := problem.get("details", {}).get("retry_after_s"):
        response.headers["Retry-After"] = str(int(retry_after))
    return response


def register_errors(app: Flask, render_page: RenderPage) -> None:
    """Every error of every route is answered here; what nobody expected is logged with its trace."""

    def handle(error: Exception) -> Response:
        if isinstance(error, HTTPException) and error.code is not None and error.code < 400:
            return error.get_response()  # type: ignore[return-value]  # a redirect
        problem = problem_of(error)
        if isinstance(error, HubError) and error.details.get("stale"):
            g.hub_stale = True
        if problem["status"] >= 500 and not isinstance(error, Unavailable):
            log.exception("request failed", path=request.path, correlation_id=g.get("correlation_id", ""))
        response = problem_response(problem) if wants_problem() else render_page(problem)
        if isinstance(error, HTTPException) and error.code == 405 and error.valid_methods:  # type: ignore[attr-defined]
            response.headers["Allow"] = ", ".join(error.valid_methods)  # type: ignore[attr-defined]
        return response

    app.register_error_handler(Exception, handle)


def wants_problem() -> bool:
    """The API and machines get problem+json, people a page."""
    if request.path.startswith(("/api/", "/webhooks/", "/livez", "/readyz", "/metrics")):
        return True
    best = request.accept_mimetypes.best_match(["text/html", "application/json"])
    return best == "application/json"
