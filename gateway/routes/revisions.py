"""Registering models and making, saving, submitting and withdrawing revisions."""

from __future__ import annotations

from typing import Any

from flask import url_for

from gateway.auth import caller, manages_model, requires
from gateway.blueprints import Routes
from gateway.clients import calls
from gateway.routes.bodies import DraftBody, OptionalReason, RevisionBody
from shared.contracts import registry as api
from shared.contracts.wire import schema_of

blueprint = Routes("revisions", __name__, url_prefix="/api/v1", description="Registering and revising models")


@blueprint.route("/models", methods=["POST"])
@requires("maintainer", "operator")
@blueprint.arguments(schema_of(api.RegisterModel))
@blueprint.response(201, schema_of(api.RevisionAnswer))
def register_model(body: api.RegisterModel) -> Any:
    """Registers a model: its name is yours from now on."""
    answer = calls().registry.register(body, caller())
    return answer, 201, {"Location": url_for("catalogue.read_model", name=answer.name)}


@blueprint.route("/models/<name>/revisions", methods=["POST"])
@manages_model
@blueprint.arguments(schema_of(RevisionBody))
@blueprint.response(200, schema_of(api.RevisionAnswer))
def revise(body: RevisionBody, name: str) -> api.RevisionAnswer:
    """A new revision on the latest one; `unchanged` where nothing differs."""
    request = api.ReviseModel(
        name=name,
        base_revision=body.base_revision,
        type=body.type,
        document=body.document,
        readme=body.readme,
        visibility=body.visibility,
        message=body.message,
        submit=body.submit,
    )
    return calls().registry.revise(request, caller())


@blueprint.route("/models/<name>/revisions/<int:number>", methods=["PUT"])
@manages_model
@blueprint.arguments(schema_of(DraftBody))
@blueprint.response(200, schema_of(api.RevisionAnswer))
def save_draft(body: DraftBody, name: str, number: int) -> api.RevisionAnswer:
    """Saves a draft again under its number."""
    request = api.SaveDraft(
        name=name,
        revision=number,
        base_sha256=body.base_sha256,
        type=body.type,
        document=body.document,
        readme=body.readme,
        visibility=body.visibility,
        message=body.message,
    )
    return calls().registry.save_draft(request, caller())


@blueprint.route("/models/<name>/revisions/<int:number>/submit", methods=["POST"])
@manages_model
@blueprint.arguments(schema_of(OptionalReason), required=False)
@blueprint.response(200, schema_of(api.RevisionAnswer))
def submit(body: OptionalReason, name: str, number: int) -> api.RevisionAnswer:
    """Submits a draft to review."""
    return calls().registry.submit(api.RevisionRef(name=name, revision=number, reason=body.reason), caller())


@blueprint.route("/models/<name>/revisions/<int:number>/withdraw", methods=["POST"])
@manages_model
@blueprint.arguments(schema_of(OptionalReason), required=False)
@blueprint.response(200, schema_of(api.RevisionAnswer))
def withdraw(body: OptionalReason, name: str, number: int) -> api.RevisionAnswer:
    """Takes a draft or a pending submission back."""
    return calls().registry.withdraw(api.RevisionRef(name=name, revision=number, reason=body.reason), caller())
