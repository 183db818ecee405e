"""Visibility, owners, groups, lifecycle and pull request actions of a model."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from gateway.auth import caller, manages_model, read_caller, require_sign_in, requires
from gateway.blueprints import Routes, needs_sign_in
from gateway.clients import calls
from gateway.names import ids_of
from gateway.pull_branch import take_over
from gateway.routes.bodies import DeprecateBody, FeatureBody, MembersBody, ReasonBody, VisibilityBody
from shared.contracts import pr_bot, registry
from shared.contracts.catalog import ReadModel
from shared.contracts.common import Empty, ModelRef
from shared.contracts.wire import schema_of
from shared.errors import Invalid

blueprint = Routes("lifecycle", __name__, url_prefix="/api/v1/models/<name>", description="A model's states")
Answer = schema_of(registry.LifecycleAnswer)


@blueprint.route("/visibility", methods=["POST"])
@manages_model
@blueprint.arguments(schema_of(VisibilityBody))
@blueprint.response(200, schema_of(registry.VisibilityAnswer))
@blueprint.alt_response(202, schema=schema_of(registry.VisibilityAnswer), description="A submission to review")
def set_visibility(body: VisibilityBody, name: str) -> Any:
    """Narrowing holds at once (200); widening is a submission (202)."""
    request = registry.SetVisibility(name=name, visibility=body.visibility, reason=body.reason)
    answer = calls().registry.set_visibility(request, caller())
    return answer, 200 if answer.narrowed else 202


@blueprint.route("/groups", methods=["POST"])
@manages_model
@blueprint.arguments(schema_of(MembersBody))
@blueprint.response(200, Answer)
def change_groups(body: MembersBody, name: str) -> registry.LifecycleAnswer:
    """Which groups see an enterprise model."""
    known = calls().identity.groups(Empty(), caller()).items
    ids = {group.name.lower(): group.id for group in known} | {group.id: group.id for group in known}
    request = registry.ChangeMembers(
        name=name,
        add=group_ids(ids, body.add, "add"),
        remove=group_ids(ids, body.remove, "remove"),
        reason=body.reason,
    )
    return calls().registry.change_groups(request, caller())


def group_ids(ids: dict[str, str], given: list[str], field: str) -> list[str]:
    """Ids of groups given by name or id; raises Invalid at `/field/<index>` for one that does not exist."""
    for index, group in enumerate(given):
        if group.lower() not in ids:
            problem = {"path": f"/{field}/{index}", "message": f"There is no group {group}; ask an operator for one."}
            raise Invalid(f"{field}: {problem['message']}", details={"errors": [problem]})
    return [ids[group.lower()] for group in given]


@blueprint.route("/owners", methods=["POST"])
@manages_model
@blueprint.arguments(schema_of(MembersBody))
@blueprint.response(200, Answer)
def change_owners(body: MembersBody, name: str) -> registry.LifecycleAnswer:
    """Shares the model with others, or takes it from them; by login."""
    request = registry.ChangeMembers(
        name=name, add=ids_of(body.add, field="add"), remove=ids_of(body.remove, field="remove"), reason=body.reason
    )
    return calls().registry.change_owners(request, caller())


@blueprint.route("/deprecate", methods=["POST"])
@manages_model
@blueprint.arguments(schema_of(DeprecateBody))
@blueprint.response(200, Answer)
def deprecate(body: DeprecateBody, name: str) -> registry.LifecycleAnswer:
    """Advises against the model; clients still get it."""
    request = registry.Lifecycle(name=name, reason=body.reason, replacement=body.replacement)
    return calls().registry.deprecate(request, caller())


@blueprint.route("/archive", methods=["POST"])
@manages_model
@blueprint.arguments(schema_of(ReasonBody))
@blueprint.response(200, Answer)
def archive(body: ReasonBody, name: str) -> registry.LifecycleAnswer:
    """Takes the model out of lists and feed; a public one gets a removal pull request."""
    return calls().registry.archive(registry.Lifecycle(name=name, reason=body.reason), caller())


@blueprint.route("/restore", methods=["POST"])
@manages_model
@blueprint.arguments(schema_of(ReasonBody))
@blueprint.response(200, Answer)
def restore(body: ReasonBody, name: str) -> registry.LifecycleAnswer:
    """Undoes deprecating or archiving."""
    return calls().registry.restore(registry.Lifecycle(name=name, reason=body.reason), caller())


@blueprint.route("/quarantine", methods=["POST"])
@requires("operator")
@blueprint.arguments(schema_of(ReasonBody))
@blueprint.response(200, Answer)
def quarantine(body: ReasonBody, name: str) -> registry.LifecycleAnswer:
    """Hides the model from everyone and the feed until an operator lifts it."""
    return calls().registry.quarantine(registry.Lifecycle(name=name, reason=body.reason), caller())


@blueprint.route("/quarantine/lift", methods=["POST"])
@requires("operator")
@blueprint.arguments(schema_of(ReasonBody))
@blueprint.response(200, Answer)
def lift_quarantine(body: ReasonBody, name: str) -> registry.LifecycleAnswer:
    """Ends a quarantine."""
    return calls().registry.lift_quarantine(registry.Lifecycle(name=name, reason=body.reason), caller())


@blueprint.route("/feature", methods=["POST"])
@requires("operator")
@blueprint.arguments(schema_of(FeatureBody))
@blueprint.response(200, Answer)
def feature(body: FeatureBody, name: str) -> registry.LifecycleAnswer:
    """Puts the model on the hub's shelf, or takes it off; no document is touched."""
    request = registry.Feature(name=name, featured=body.featured, reason=body.reason)
    return calls().registry.feature(request, caller())


def acts_on_pull_request(route: Callable[..., Any]) -> Callable[..., Any]:
    """401, 404, 403: owners, reviewers and operators."""

    @wraps(route)
    def gated(*args: Any, **kwargs: Any) -> Any:
        who = require_sign_in()
        if who.has("reviewer", "operator"):
            calls().catalog.model(ReadModel(name=kwargs["name"]), read_caller())
        else:
            calls().registry.model_access(ModelRef(name=kwargs["name"]), who)
        return route(*args, **kwargs)

    return needs_sign_in(gated)


@blueprint.route("/pull-request/retry", methods=["POST"])
@acts_on_pull_request
@blueprint.arguments(schema_of(ReasonBody))
@blueprint.response(202, schema_of(pr_bot.PullRequestAnswer))
def retry(body: ReasonBody, name: str) -> pr_bot.PullRequestAnswer:
    """Tries a failed or paused pull request again."""
    return calls().pr_bot.retry(pr_bot.PullRequestAction(name=name, reason=body.reason), caller())


@blueprint.route("/pull-request/rebuild", methods=["POST"])
@acts_on_pull_request
@blueprint.arguments(schema_of(ReasonBody))
@blueprint.response(202, schema_of(pr_bot.PullRequestAnswer))
def rebuild(body: ReasonBody, name: str) -> pr_bot.PullRequestAnswer:
    """Builds the branch anew on the current main, over a person's commits too."""
    return calls().pr_bot.rebuild(pr_bot.PullRequestAction(name=name, reason=body.reason), caller())


@blueprint.route("/pull-request/branch", methods=["GET"])
@acts_on_pull_request
@blueprint.response(200, schema_of(pr_bot.BranchContent))
def branch_content(name: str) -> pr_bot.BranchContent:
    """What people committed to the pull request's branch; without commits where nobody did."""
    return calls().pr_bot.branch_content(ModelRef(name=name), read_caller())


@blueprint.route("/pull-request/take-over", methods=["POST"])
@manages_model
@blueprint.arguments(schema_of(ReasonBody))
@blueprint.response(202, schema_of(registry.RevisionAnswer))
def take_over_branch(body: ReasonBody, name: str) -> registry.RevisionAnswer:
    """Submits what people committed to the branch as a revision that names them, and rebuilds the branch with it."""
    return take_over(name, body.reason, caller())


@blueprint.route("/pull-request/reopen", methods=["POST"])
@acts_on_pull_request
@blueprint.arguments(schema_of(ReasonBody))
@blueprint.response(202, schema_of(pr_bot.PullRequestAnswer))
def reopen(body: ReasonBody, name: str) -> pr_bot.PullRequestAnswer:
    """Opens a pull request again that upstream had closed."""
    return calls().pr_bot.reopen(pr_bot.PullRequestAction(name=name, reason=body.reason), caller())
