"""Badges of public models, for READMEs and pages elsewhere."""

from __future__ import annotations

from uuid import uuid4

from flask import Blueprint, Response, request

from gateway.badge import SHOWN_STATES, badge_svg
from gateway.clients import calls
from shared.contracts.catalog import ReadModel
from shared.contracts.common import Caller
from shared.errors import NotFound

FRESH_S = 300

blueprint = Blueprint("badges", __name__)


@blueprint.get("/models/badge/<name>.svg")
def badge(name: str) -> Response:
    """The same picture for everybody: who asks is not looked at, what is not public is not there."""
    model = calls().catalog.model(ReadModel(name=name), Caller(correlation_id=str(uuid4())))
    if model.visibility != "public" or model.state not in SHOWN_STATES:
        raise NotFound(f"badge of {model.name[:80]}: expected a public model that clients may get; see /models")
    answer = Response(badge_svg(model.name, model.state), content_type="image/svg+xml; charset=utf-8")
    answer.headers["Cache-Control"] = f"public, max-age={FRESH_S}"
    answer.add_etag()
    answer.make_conditional(request)
    return answer
