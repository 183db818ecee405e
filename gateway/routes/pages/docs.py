"""What programs are told: the API's own page, and the events' AsyncAPI document with its schemas.

The page is rendered here from the OpenAPI document: no foreign script, no exempted policy.
"""

from __future__ import annotations

from importlib.metadata import version
from typing import Any

from flask import Blueprint, Response, current_app, json, render_template
from flask_babel import gettext

from gateway.api_docs import Api, read_api
from shared import asyncapi
from shared.config import Settings
from shared.event_schemas import schema_at


def _l(words: str) -> str:
    """Marks words for the catalogue."""
    return words


# What the blueprints of the API call themselves; OpenAPI itself is English alone.
GROUPS = (
    _l("Models, their revisions, and what changed"),
    _l("Registering and revising models"),
    _l("A model's states"),
    _l("Reviewing submissions"),
    _l("Signing in, out and up"),
    _l("What is yours"),
    _l("People and groups, for operators"),
    _l("For operators"),
    _l("What happened, for operators"),
    _l("What Xinference's Update button asks for"),
    _l("What GitHub tells the hub"),
)

blueprint = Blueprint("docs", __name__)


@blueprint.get("/api/docs")
def docs() -> str:
    """Every operation of the REST API."""
    return render_template("api_docs.html", api=_api(), group_word=gettext)


@blueprint.get("/api/asyncapi.json")
def events() -> Response:
    """Every event, for programs that read them from the broker."""
    return _for_programs(asyncapi.document(base_url=_base_url(), version=version("models-hub")))


@blueprint.get("/api/events/<name>.json")
def event(name: str) -> Response:
    """The JSON Schema of one event's data; `name` is its type, such as hub.registry.ModelSubmitted.v1."""
    return _for_programs(schema_at(name, base_url=_base_url()), content_type="application/schema+json")


def _for_programs(document: dict[str, Any], *, content_type: str = "application/json") -> Response:
    """They change only with the program, and any page may read them."""
    headers = {"Cache-Control": "public, max-age=300", "Access-Control-Allow-Origin": "*"}
    return Response(json.dumps(document, ensure_ascii=False), content_type=content_type, headers=headers)


def _base_url() -> str:
    settings: Settings = current_app.extensions["hub_settings"]
    return settings.public_url


def _api() -> Api:
    """Made once: routes do not change while the hub runs."""
    known: Api | None = current_app.extensions.get("hub_api_docs")
    if known is None:
        made = next(iter(current_app.extensions["flask-smorest"]["blp_name_to_api"].values()))
        known = read_api(made.spec.to_dict(), _base_url())
        current_app.extensions["hub_api_docs"] = known
    return known
