"""The revision's axis of state as SQL: registry's stage and review's verdict, joined."""

from __future__ import annotations

from sqlalchemy import ColumnElement, Join, and_, case, or_

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
