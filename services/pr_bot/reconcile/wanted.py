"""What registry wants upstream of a model, and how that compares with what main holds."""

from __future__ import annotations

from services.pr_bot.upstream.catalogue import Held
from shared import document
from shared.contracts.common import ModelRef, system_caller
from shared.contracts.registry import DesiredState, Registry
from shared.errors import NotFound

IN_CONFLICT = "upstream changed the same fields; merge them in the hub"


def desired_of(registry: Registry, model: str) -> DesiredState:
    """What registry wants upstream; nothing where it knows no such model."""
    try:
        return registry.desired_state(ModelRef(name=model), system_caller("pr_bot"))
    except NotFound:
        return DesiredState(name=model, type="", wanted="nothing", reason="the hub has no such model")


def is_known(desired: DesiredState, held: Held | None) -> bool:
    """Whether registry has taken over what main holds."""
    return _same(held.document if held else "", desired.upstream_document)


def is_there(desired: DesiredState, held: Held | None) -> bool:
    """Whether main holds what is wanted."""
    if desired.wanted == "removed":
        return held is None
    return held is not None and held.type == desired.type and _same(held.document, desired.document)


def there_because(desired: DesiredState) -> str:
    return desired.reason or "the target branch holds this content already"


def other_type(desired: DesiredState, held: Held | None) -> str:
    """Why the name is not the model's upstream, empty where it is."""
    if held is None or held.type == desired.type:
        return ""
    return f"upstream holds this name as {held.type}; an operator decides"


def _same(one: str, other: str) -> bool:
    """Whether two documents hold the same, `updated_at` aside; an empty one equals only itself."""
    if not one or not other:
        return one == other
    return document.same(one, other)
