"""The client feed where the cache in front does not answer: tokens, single refreshes, refusals."""

from __future__ import annotations

from flask import Response, abort, g, request
from flask_smorest import Blueprint

from gateway.auth import Visitor, read_caller
from gateway.clients import calls
from gateway.errors import SignInNeeded
from gateway.feed_cache import PATH, TYPES, weak_etag
from shared.contracts.catalog import ReadFeed
from shared.contracts.common import system_caller
from shared.contracts.identity import SessionRef
from shared.errors import NotFound

blueprint = Blueprint("feed", __name__, description="What Xinference's Update button asks for")


@blueprint.route(PATH)
@blueprint.doc(
    parameters=[
        {"in": "query", "name": "model_type", "required": True, "schema": {"type": "string", "enum": list(TYPES)}},
        {"in": "query", "name": "model_name", "schema": {"type": "string"}},
        {"in": "query", "name": "include_readme", "schema": {"type": "string"}},
        {"in": "header", "name": "X-Models-Token", "schema": {"type": "string"}},
    ],
    responses={
        "200": {
            "description": "The models' records",
            "content": {"application/json": {"schema": {"type": "array", "items": {"type": "object"}}}},
        },
        "304": {"description": "Nothing changed since the ETag in If-None-Match"},
        "400": {"$ref": "#/components/responses/BAD_REQUEST"},
        "401": {"$ref": "#/components/responses/UNAUTHORIZED"},
        "404": {"$ref": "#/components/responses/NOT_FOUND"},
    },
)
def download() -> Response:
    """A bare JSON array of a type's models; with `model_name` the records of one."""
    model_type = request.args.get("model_type", "")
    if model_type not in TYPES:
        abort(400, description=f"model_type: expected one of {', '.join(TYPES)}, found {model_type or 'nothing'}.")
    _identify_client()
    name = request.args.get("model_name", "")
    if "\0" in name or len(name) > 200:
        raise NotFound("model_name: no model has such a name; check it")
    asked = ReadFeed(type=model_type, model_name=name, etag=_held_etag())
    feed = calls().catalog.feed(asked, read_caller())
    response = Response(status=304) if feed.unchanged else Response(feed.body, content_type="application/json")
    response.headers["ETag"] = weak_etag(feed.etag)
    response.headers["Cache-Control"] = "private, no-cache" if g.visitor.person else "public, no-cache"
    response.headers["Vary"] = "Accept-Encoding, X-Models-Token"
    return response


def _identify_client() -> None:
    """`X-Models-Token` is an API token; without one the feed is everybody's, whatever cookies came along."""
    g.visitor = Visitor()
    secret = request.headers.get("X-Models-Token", "").strip()
    if not secret:
        return
    try:
        found = calls().identity.authenticate(SessionRef(token=secret[:1000]), system_caller("gateway"))
    except NotFound:
        raise SignInNeeded(
            "X-Models-Token: it is unknown, expired or revoked; make a new one in the User Center"
        ) from None
    g.visitor = Visitor(person=found.person, scope=found.scope)


def _held_etag() -> str:
    held = request.if_none_match.to_header()
    return held.removeprefix("W/").strip('"') if "," not in held else ""
