"""The catalog's read model: four logs, each writing tables of its own; pages join them.

So the order in which the logs arrive beside each other changes no page.
"""

from __future__ import annotations

from collections.abc import Mapping

from services.catalog.projection import identity, pr_bot, registry, review
from services.catalog.projection.tables import Tables
from shared.applier import Handler

PROJECTION_VERSION = 7
"""To be raised with every change of the tables or of what the handlers write: the next start builds them anew."""

SOURCES = (registry.SOURCE, review.SOURCE, pr_bot.SOURCE, identity.SOURCE)


def handlers(tables: Tables) -> Mapping[str, Mapping[type, Handler]]:
    """{source: {event class: handler}} for one generation's tables."""
    return {
        registry.SOURCE: registry.RegistryHandlers(tables).by_type(),
        review.SOURCE: review.ReviewHandlers(tables).by_type(),
        pr_bot.SOURCE: pr_bot.PullRequestHandlers(tables).by_type(),
        identity.SOURCE: identity.IdentityHandlers(tables).by_type(),
    }
