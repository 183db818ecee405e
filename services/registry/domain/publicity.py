"""Which of a model's events anyone may read: those after which it is published for everyone."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from services.registry.domain.state import PRIVATE, PUBLIC
from shared.events import registry as facts


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """As much of a model as decides who may know of it. `visibility` is that of what is published."""

    published: bool = False
    visibility: str = PRIVATE
    quarantined: bool = False


def evolve(standing: Standing, event: Any) -> Standing:
    """The standing after `event`; most events change nothing."""
    match event:
        case facts.ModelPublished() | facts.ModelImported():
            return replace(standing, published=True, visibility=event.visibility)
        case facts.VisibilityNarrowed():
            return replace(standing, visibility=event.visibility)
        case facts.ModelQuarantined():
            return replace(standing, quarantined=True)
        case facts.QuarantineLifted():
            return replace(standing, quarantined=False)
        case _:
            return standing


def tells(standing: Standing, event: Any) -> bool:
    """A draft is its owner's, and a submission for fewer than everyone is theirs, also where the model is public.

    What a reviewer answers is told by nobody: it may be of such a submission.
    """
    if isinstance(event, facts.RevisionDrafted | facts.ImportBlocked | facts.RevisionRejected):
        return False
    if isinstance(event, facts.RevisionContent) and event.visibility != PUBLIC:
        return False
    return standing.published and standing.visibility == PUBLIC and not standing.quarantined
