"""The API's own page, rendered here from the OpenAPI document: no foreign script, no exempted policy."""

from __future__ import annotations

from flask import Blueprint, current_app, render_template

from gateway.api_docs import Api, read_api
from shared.config import Settings

blueprint = Blueprint("docs", __name__)


@blueprint.get("/api/docs")
def docs() -> str:
    """Every operation of the REST API."""
    return render_template("api_docs.html", api=_api())


def _api() -> Api:
    """Made once: routes do not change while the hub runs."""
    known: Api | None = current_app.extensions.get("hub_api_docs")
    if known is None:
        settings: Settings = current_app.extensions["hub_settings"]
        made = next(iter(current_app.extensions["flask-smorest"]["blp_name_to_api"].values()))
        known = read_api(made.spec.to_dict(), settings.public_url)
        current_app.extensions["hub_api_docs"] = known
    return known
