"""What a verdict makes of the model, and the model's own lifecycle."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from services.registry.domain.access import Actor, require_management, require_operator
from services.registry.domain.state import SUBMITTED, Model
from shared.errors import Conflict, Invalid
from shared.events import registry as facts


class WrongModelState(Conflict):
    slug = "wrong-model-state"


def publish(model: Model, *, revision: int, document_sha256: str, reviewer: str) -> Sequence[Any]:
    """ModelPublished if the approved revision is still the submitted one with the same content.

    Otherwise PublicationSkipped with the reason. An owner's narrowing after the submission holds:
    the narrower of both visibilities is published. A repeat changes nothing.
    """
    found = model.revision(revision)
    if found is None or model.published == revision:
        return []
    obstacle = _obstacle(model, found.state, found.content.document_sha256, document_sha256)
    if obstacle:
        return [facts.PublicationSkipped(model_name=model.name, revision=revision, reason=obstacle)]
    return [
        facts.ModelPublished(
            model_name=model.name,
            model_type=model.type,
            revision=revision,
            document_sha256=document_sha256,
            visibility=model.visibility_of(model.revisions[revision]),
            reviewer=reviewer,
        )
    ]


def note_rejection(model: Model, *, revision: int, feedback: str) -> Sequence[Any]:
    """A rejected revision waits no longer, so that upstream's own changes do not bring it back."""
    found = model.revision(revision)
    if found is None or found.state != SUBMITTED:
        return []
    return [facts.RevisionRejected(model_name=model.name, revision=revision, feedback=feedback)]


def _obstacle(model: Model, state: str, sha256: str, approved_sha256: str) -> str:
    if model.lifecycle == "archived":
        return "the model was archived before the approval arrived"
    if model.quarantined:
        return "the model is quarantined"
    if state != SUBMITTED:
        return f"the revision was {state} before the approval arrived"
    if sha256 != approved_sha256:
        return "the approval was given for other content"
    return ""


def deprecate(model: Model, *, name: str, reason: str, replacement: str, actor: Actor) -> Sequence[Any]:
    require_management(model, name, actor)
    if model.lifecycle == "deprecated":
        return []
    _require(model, {"published"}, "deprecate")
    return [facts.ModelDeprecated(model_name=model.name, reason=reason, replacement=replacement)]


def archive(model: Model, *, name: str, reason: str, actor: Actor) -> Sequence[Any]:
    """A pending submission is withdrawn with it, so that nobody reviews what cannot be published."""
    require_management(model, name, actor)
    if model.lifecycle == "archived":
        return []
    archived = facts.ModelArchived(model_name=model.name, reason=reason)
    if model.pending is None:
        return [archived]
    withdrawn = facts.RevisionWithdrawn(
        model_name=model.name, revision=model.pending.number, reason="the model was archived"
    )
    return [withdrawn, archived]


def restore(model: Model, *, name: str, reason: str, actor: Actor) -> Sequence[Any]:
    require_management(model, name, actor)
    if model.lifecycle == "active":
        return []
    return [facts.ModelRestored(model_name=model.name, reason=reason)]


def quarantine(model: Model, *, name: str, reason: str, actor: Actor) -> Sequence[Any]:
    require_operator(model, name, actor)
    if model.quarantined:
        return []
    return [facts.ModelQuarantined(model_name=model.name, reason=reason)]


def lift_quarantine(model: Model, *, name: str, reason: str, actor: Actor) -> Sequence[Any]:
    require_operator(model, name, actor)
    if not model.quarantined:
        return []
    return [facts.QuarantineLifted(model_name=model.name, reason=reason)]


def feature(model: Model, *, name: str, featured: bool, reason: str, actor: Actor) -> Sequence[Any]:
    require_operator(model, name, actor)
    if model.featured == featured:
        return []
    if featured:
        _require(model, {"published"}, "feature")
    return [facts.FeaturedChanged(model_name=model.name, featured=featured, reason=reason)]


def change_owners(
    model: Model, *, name: str, add: Sequence[str], remove: Sequence[str], reason: str, actor: Actor
) -> Sequence[Any]:
    """Owners are never all removed by an owner; an operator may leave a model without one."""
    require_management(model, name, actor)
    added = tuple(sorted(set(add) - model.owners))
    removed = tuple(sorted(set(remove) & model.owners))
    left = (model.owners - set(removed)) | set(added)
    if not left and not actor.is_operator:
        raise Invalid(
            f"model {model.name}: at least one owner must stay; add another one before you leave",
            details={"errors": [{"path": "/remove", "message": "Would leave the model without an owner."}]},
        )
    if not added and not removed:
        return []
    return [facts.OwnersChanged(model_name=model.name, added=added, removed=removed, reason=reason)]


def change_groups(
    model: Model, *, name: str, add: Sequence[str], remove: Sequence[str], reason: str, actor: Actor
) -> Sequence[Any]:
    require_management(model, name, actor)
    added = tuple(sorted(set(add) - model.groups))
    removed = tuple(sorted(set(remove) & model.groups))
    if not added and not removed:
        return []
    return [facts.GroupsChanged(model_name=model.name, added=added, removed=removed, reason=reason)]


def _require(model: Model, states: set[str], verb: str) -> None:
    if model.state not in states:
        raise WrongModelState(
            f"model {model.name}: expected it {' or '.join(sorted(states))} to {verb} it, found it {model.state}"
        )
