"""Every route of the gateway: `BLUEPRINTS` of the REST API, `PAGES` for people."""

from __future__ import annotations

from gateway.routes import (
    audit,
    catalogue,
    feed,
    lifecycle,
    me,
    operations,
    reviews,
    revisions,
    session,
    users,
    webhooks,
)
from gateway.routes.pages import PAGES

BLUEPRINTS = (
    catalogue.blueprint,
    revisions.blueprint,
    lifecycle.blueprint,
    reviews.blueprint,
    session.blueprint,
    me.blueprint,
    users.blueprint,
    operations.blueprint,
    audit.blueprint,
    feed.blueprint,
    webhooks.blueprint,
)

__all__ = ["BLUEPRINTS", "PAGES"]
