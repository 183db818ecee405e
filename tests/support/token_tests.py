"""The two addresses that a GitHub token is tested at, answering as a test wants it; `tests.support.github` is whole."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

CLASSIC, FINE = "ghp_" + "c" * 36, "github_pat_" + "f" * 60
USER: dict[str, Any] = {"login": "ada-l"}
REPOSITORY: dict[str, Any] = {"full_name": "xorbitsai/inference", "private": False, "permissions": {"push": False}}


@dataclass
class Answer:
    """What GitHub says to one address; `cut` closes the connection without a word."""

    body: Any = None
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    cut: bool = False


@dataclass
class GitHub:
    """A place that answers as it is told, and writes down who asked."""

    user: Answer
    repository: Answer
    url: str = ""
    asked: list[tuple[str, str]] = field(default_factory=list)

    def answer(self, path: str, authorization: str) -> Answer:
        self.asked.append((path, authorization))
        return self.user if path == "/user" else self.repository


@contextmanager
def github(
    user: Answer | None = None, repository: Answer | None = None, *, scopes: str | None = "repo"
) -> Iterator[GitHub]:
    headers = {} if scopes is None else {"X-OAuth-Scopes": scopes}
    place = GitHub(user or Answer(USER, headers=headers), repository or Answer(REPOSITORY))

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            found = place.answer(self.path, self.headers.get("Authorization", ""))
            if found.cut:
                return
            body = found.body if isinstance(found.body, bytes) else json.dumps(found.body).encode()
            self.send_response(found.status)
            for name, value in {**found.headers, "Content-Length": str(len(body))}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None: ...

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    place.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield place
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
