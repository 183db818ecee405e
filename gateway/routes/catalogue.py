"""Reading models, their revisions, diffs, timeline and pull request; `/changes`; what validates documents."""

from __future__ import annotations

from dataclasses import replace
from typing import get_args

import flask
from flask import Response, json

from gateway.answers import named
from gateway.auth import read_caller
from gateway.blueprints import Routes, require_positions
from gateway.clients import calls
from gateway.paging import part_of
from gateway.pull_places import placed
from gateway.routes.bodies import AgainstQuery, ListQuery, MinPosition
from shared.contracts import catalog as read
from shared.contracts import registry as api
from shared.contracts.common import Empty, ModelType
from shared.contracts.wire import query_schema_of, schema_of
from shared.errors import NotFound

blueprint = Routes("catalogue", __name__, url_prefix="/api/v1", description="Models, their revisions, and what changed")


@blueprint.route("/models")
@blueprint.arguments(query_schema_of(read.FindModels), location="query")
@blueprint.response(200, schema_of(read.ModelPage))
def find_models(query: read.FindModels) -> read.ModelPage:
    """Models you may see, with facets."""
    return named(calls().catalog.models(query, read_caller()))


@blueprint.route("/models/<name>")
@blueprint.arguments(query_schema_of(MinPosition), location="query")
@blueprint.response(200, schema_of(read.ModelDetail))
def read_model(query: MinPosition, name: str) -> read.ModelDetail:
    """One model; `document` is its exact JSON text."""
    return named(_model(name, query.min_position))


@blueprint.route("/models/<name>/document")
@blueprint.arguments(query_schema_of(MinPosition), location="query")
@blueprint.response(200, {"type": "object"}, content_type="application/json")
def read_document(query: MinPosition, name: str) -> Response:
    """The bare document."""
    model = named(_model(name, query.min_position))
    response = Response(model.document, content_type="application/json")
    response.set_etag(model.document_sha256)
    response.make_conditional(flask.request)
    return response


@blueprint.route("/models/<name>/readme")
@blueprint.arguments(query_schema_of(MinPosition), location="query")
@blueprint.response(200, {"type": "string"}, content_type="text/markdown")
def read_readme(query: MinPosition, name: str) -> Response:
    """The bare README."""
    model = named(_model(name, query.min_position))
    return Response(model.readme, content_type="text/markdown; charset=utf-8")


def _model(name: str, min_position: str) -> read.ModelDetail:
    return calls().catalog.model(read.ReadModel(name=name, min_position=min_position), read_caller())


@blueprint.route("/models/<name>/revisions")
@blueprint.arguments(query_schema_of(ListQuery), location="query")
@blueprint.response(200, schema_of(read.Revisions))
def read_revisions(query: ListQuery, name: str) -> read.Revisions:
    """The model's revisions, newest first."""
    request = read.ReadModel(name=name, min_position=query.min_position)
    whole = calls().catalog.revisions(request, read_caller())
    return named(part_of(whole, page=query.page, per_page=query.per_page))


@blueprint.route("/models/<name>/revisions/<int:number>")
@blueprint.arguments(query_schema_of(MinPosition), location="query")
@blueprint.response(200, schema_of(read.Revision))
def read_revision(query: MinPosition, name: str, number: int) -> read.Revision:
    """One revision with its document and README."""
    request = read.ReadRevision(name=name, revision=number, min_position=query.min_position)
    return named(calls().catalog.revision(request, read_caller()))


@blueprint.route("/models/<name>/revisions/<int:number>/diff")
@blueprint.arguments(query_schema_of(AgainstQuery), location="query")
@blueprint.response(200, schema_of(read.Diff))
def read_diff(query: AgainstQuery, name: str, number: int) -> read.Diff:
    """What a revision changes: unified text, and field by field."""
    request = read.ReadDiff(name=name, revision=number, against=query.against, min_position=query.min_position)
    return named(calls().catalog.diff(request, read_caller()))


@blueprint.route("/models/<name>/timeline")
@blueprint.arguments(query_schema_of(ListQuery), location="query")
@blueprint.response(200, schema_of(read.Timeline))
def read_timeline(query: ListQuery, name: str) -> read.Timeline:
    """Who did what, when and why; newest first."""
    request = read.ReadTimeline(name=name, page=query.page, per_page=query.per_page, min_position=query.min_position)
    return named(calls().catalog.timeline(request, read_caller()))


@blueprint.route("/models/<name>/pull-request")
@blueprint.arguments(query_schema_of(MinPosition), location="query")
@blueprint.response(200, schema_of(read.PullRequest))
def read_pull_request(query: MinPosition, name: str) -> read.PullRequest:
    """The model's pull request, whatever its state."""
    found = calls().catalog.pull_request(read.ReadModel(name=name, min_position=query.min_position), read_caller())
    return named(placed([found])[0])


@blueprint.route("/pulls")
@blueprint.arguments(query_schema_of(read.FindPulls), location="query")
@blueprint.response(200, schema_of(read.Pulls))
def find_pulls(query: read.FindPulls) -> read.Pulls:
    """Pull requests of the models you may see."""
    found = calls().catalog.pulls(query, read_caller())
    return named(replace(found, items=placed(found.items)))


@blueprint.route("/changes")
@blueprint.arguments(query_schema_of(read.ReadChanges), location="query")
@blueprint.response(200, schema_of(read.Changes))
def read_changes(query: read.ReadChanges) -> read.Changes:
    """Published changes in order; `next` is the `after` of the next call."""
    return named(calls().catalog.changes(query, read_caller()))


@blueprint.route("/validate", methods=["POST"])
@blueprint.arguments(schema_of(api.DocumentInput))
@blueprint.response(200, schema_of(api.ValidationReport))
def validate(body: api.DocumentInput) -> api.ValidationReport:
    """Whether a document would be accepted, with every problem and where it is."""
    return calls().registry.validate(body, read_caller())


@blueprint.route("/readme-template", methods=["POST"])
@blueprint.arguments(schema_of(api.DocumentInput))
@blueprint.response(200, schema_of(api.ReadmeAnswer))
def readme_template(body: api.DocumentInput) -> api.ReadmeAnswer:
    """A README to start from, made of the document."""
    return calls().registry.readme_template(body, read_caller())


@blueprint.route("/types")
@blueprint.arguments(query_schema_of(ListQuery), location="query")
@blueprint.response(200, schema_of(api.TypesAnswer))
def read_types(query: ListQuery) -> api.TypesAnswer:
    """The seven types of models."""
    require_positions(query.min_position)
    return part_of(calls().registry.types(Empty(), read_caller()), page=query.page, per_page=query.per_page)


@blueprint.route("/types/<name>/schema")
@blueprint.response(200, {"type": "object"}, content_type="application/schema+json")
def read_schema(name: str) -> Response:
    """The JSON Schema (draft 2020-12) of one record of a type."""
    if name not in get_args(ModelType):
        raise NotFound(f"type {name[:80]}: there is none; see GET /api/v1/types")
    answer = calls().registry.schema(api.TypeRef(type=name), read_caller())  # type: ignore[arg-type]
    return Response(json.dumps(answer.schema, ensure_ascii=False), content_type="application/schema+json")
