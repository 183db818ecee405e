"""Takes requests over HTTP and gives each to its route, with the token, the limits and ETags around it."""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Callable
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, unquote, urlsplit

from tests.support.github import graphql, routes_commits, routes_git, routes_pulls, routes_repositories
from tests.support.github.answering import ROUTES, Answer, Call, Refused, Route
from tests.support.github.faults import shown_as
from tests.support.github.following import notice
from tests.support.github.state import Token, User

if TYPE_CHECKING:
    from tests.support.github.fake import FakeGitHub

_REGISTERED = (graphql, routes_commits, routes_git, routes_pulls, routes_repositories)
_ANONYMOUS = Token(value="", user=User(id=0, login=""), scopes=())


class Request:
    """What came in; header names in lower case."""

    def __init__(self, method: str, target: str, headers: dict[str, str], content: bytes) -> None:
        parts = urlsplit(target)
        self.method = method
        self.target = target
        self.path = unquote(parts.path)
        self.query = dict(parse_qsl(parts.query, keep_blank_values=True))
        self.headers = headers
        self.content = content

    def token(self) -> str:
        kind, _, value = self.headers.get("authorization", "").partition(" ")
        return value.strip() if kind.lower() in ("token", "bearer") else ""

    def writes(self) -> bool:
        """All but a GET and a GraphQL query."""
        if self.path == "/graphql":
            return b"mutation" in self.content
        return self.method != "GET"

    def body(self) -> Any:
        if not self.content:
            return None
        try:
            return json.loads(self.content)
        except ValueError as error:
            raise Refused(400, "Problems parsing JSON") from error


def matched(method: str, path: str) -> tuple[Route, dict[str, str]]:
    """The most literal route of those that match."""
    found = [(route, match) for route in ROUTES if (match := route.pattern.fullmatch(path))]
    found = [(route, match) for route, match in found if route.method == method]
    if not found:
        raise Refused(404, "Not Found")
    route, match = max(found, key=lambda pair: len(pair[0].template) - sum(map(len, pair[1].groupdict())))
    return route, match.groupdict()


def answered(github: FakeGitHub, request: Request) -> Answer:
    """GitHub's answer, refusals included; what the request asks for is done when this returns."""
    route: Route | None = None
    token: Token | None = None
    try:
        with github.lock:
            token = _known(github, request)
            route, named = matched(request.method, request.path)
            _refuse_anonymous(token, route)
            if route.template != "/rate_limit":
                github.limit.spend(token, _resource(route), github.now(), writes=request.writes())
            call = _call(github, request, token, route, named)
            answer = _conditional(github, request, token, _handled(github, request, call, route))
    except Refused as refused:
        answer = Answer(status=refused.status, body=refused.body, headers=refused.headers)
    answer = replace(answer, headers={**answer.headers, **_around(github, token, route)})
    if route is not None:
        with github.lock:
            github.checked.exchange(route, request, answer)
    return answer


def _handled(github: FakeGitHub, request: Request, call: Call, route: Route) -> Answer:
    if call.method == "GET" and github.faults.is_stale(call.path):
        with shown_as(github, github.earlier):
            return route.handler(call)
    notice(github)
    if request.writes() and github.faults.expects_stale():
        github.remember()
    return route.handler(call)


def _known(github: FakeGitHub, request: Request) -> Token:
    token = github.tokens.get(request.token()) if request.token() else _ANONYMOUS
    if token is None:
        raise Refused(401, "Bad credentials")
    return token


def _refuse_anonymous(token: Token, route: Route) -> None:
    """Without a token one may look at what is public, and no more."""
    if not token.value and (route.method != "GET" or route.template == "/user"):
        raise Refused(401, "Requires authentication")


def _resource(route: Route | None) -> str:
    return "graphql" if route is not None and route.template == "/graphql" else "core"


def _call(github: FakeGitHub, request: Request, token: Token, route: Route, named: dict[str, str]) -> Call:
    return Call(
        github=github,
        method=request.method,
        path=request.path,
        template=route.template,
        named=named,
        query=request.query,
        body=request.body(),
        accept=request.headers.get("accept", ""),
        user=token.user,
        token=token,
    )


def _conditional(github: FakeGitHub, request: Request, token: Token, answer: Answer) -> Answer:
    """With an ETag; 304, at no cost, where the client has it already."""
    if request.method != "GET" or answer.status != 200:
        return answer
    digest = hashlib.sha256(encoded(answer) + request.headers.get("accept", "").encode()).hexdigest()
    tag = f'W/"{digest}"'
    if tag in request.headers.get("if-none-match", ""):
        github.limit.give_back(token, github.now())
        return Answer(status=304, headers={"ETag": tag})
    return replace(answer, headers={**answer.headers, "ETag": tag})


def _around(github: FakeGitHub, token: Token | None, route: Route | None) -> dict[str, str]:
    headers = {"X-GitHub-Media-Type": "github.v3; format=json", "X-GitHub-Request-Id": f"{next(github.requests):X}"}
    if token is not None:
        headers |= github.limit.headers(token, _resource(route), github.now())
        if token.value and not token.fine_grained:
            headers["X-OAuth-Scopes"] = ", ".join(token.scopes)
    return headers


def encoded(answer: Answer) -> bytes:
    if answer.body is None:
        return b""
    return answer.body.encode() if isinstance(answer.body, str) else json.dumps(answer.body).encode()


class Server(ThreadingHTTPServer):
    """On a free port of this machine; a thread a connection."""

    daemon_threads = True
    request_queue_size = 64

    def __init__(self, github: FakeGitHub) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.github = github
        self._serving = threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        self._serving.start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"

    def close(self) -> None:
        self.shutdown()
        self.server_close()
        self._serving.join()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    # Without both, every answer waits for the client's delayed acknowledgement.
    wbufsize = -1
    disable_nagle_algorithm = True

    def handle_one(self) -> None:
        assert isinstance(self.server, Server)
        length = int(self.headers.get("content-length") or 0)
        headers = {name.lower(): value for name, value in self.headers.items()}
        request = Request(self.command, self.path, headers, self.rfile.read(length))
        answer = self.server.github.serve(request)
        if answer is None:
            self.close_connection = True
            return
        content = encoded(answer)
        self.send_response(answer.status)
        for name, value in answer.headers.items():
            self.send_header(name, value)
        if answer.status not in (204, 304):
            self.send_header("Content-Type", answer.content_type)
            self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)
        self.wfile.flush()

    def __getattr__(self, name: str) -> Callable[[], None]:
        if not name.startswith("do_"):
            raise AttributeError(name)
        return self.handle_one

    def log_message(self, format: str, *args: object) -> None:
        """Tests print nothing."""
