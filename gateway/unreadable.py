"""Requests that the server cannot read never reach the app; they are answered as problems too, and never 5xx."""

from __future__ import annotations

import json
import socket
from typing import Any
from uuid import uuid4

from gunicorn.http.errors import (
    InvalidResponseHeader,
    InvalidResponseHeaderName,
    LimitRequestHeaders,
    LimitRequestLine,
    ParseException,
)
from gunicorn.workers.gthread import ThreadWorker

TYPE_PREFIX = "https://models-hub.invalid/problems/"
TOO_LARGE = (LimitRequestHeaders, LimitRequestLine)
OURS = (InvalidResponseHeader, InvalidResponseHeaderName)


class ProblemWorker(ThreadWorker):  # type: ignore[misc]  # gunicorn has no types
    """gunicorn's threads, with problem+json where gunicorn has a page of its own."""

    def handle_error(self, req: Any, client: socket.socket, addr: Any, exc: BaseException) -> None:
        if not isinstance(exc, ParseException) or isinstance(exc, OURS):
            super().handle_error(req, client, addr, exc)
            return
        self.log.warning("Unreadable request from %s: %s", (addr or [""])[0], type(exc).__name__)
        try:
            client.sendall(answer_to(exc))
        except OSError:
            self.log.debug("The client of an unreadable request is gone.")


def answer_to(error: ParseException) -> bytes:
    """The whole response: 431 for what is too long, else 400."""
    status, title, detail = 400, "Bad Request", "The request is no readable HTTP; check its first line and its headers."
    if isinstance(error, TOO_LARGE):
        status, title = 431, "Request Header Fields Too Large"
        detail = "The address or the headers are longer than this hub reads (8190 bytes each, 100 headers); send less."
    correlation_id = uuid4().hex
    problem = {
        "type": f"{TYPE_PREFIX}{title.lower().replace(' ', '-')}",
        "title": title,
        "status": status,
        "detail": detail,
        "errors": [],
        "correlation_id": correlation_id,
    }
    body = json.dumps(problem).encode()
    head = (
        f"HTTP/1.1 {status} {title}\r\nConnection: close\r\nContent-Type: application/problem+json\r\n"
        f"X-Correlation-ID: {correlation_id}\r\nX-Request-Id: {correlation_id}\r\n"
        f"X-Content-Type-Options: nosniff\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return head.encode("ascii") + body
