"""Every event that names a model or a token's owner either marks models due or is known not to matter."""

from __future__ import annotations

from services.pr_bot.policies import REACTIONS
from shared.events import identity, registry, review

# What changes nothing that upstream should hold.
WITHOUT_EFFECT = {
    registry.RevisionDrafted,
    registry.ImportBlocked,
    registry.GroupsChanged,
    registry.OwnersChanged,
    registry.FeaturedChanged,
    registry.ModelDeprecated,
    review.ReviewRequested,
    review.Approved,
    review.Rejected,  # registry tells when it knows of it
    review.ReviewSuperseded,
    review.ReviewWithdrawn,
    review.ReviewCommented,
    review.ReviewClaimed,
    *(event for event in identity.EVENTS.values() if event is not identity.GitHubTokenChanged),
}


def test_every_event_is_reacted_to_or_known_not_to_matter() -> None:
    known = {*registry.EVENTS.values(), *review.EVENTS.values(), *identity.EVENTS.values()}
    assert REACTIONS.keys() | WITHOUT_EFFECT == known
    assert not REACTIONS.keys() & WITHOUT_EFFECT
