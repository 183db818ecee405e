"""Language, theme and keyboard shortcut: cookies set by a plain POST, so they work without script."""

from __future__ import annotations

from urllib.parse import urlsplit

from flask import Flask, redirect, request
from werkzeug.wrappers import Response

from gateway.i18n import LANGUAGES

CHOICES = {
    "lang": frozenset(LANGUAGES),
    "theme": frozenset({"system", "light", "dark"}),
    "shortcuts": frozenset({"on", "off"}),
}
YEAR_S = 365 * 24 * 3600


def local_path(target: str) -> str:
    """`target` where it is a path of this hub, else `/`; never another site's address."""
    parts = urlsplit(target.replace("\\", "/"))
    if parts.scheme or parts.netloc or not target.startswith("/") or target.startswith("//"):
        return "/"
    return target if target.isprintable() else "/"


def chosen(name: str, default: str) -> str:
    """The cookie's value where it is one of the choices."""
    value = request.cookies.get(name, default)
    return value if value in CHOICES[name] else default


def save_preferences() -> Response:
    """Changes how pages look to this browser alone; needs no CSRF token, for there is nothing to gain by forging it."""
    response: Response = redirect(local_path(request.form.get("next", "/")), code=303)
    for name, allowed in CHOICES.items():
        value = request.form.get(name, "")
        if value in allowed:
            response.set_cookie(name, value, max_age=YEAR_S, samesite="Lax", secure=request.is_secure, httponly=True)
    return response


def preferences_of_page() -> dict[str, str]:
    """Context of every template: `theme` (system, light, dark), `shortcuts` (on, off), `here` (this page's path)."""
    query = f"?{request.query_string.decode(errors='replace')}" if request.query_string else ""
    return {"theme": chosen("theme", "system"), "shortcuts": chosen("shortcuts", "on"), "here": request.path + query}


def install_preferences(app: Flask) -> None:
    """Adds POST `/preferences` (`lang`, `theme`, `shortcuts`, `next`) and the templates' context."""
    app.add_url_rule("/preferences", "preferences", save_preferences, methods=["POST"])
    app.context_processor(preferences_of_page)
