"""States as SQL: the revision's, of registry's stage and review's verdict joined, and whose turn a model is."""

from __future__ import annotations

from sqlalchemy import ColumnElement, Join, and_, case, or_, select

from services.catalog.domain import PULL_REQUEST_NEEDS_A_PERSON
from services.catalog.projection.tables import Tables


def with_verdicts(tables: Tables) -> Join:
    """Revisions, each with its verdict where there is one."""
    revisions, verdicts = tables.revisions, tables.verdicts
    same = and_(verdicts.c.model == revisions.c.model, verdicts.c.revision == revisions.c.revision)
    return revisions.outerjoin(verdicts, same)


def revision_state(tables: Tables) -> ColumnElement[str]:
    """draft, submitted, approved, rejected, withdrawn or superseded, over `with_verdicts`.

    What registry knows of its own stream comes first: review may still be about to hear of it.
    An approval stands as a verdict also where a newer submission came first.
    """
    stage, verdict = tables.revisions.c.stage, tables.verdicts.c.state
    decided = ("approved", "rejected")
    return case(
        (stage == "published", "approved"),
        (stage.in_(("draft", "withdrawn")), stage),
        (verdict.in_(decided), verdict),
        (or_(stage == "superseded", verdict == "superseded"), "superseded"),
        (verdict == "withdrawn", "withdrawn"),
        else_="submitted",
    )


def review_state(tables: Tables) -> ColumnElement[str]:
    """pending, approved, rejected, superseded or withdrawn: the same axis as a review's page names it.

    A verdict that was given is shown whatever happened to the revision afterwards.
    """
    stage, verdict = tables.revisions.c.stage, tables.verdicts.c.state
    return case(
        (verdict != "pending", verdict),
        (stage.in_(("superseded", "withdrawn")), stage),
        (stage == "published", "superseded"),
        else_="pending",
    )


def awaits_owner(tables: Tables) -> ColumnElement[int]:
    """1 where nothing goes on before an owner acts, else 0, over models: `domain.next_step` for an order by it."""
    models, revisions, pulls = tables.models, tables.revisions, tables.pulls
    newest = and_(revisions.c.model == models.c.id, revisions.c.revision == models.c.latest_revision)
    latest = select(revision_state(tables)).select_from(with_verdicts(tables)).where(newest).correlate(models)
    state = latest.scalar_subquery()
    pull = select(pulls.c.state).where(pulls.c.model == models.c.id).correlate(models).scalar_subquery()
    return case(
        (models.c.conflict_revision > 0, 1),
        (models.c.state == "archived", 0),
        (state.in_(("draft", "rejected")), 1),
        (or_(state == "withdrawn", models.c.state == "quarantined"), 0),
        (pull.in_(sorted(PULL_REQUEST_NEEDS_A_PERSON)), 1),
        else_=0,
    )
