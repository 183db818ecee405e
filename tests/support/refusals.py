"""What every refusal of the API must look like."""

from __future__ import annotations

from typing import Any

from werkzeug.test import TestResponse

MALFORMED = (400, 413, 415, 422, 431)
MEMBERS = {"type", "title", "status", "detail", "errors", "correlation_id"}


def refused(response: TestResponse, *statuses: int) -> dict[str, Any]:
    """The problem document of a refusal with one of `statuses` (any 4xx where none is named)."""
    shown = response.get_data(as_text=True)[:500]
    assert 400 <= response.status_code < 500, (response.status_code, shown)
    assert not statuses or response.status_code in statuses, (response.status_code, shown)
    assert response.content_type == "application/problem+json", shown
    problem: dict[str, Any] = response.get_json()
    assert MEMBERS <= problem.keys() <= MEMBERS | {"details"}, shown
    assert problem["status"] == response.status_code
    assert problem["correlation_id"] == response.headers["X-Correlation-ID"]
    assert problem["detail"] and problem["title"] and problem["type"].rsplit("/", 1)[1], shown
    assert all({"path", "message"} <= error.keys() and error["message"] for error in problem["errors"]), shown
    assert "Traceback" not in shown
    return problem


def pointers(problem: dict[str, Any]) -> set[str]:
    """The places that a problem document names."""
    return {error["path"] for error in problem["errors"]}
