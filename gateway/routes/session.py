"""Signing in, out and up."""

from __future__ import annotations

from typing import Any

from flask import Response, g, make_response, request

from gateway.auth import SESSION_COOKIE, Visitor, caller, csrf_token, forget_visitor, read_caller, visitor
from gateway.blueprints import Routes
from gateway.clients import calls
from gateway.routes.bodies import SessionState, SignInBody
from shared.contracts import identity as api
from shared.contracts.wire import dump, schema_of

blueprint = Routes("session", __name__, url_prefix="/api/v1", description="Signing in, out and up")


@blueprint.route("/session")
@blueprint.response(200, schema_of(SessionState))
def read_session() -> SessionState:
    """Who you are, and the CSRF token of this session."""
    return SessionState(csrf_token=csrf_token(), person=visitor().person)


@blueprint.route("/session", methods=["POST"])
@blueprint.arguments(schema_of(SignInBody))
@blueprint.response(200, schema_of(SessionState))
def sign_in(body: SignInBody) -> Any:
    """Signs in by login or e-mail; the session is a cookie."""
    answer = open_session(body.login, body.password)
    g.visitor = Visitor(person=answer.person, session=answer.token)
    state = SessionState(csrf_token=csrf_token(), person=answer.person)
    return with_session_cookie(make_response(dump(state)), answer.token)


@blueprint.route("/session", methods=["DELETE"])
@blueprint.response(204)
def sign_out() -> Any:
    """Ends this session; repeating it changes nothing."""
    return close_session(Response(status=204))


@blueprint.route("/accounts", methods=["POST"])
@blueprint.arguments(schema_of(api.SignUp))
@blueprint.response(201, schema_of(api.PersonAnswer))
def sign_up(body: api.SignUp) -> api.PersonAnswer:
    """Makes an account; ask for the maintainer role in the User Center."""
    return calls().identity.sign_up(body, read_caller())


def open_session(login: str, password: str) -> api.SessionAnswer:
    """A new session; raises Forbidden where the credentials do not fit."""
    sign_in_request = api.SignIn(login=login, password=password, client=request.remote_addr or "")
    return calls().identity.sign_in(sign_in_request, read_caller())


def close_session(response: Response) -> Response:
    """Ends this request's session, if it has one, and takes its cookie back."""
    session = visitor().session
    if session:
        calls().identity.sign_out(api.SessionRef(token=session), caller(for_command=False))
        forget_visitor()
    response.delete_cookie(SESSION_COOKIE, httponly=True, samesite="Lax", secure=request.is_secure)
    return response


def with_session_cookie(response: Response, token: str) -> Response:
    """The session's cookie: not for scripts, not for other sites."""
    response.set_cookie(
        SESSION_COOKIE, token, max_age=30 * 86400, httponly=True, samesite="Lax", secure=request.is_secure
    )
    response.headers["Cache-Control"] = "no-store"
    return response
