"""The review list and verdicts."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import wraps
from typing import Any

from gateway.answers import named
from gateway.auth import caller, read_caller, require_sign_in, requires
from gateway.blueprints import Routes, needs_sign_in
from gateway.clients import calls
from gateway.names import submitter_id
from gateway.routes.bodies import CommentBody, MinPosition, VerdictBody
from shared.contracts import catalog as read
from shared.contracts import review as api
from shared.contracts.common import Empty, ModelRef
from shared.contracts.wire import query_schema_of, schema_of
from shared.errors import Forbidden

blueprint = Routes("reviews", __name__, url_prefix="/api/v1", description="Reviewing submissions")


def reviews_model(route: Callable[..., Any]) -> Callable[..., Any]:
    """401, then 404 for what one may not see, then 403 without the role."""

    @wraps(route)
    def gated(*args: Any, **kwargs: Any) -> Any:
        who = require_sign_in()
        if not who.has("reviewer", "operator"):
            calls().catalog.model(read.ReadModel(name=kwargs["name"]), read_caller())
            raise Forbidden("reviewing needs the reviewer role; ask an operator", slug="not-reviewer")
        return route(*args, **kwargs)

    return needs_sign_in(gated)


def comments_on_model(route: Callable[..., Any]) -> Callable[..., Any]:
    """Reviewers, operators and owners; 404 for others who may not see the model."""

    @wraps(route)
    def gated(*args: Any, **kwargs: Any) -> Any:
        who = require_sign_in()
        if not who.has("reviewer", "operator"):
            calls().registry.model_access(ModelRef(name=kwargs["name"]), who)
        return route(*args, **kwargs)

    return needs_sign_in(gated)


@blueprint.route("/reviews")
@requires("reviewer", "operator")
@blueprint.arguments(query_schema_of(read.FindReviews), location="query")
@blueprint.response(200, schema_of(read.Reviews))
def find_reviews(query: read.FindReviews) -> read.Reviews:
    """Submissions by state, oldest first."""
    asked = replace(query, submitter=submitter_id(query.submitter))
    return named(calls().catalog.reviews(asked, read_caller()))


@blueprint.route("/reviews/<name>/<int:number>")
@requires("reviewer", "operator")
@blueprint.arguments(query_schema_of(MinPosition), location="query")
@blueprint.response(200, schema_of(read.ReviewDetail))
def read_review(query: MinPosition, name: str, number: int) -> read.ReviewDetail:
    """All that the review page shows of one submission."""
    request = read.ReadRevision(name=name, revision=number, min_position=query.min_position)
    return named(calls().catalog.review(request, read_caller()))


@blueprint.route("/models/<name>/revisions/<int:number>/approve", methods=["POST"])
@reviews_model
@blueprint.arguments(schema_of(VerdictBody))
@blueprint.response(200, schema_of(api.ReviewAnswer))
def approve(body: VerdictBody, name: str, number: int) -> api.ReviewAnswer:
    """Approves exactly the content with this hash."""
    return calls().review.approve(_verdict(body, name, number), caller())


@blueprint.route("/models/<name>/revisions/<int:number>/reject", methods=["POST"])
@reviews_model
@blueprint.arguments(schema_of(VerdictBody))
@blueprint.response(200, schema_of(api.ReviewAnswer))
def reject(body: VerdictBody, name: str, number: int) -> api.ReviewAnswer:
    """Rejects with feedback."""
    return calls().review.reject(_verdict(body, name, number), caller())


def _verdict(body: VerdictBody, name: str, number: int) -> api.Verdict:
    return api.Verdict(name=name, revision=number, document_sha256=body.document_sha256, feedback=body.feedback)


@blueprint.route("/models/<name>/revisions/<int:number>/comments", methods=["POST"])
@comments_on_model
@blueprint.arguments(schema_of(CommentBody))
@blueprint.response(200, schema_of(api.ReviewAnswer))
def comment(body: CommentBody, name: str, number: int) -> api.ReviewAnswer:
    """Says something about a submission; the text is `feedback`."""
    request = api.Comment(
        name=name,
        revision=number,
        feedback=body.feedback,
        document_sha256=body.document_sha256,
        path=body.path,
        line=body.line,
        side=body.side,
        against=body.against,
    )
    return calls().review.comment(request, caller())


@blueprint.route("/models/<name>/revisions/<int:number>/claim", methods=["POST"])
@reviews_model
@blueprint.arguments(schema_of(Empty), required=False)
@blueprint.response(200, schema_of(api.ReviewAnswer))
def claim(body: Empty, name: str, number: int) -> api.ReviewAnswer:
    """Tells other reviewers that you are at it."""
    return calls().review.claim(api.Claim(name=name, revision=number), caller())
