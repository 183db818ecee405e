"""A bare app that shows every component with sample data: for looking, for accessibility and layout tests.

`python -m tests.support.gallery` serves it; pages are the templates of this folder.
"""

from __future__ import annotations

import secrets
from pathlib import Path

from flask import Flask, Response, abort, g, jsonify, render_template, request
from jinja2 import ChoiceLoader, FileSystemLoader

from gateway.presentation import install_presentation
from gateway.states import LOOKS
from tests.support.gallery.samples import context

HERE = Path(__file__).resolve().parent
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'{nonce}; img-src 'self'; font-src 'self'; "
    "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
PAGES = ("browse", "empty", "readme", "specs", "json", "revisions", "pull", "review", "edit", "forms", "signin")


def create_gallery() -> Flask:
    """The gallery under the same content policy as the hub."""
    app = Flask("gateway", root_path=str(HERE.parents[2] / "gateway"))
    loader = app.jinja_loader
    assert loader is not None
    app.jinja_loader = ChoiceLoader([loader, FileSystemLoader(HERE.parent)])
    install_presentation(app)

    @app.get("/<page>")
    def show(page: str) -> str:
        if page not in PAGES:
            abort(404)
        g.nonce = secrets.token_urlsafe(12) if page == "edit" else ""
        return render_template(f"gallery/{page}.html", csp_nonce=g.nonce, looks=LOOKS, **context(request.args))

    @app.post("/editor/findings")
    def findings() -> Response:
        text = request.form["document"]
        found = [("/context_length", "Context length must be a whole number")] if '"40k"' in text else []
        found += [("/model_ability/0", "“chta” is not an ability. Did you mean “chat”?")] if '"chta"' in text else []
        said = [{"severity": "error", "path": path, "message": message} for path, message in found]
        return jsonify(findings=[*said, {"severity": "warning", "path": "", "message": "48 sources float on main"}])

    @app.get("/api/v1/types/<name>/schema")
    def schema(name: str) -> Response:
        abilities = {"type": "array", "items": {"enum": ["chat", "tools", "vision", "reasoning"]}}
        keys = {"model_name": {"type": "string"}, "model_ability": abilities, "context_length": {"type": "integer"}}
        return jsonify(type="object", title=name, properties=keys, required=["model_name"])

    @app.after_request
    def protect(response: Response) -> Response:
        nonce = getattr(g, "nonce", "")
        response.headers["Content-Security-Policy"] = POLICY.format(nonce=f" 'nonce-{nonce}'" if nonce else "")
        return response

    return app
