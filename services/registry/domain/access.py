"""Who may see a model and who may change it; refusals say no more than the asker may know."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from services.registry.domain.state import ENTERPRISE, PUBLIC, Model
from shared.errors import Forbidden, NotFound


class ModelNotFound(NotFound):
    slug = "model-not-found"


class NotOwner(Forbidden):
    slug = "not-owner"


@dataclass(frozen=True, slots=True, kw_only=True)
class Actor:
    """`roles` are effective ones; `groups` opaque ids."""

    id: str
    roles: Collection[str] = ()
    groups: Collection[str] = ()

    @property
    def is_operator(self) -> bool:
        return "operator" in self.roles


def may_see(model: Model, actor: Actor) -> bool:
    """Whether the model's existence may be shown to `actor`."""
    if not model.exists:
        return False
    if actor.is_operator or actor.id in model.owners:
        return True
    if "reviewer" in actor.roles and model.ever_submitted:
        return True
    if not model.published or model.quarantined:
        return False
    if model.visibility == PUBLIC:
        return True
    return model.visibility == ENTERPRISE and not model.groups.isdisjoint(actor.groups)


def require_seen(model: Model, name: str, actor: Actor) -> None:
    """Raises ModelNotFound, the same for a hidden model and for none."""
    if not may_see(model, actor):
        raise ModelNotFound(f"model {name}: there is none that you may see; check the name's spelling")


def require_management(model: Model, name: str, actor: Actor) -> None:
    """Owners, those it is shared with, and operators pass; others are refused."""
    require_seen(model, name, actor)
    if actor.is_operator:
        return
    if actor.id not in model.owners:
        raise NotOwner(f"model {model.name}: only its owners and operators may do this; ask one of them to add you")
    if "maintainer" not in actor.roles:
        raise NotOwner(f"model {model.name}: this needs the maintainer role; request it in the User Center")


def require_operator(model: Model, name: str, actor: Actor) -> None:
    """Only operators pass."""
    require_seen(model, name, actor)
    if not actor.is_operator:
        raise Forbidden(f"model {model.name}: this needs the operator role; ask an operator", slug="not-operator")
