"""Signing in, up and out, as forms."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, make_response, render_template, request
from flask_babel import gettext as _

from gateway.auth import read_caller, visitor
from gateway.clients import calls
from gateway.errors import status_of
from gateway.preferences import local_path
from gateway.routes.session import close_session, open_session, with_session_cookie
from gateway.service_words import in_language
from gateway.web import go, tell, with_form
from shared.contracts.identity import SignUp
from shared.errors import HubError, Unavailable

blueprint = Blueprint("sign_in", __name__)
Errors = dict[str, str]


@blueprint.get("/login")
def login() -> Response:
    """Who is signed in already goes on to where they wanted."""
    if visitor().person is not None:
        return go(_next())
    return _form("login.html", {})


@blueprint.post("/login")
def sign_in() -> Response:
    """A refusal stands beside the field, and tells not whether the account exists."""
    name, password = request.form.get("login", "").strip(), request.form.get("password", "")
    missing = {}
    if not name:
        missing["login"] = _("Give your name or your e-mail address.")
    if not password:
        missing["password"] = _("Give your password.")
    if missing:
        return _form("login.html", missing, status=422)
    try:
        answer = open_session(name, password)
    except Unavailable:
        raise
    except HubError as refusal:
        return _form("login.html", _sign_in_errors(refusal), status=status_of(refusal))
    return with_session_cookie(go(_next()), answer.token)


def _sign_in_errors(refusal: HubError) -> Errors:
    match refusal.error_slug:
        case "wrong-credentials":
            return {"password": _("Name and password do not fit; check both.")}
        case "too-many-requests":
            seconds = int(refusal.details.get("retry_after_s", 60))
            return {"": _("Too many tries. Wait %(seconds)s seconds, then try again.", seconds=seconds)}
        case _:
            return {"": in_language(refusal.message)}


@blueprint.get("/signup")
def signup() -> Response:
    """The form; it says what an account may do."""
    if visitor().person is not None:
        return go(_next())
    return _form("signup.html", {})


@blueprint.post("/signup")
def sign_up() -> Response:
    """Makes the account and signs in."""
    form = request.form
    account = SignUp(
        login=form.get("login", "").strip(), email=form.get("email", "").strip(), password=form.get("password", "")
    )
    try:
        calls().identity.sign_up(account, read_caller())
        answer = open_session(account.login, account.password)
    except Unavailable:
        raise
    except HubError as refusal:
        return _form("signup.html", _sign_up_errors(refusal), status=status_of(refusal))
    tell("ok", _("Welcome, %(login)s. To register models, ask for the maintainer role here.", login=account.login))
    target = _next()
    return with_session_cookie(go("/user-center" if target == "/" else target), answer.token)


def _sign_up_errors(refusal: HubError) -> Errors:
    """Our own words for what a form can be wrong in; the service's where it knows better."""
    words = {
        "login": _("Use 1 to 39 letters, digits or inner hyphens."),
        "email": _("This is no e-mail address; check its spelling."),
        "password": _("Use 10 to 200 characters."),
    }
    taken = {
        "login": _("This name is taken; choose another one."),
        "email": _("This e-mail has an account already; sign in instead."),
    }
    known = taken if refusal.kind == "Conflict" else words
    fields = [str(problem.get("path", "")).strip("/") for problem in refusal.details.get("errors", [])]
    found = {field: known[field] for field in fields if field in known}
    return found or {"": in_language(refusal.message)}


@blueprint.post("/logout")
def sign_out() -> Response:
    """Ends the session; repeating it changes nothing."""
    tell("ok", _("You are signed out."))
    return close_session(go("/"))


def _next() -> str:
    """Where to go on: a path of this hub, and not back to these forms."""
    target = local_path(request.values.get("next", "/"))
    return "/" if target.split("?")[0] in ("/login", "/signup", "/logout") else target


def _form(template: str, errors: Errors, *, status: int = 200) -> Response:
    with_form()
    target = _next()
    context: dict[str, Any] = {"errors": errors, "values": request.form, "next": "" if target == "/" else target}
    response = make_response(render_template(template, **context), status)
    response.headers["Cache-Control"] = "no-store"
    return response
