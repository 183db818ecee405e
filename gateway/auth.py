"""Who asks: session cookie or API token to a `Caller`; CSRF; the gates that routes put before their bodies."""

from __future__ import annotations

import hashlib
import hmac
import secrets
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import wraps
from typing import Any, TypeVar
from uuid import UUID, uuid4, uuid5

from flask import Flask, Response, abort, g, request

from gateway.blueprints import needs_sign_in
from gateway.clients import calls
from gateway.errors import SignInNeeded
from shared import telemetry
from shared.contracts.common import Caller, ModelRef, system_caller
from shared.contracts.identity import Person, SessionRef
from shared.errors import Forbidden, Invalid, NotFound

SESSION_COOKIE = "hub_session"
VISIT_COOKIE = "hub_visit"
# In the WSGI environ: what the edge gave the request, and which route answers it.
REQUEST_ID, ROUTE = "hub.request_id", "hub.route"
SAFE_METHODS = {"GET", "HEAD", "OPTIONS"}
CACHED_S = 5.0
NAMESPACE = UUID("0d6f6b2e-1f0e-5d3c-9f3a-2c9b4b8f7a11")
Route = TypeVar("Route", bound=Callable[..., Any])


@dataclass(frozen=True, slots=True, kw_only=True)
class Visitor:
    """Who sent this request. `scope` is empty for a session and an anonymous visitor."""

    person: Person | None = None
    scope: str = ""
    session: str = ""

    @property
    def by_token(self) -> bool:
        return bool(self.scope)


class Recent:
    """What identity answered in the last five seconds; reads may use it, commands ask again."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._known: dict[str, tuple[float, Visitor]] = {}

    def get(self, key: str) -> Visitor | None:
        with self._lock:
            found = self._known.get(key)
        return found[1] if found and found[0] > self._clock() else None

    def put(self, key: str, visitor: Visitor) -> None:
        with self._lock:
            if len(self._known) > 10_000:
                self._known.clear()
            self._known[key] = (self._clock() + CACHED_S, visitor)

    def forget(self, key: str) -> None:
        with self._lock:
            self._known.pop(key, None)

    def forget_all(self) -> None:
        with self._lock:
            self._known.clear()


def digest(secret: str) -> str:
    """Under which a secret may be kept in memory."""
    return hashlib.sha256(secret.encode()).hexdigest()


def register_auth(app: Flask) -> None:
    """Identifies each request before its route runs, and checks CSRF for session commands."""
    app.extensions["hub_recent"] = Recent()

    def before() -> None:
        g.correlation_id = request.environ[REQUEST_ID]
        request.environ[ROUTE] = request.url_rule.rule if request.url_rule is not None else "other"
        _guard_body()
        g.visitor = _identify(app.extensions["hub_recent"])
        _check_csrf()

    app.before_request(before)

    def after(response: Response) -> Response:
        response.headers["X-Correlation-ID"] = g.get("correlation_id", "")
        if g.get("hub_stale"):
            response.headers["X-Hub-Stale"] = "1"
        if new_visit := g.get("new_visit"):
            response.set_cookie(
                VISIT_COOKIE, new_visit, max_age=86400, httponly=True, samesite="Lax", secure=request.is_secure
            )
        return response

    app.after_request(after)


def _guard_body() -> None:
    """Too large is refused also where the route would not read it; a body cut off on its way is never taken for all."""
    if request.content_length is None:
        if "Transfer-Encoding" in request.headers and not request.is_json and request.method not in SAFE_METHODS:
            abort(400, description="The body does not say how long it is; send a Content-Length.")
        return
    if request.content_length > (request.max_content_length or 0):
        abort(413)
    # The server takes a closed connection for the body's end; by its length it is seen to be cut off.
    request.environ.pop("wsgi.input_terminated", None)


def _identify(recent: Recent) -> Visitor:
    header = request.headers.get("Authorization", "")
    if header:
        scheme, _, secret = header.partition(" ")
        if scheme.lower() != "bearer" or not secret.strip():
            raise SignInNeeded("Authorization: expected 'Bearer <API token>'; make a token in the User Center")
        return _known(recent, "token", secret.strip())
    session = request.cookies.get(SESSION_COOKIE, "")
    return _known(recent, "session", session) if session else Visitor()


def _known(recent: Recent, kind: str, secret: str) -> Visitor:
    key = f"{kind}:{digest(secret)}"
    if request.method in SAFE_METHODS and (found := recent.get(key)):
        return found
    visitor = _ask(kind, secret)
    if visitor.person is not None:
        recent.put(key, visitor)
    return visitor


def _ask(kind: str, secret: str) -> Visitor:
    gateway = system_caller("gateway", correlation_id=g.correlation_id)
    if len(secret) > 1000:
        secret = secret[:1000]
    try:
        if kind == "token":
            found = calls().identity.authenticate(SessionRef(token=secret), gateway)
            return Visitor(person=found.person, scope=found.scope)
        return Visitor(person=calls().identity.session(SessionRef(token=secret), gateway), session=secret)
    except (NotFound, Invalid):
        if kind == "token":
            raise SignInNeeded(
                "API token: it is unknown, expired or revoked; make a new one in the User Center"
            ) from None
        return Visitor()


def forget_visitor() -> None:
    """The next request of this visitor asks identity again."""
    from flask import current_app

    recent: Recent = current_app.extensions["hub_recent"]
    if session := request.cookies.get(SESSION_COOKIE):
        recent.forget(f"session:{digest(session)}")


def forget_everyone() -> None:
    """What was taken from somebody through this gateway is gone at once here; other gateways learn it within 5 s."""
    from flask import current_app

    recent: Recent = current_app.extensions["hub_recent"]
    recent.forget_all()


def csrf_token() -> str:
    """The value a form or header must carry; bound to the session, or to the visit of an anonymous one."""
    visitor: Visitor = g.visitor
    basis = visitor.session or _visit()
    return hashlib.sha256(f"csrf:{basis}".encode()).hexdigest()


def _visit() -> str:
    known: str = request.cookies.get(VISIT_COOKIE) or g.get("new_visit") or ""
    if not known:
        g.new_visit = known = secrets.token_urlsafe(24)
    return known


def _check_csrf() -> None:
    visitor: Visitor = g.visitor
    if request.method in SAFE_METHODS or visitor.by_token:
        return
    if not visitor.session and (request.is_json or request.path.startswith("/api/")):
        # An anonymous call of the API carries no credential that another site could ride on, and is JSON or refused.
        return
    if request.path.startswith(("/webhooks/", "/preferences")):
        return
    given = request.headers.get("X-CSRFToken") or (request.form.get("csrf_token") if not request.is_json else None)
    if not given or not hmac.compare_digest(given, csrf_token()):
        raise Forbidden(
            "CSRF token: expected the one of this session (GET /api/v1/session) in the X-CSRFToken header or the "
            "csrf_token form field; reload the page and try again",
            slug="csrf",
        )


def visitor() -> Visitor:
    found: Visitor = g.visitor
    return found


def caller(*, for_command: bool | None = None) -> Caller:
    """This request as services see it. An API token's scope narrows the roles, and a command needs `write`."""
    found = visitor()
    is_command = request.method not in SAFE_METHODS if for_command is None else for_command
    keyed = idempotency_key()
    if found.person is None:
        return Caller(
            correlation_id=g.correlation_id, command_id=str(uuid4()), traceparent=telemetry.current_traceparent()
        )
    roles = list(found.person.roles)
    if is_command and found.scope == "read":
        raise Forbidden("API token: its scope is read, this needs write; make another token", slug="scope")
    if is_command and found.scope == "write":
        roles = [role for role in roles if role != "operator"]
    return Caller(
        user_id=found.person.id,
        roles=roles,
        groups=list(found.person.groups),
        correlation_id=g.correlation_id,
        command_id=str(uuid5(NAMESPACE, f"{found.person.id}/{keyed}")) if keyed else str(uuid4()),
        idempotent=bool(keyed),
        traceparent=telemetry.current_traceparent(),
    )


def read_caller() -> Caller:
    """The caller of a read, whatever the request's method (`/validate` is a POST that commands nothing)."""
    return caller(for_command=False)


def idempotency_key() -> str:
    """The key of this request, empty for none; for people's forms it is a hidden field."""
    key = request.headers.get("Idempotency-Key", "")
    if not key and not request.is_json and request.method == "POST":
        key = request.form.get("idempotency_key", "")
    if len(key) > 200 or not key.isprintable():
        raise Invalid(
            "Idempotency-Key: expected at most 200 printable characters; send a UUID",
            details={"errors": [{"path": "/Idempotency-Key", "message": "Send at most 200 printable characters."}]},
        )
    return key


def signed_in(route: Route) -> Route:
    """401 unless somebody is signed in; stands above the body's schema."""

    @wraps(route)
    def gated(*args: Any, **kwargs: Any) -> Any:
        require_sign_in()
        return route(*args, **kwargs)

    return needs_sign_in(gated)  # type: ignore[return-value]


def require_sign_in() -> Caller:
    if visitor().person is None:
        raise SignInNeeded("sign in first: POST /api/v1/session, or send an API token")
    return caller()


def requires(*roles: str) -> Callable[[Route], Route]:
    """401, then 403 unless the caller has one of `roles`."""

    def gate(route: Route) -> Route:
        @wraps(route)
        def gated(*args: Any, **kwargs: Any) -> Any:
            who = require_sign_in()
            if not who.has(*roles):
                raise Forbidden(f"this needs the role {' or '.join(roles)}; ask an operator", slug="role-needed")
            return route(*args, **kwargs)

        return needs_sign_in(gated)  # type: ignore[return-value]

    return gate


def manages_model(route: Route) -> Route:
    """401, 404 for what one may not see, 403, and only then the body: for `<name>` routes of owners."""

    @wraps(route)
    def gated(*args: Any, **kwargs: Any) -> Any:
        who = require_sign_in()
        calls().registry.model_access(ModelRef(name=kwargs["name"]), replace(who, idempotent=False))
        return route(*args, **kwargs)

    return needs_sign_in(gated)  # type: ignore[return-value]


def second_step(first: Caller, step: str) -> Caller:
    """The caller of another command of one request, repeated with it as the first is."""
    return replace(first, command_id=str(uuid5(UUID(int=0), f"{first.command_id}/{step}")))
