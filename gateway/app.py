"""The Flask app: REST API, pages, health, and the feed in front of it."""

from __future__ import annotations

from typing import Any

from flask import Flask, Response, g

from gateway.auth import register_auth
from gateway.blueprints import HubApi
from gateway.edge import Edge
from gateway.errors import register_errors
from gateway.feed_cache import FeedCache, FeedMiddleware
from gateway.health import register_health
from gateway.page_cache import PageCache, PageMiddleware
from gateway.routes import BLUEPRINTS, PAGES
from gateway.web import register_web, render_problem
from shared.config import Settings
from shared.service import Calls

MAX_BODY_BYTES = 8 * 1024 * 1024
CSP = (
    "default-src 'none'; script-src 'self'; style-src 'self'{nonce}; img-src 'self'; font-src 'self'; "
    "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)


def create_app(settings: Settings, calls: Calls, *, feed: FeedCache | None = None) -> Flask:
    """Everything the gateway answers. `feed` is started by whoever runs the app."""
    app = Flask(__name__)
    app.config.update(
        API_TITLE="Models Hub",
        API_VERSION="v1",
        OPENAPI_VERSION="3.0.3",
        OPENAPI_URL_PREFIX="/api",
        OPENAPI_JSON_PATH="openapi.json",
        MAX_CONTENT_LENGTH=MAX_BODY_BYTES,
        MAX_FORM_MEMORY_SIZE=MAX_BODY_BYTES,
        MAX_FORM_PARTS=200,
        TRAP_HTTP_EXCEPTIONS=False,
    )
    app.url_map.strict_slashes = False
    app.url_map.merge_slashes = False
    app.extensions["hub_calls"] = calls
    app.extensions["hub_settings"] = settings
    app.extensions["hub_feed"] = feed or FeedCache(calls.catalog)
    register_auth(app)
    register_web(app)
    api = HubApi(app)
    for blueprint in BLUEPRINTS:
        api.register_blueprint(blueprint)
    for page in PAGES:
        app.register_blueprint(page)
    register_health(app)
    register_errors(app, render_problem)
    app.after_request(_security_headers)
    app.extensions["hub_pages"] = PageCache(calls.catalog)
    pages = PageMiddleware(app.wsgi_app, app.extensions["hub_pages"])
    app.wsgi_app = Edge(FeedMiddleware(pages, app.extensions["hub_feed"]))  # type: ignore[method-assign]
    return app


def _security_headers(response: Response) -> Response:

    nonce: Any = g.get("csp_nonce")
    headers = response.headers
    headers.setdefault("Content-Security-Policy", CSP.format(nonce=f" 'nonce-{nonce}'" if nonce else ""))
    headers.setdefault("X-Content-Type-Options", "nosniff")
    headers.setdefault("Referrer-Policy", "same-origin")
    headers.setdefault("Cross-Origin-Opener-Policy", "same-origin")
    if nonce:
        headers["Cache-Control"] = "no-store"
    return response
