"""What every page shares: its context, flash messages, error pages, and answers kept by catalog version."""

from __future__ import annotations

import secrets
from importlib.metadata import version
from typing import Any
from urllib.parse import quote
from uuid import uuid4

from flask import Flask, Response, flash, g, get_flashed_messages, make_response, redirect, render_template, request
from flask_babel import gettext as _

from gateway.auth import csrf_token, read_caller, visitor
from gateway.clients import calls
from gateway.presentation import install_presentation
from shared.contracts.catalog import FindReviews
from shared.contracts.common import Empty, system_caller
from shared.errors import HubError

TITLES = {
    400: "This request could not be read",
    401: "Sign in first",
    403: "Not allowed",
    404: "Nothing here",
    409: "Something changed meanwhile",
    413: "Too large",
    422: "Something is not right yet",
    429: "Too many tries",
    503: "Not available right now",
}


def register_web(app: Flask) -> None:
    """Installs presentation and the context that base.html needs."""
    # Flashes travel in a signed cookie; a key of this process's own is enough for a message between two requests.
    app.secret_key = secrets.token_bytes(32)
    app.config.update(SESSION_COOKIE_NAME="hub_flash", SESSION_COOKIE_SAMESITE="Lax")
    install_presentation(app, account_language)
    app.context_processor(page_context)


def account_language() -> str:
    """The signed-in person's language, empty for none."""
    found = g.get("visitor")
    return found.person.locale if found is not None and found.person is not None else ""


def page_context() -> dict[str, Any]:
    """What base.html asks for; a failing service never keeps an error page from being shown."""
    found = g.get("visitor")
    if found is None:
        return {"current_person": None}
    return {
        "current_person": found.person,
        "csrf_token": csrf_token() if found.person is not None or request.method != "GET" or g.get("form_page") else "",
        "csp_nonce": g.get("csp_nonce", ""),
        "public_models": _public_models(),
        "reviews_waiting": _reviews_waiting(),
        "flashes": get_flashed_messages(with_categories=True) if "hub_flash" in request.cookies else [],
        "hub_version": version("models-hub"),
        "new_key": new_key,
    }


def _public_models() -> int:
    try:
        return calls().catalog.version(Empty(), system_caller("gateway")).public_models
    except HubError:
        return 0


def _reviews_waiting() -> int:
    person = visitor().person
    if person is None or not {"reviewer", "operator"} & set(person.roles):
        return 0
    try:
        return calls().catalog.reviews(FindReviews(per_page=1), read_caller()).total
    except HubError:
        return 0


def new_key() -> str:
    """An idempotency key for a form: sending it twice is sending it once."""
    return uuid4().hex


def with_form() -> None:
    """This page has a form that an anonymous visitor sends, so it needs a CSRF token."""
    g.form_page = True


def with_editor() -> None:
    """This page has the JSON editor: its styles need a nonce, and it must not be cached."""
    g.csp_nonce = secrets.token_urlsafe(16)


def tell(tone: str, text: str) -> None:
    """A message on the next page; `tone` is ok, info, warn or bad."""
    flash(text, tone)


def go(path: str) -> Response:
    """POST, then 303, then the page."""
    return make_response(redirect(path, code=303))


def render_problem(problem: dict[str, Any]) -> Response:
    """The page of a refusal; a visitor who is not signed in is sent to sign in."""
    status = problem["status"]
    if status == 401:
        here = request.full_path.rstrip("?") if request.method == "GET" else "/"
        return go(f"/login?next={quote(here, safe='/')}")
    title = _(TITLES.get(status, "The hub failed"))
    page = render_template("error.html", problem=problem, title=title)
    return make_response(page, status)
