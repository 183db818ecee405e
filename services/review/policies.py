"""What review does when registry's facts arrive."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from sqlalchemy import Connection

from services.review import domain
from services.review.application import Application
from shared.event_store.interface import RecordedEvent
from shared.events import registry
from shared.events.review import ReviewRequested

Reaction = Callable[[Application, Connection, RecordedEvent], None]


def request_review(application: Application, connection: Connection, recorded: RecordedEvent) -> None:
    """Whenever a revision is submitted, then its review is requested, and an older one superseded."""
    event: registry.ModelSubmitted | registry.ModelUpdated = recorded.event
    note_first_owner(application, connection, recorded)
    requested = ReviewRequested(
        model_name=event.model_name,
        model_type=event.model_type,
        revision=event.revision,
        document_sha256=event.document_sha256,
        visibility=event.visibility,
        submitter=event.submitter,
    )
    decide = partial(domain.request_review, requested=requested)
    application.react(connection, event.model_name, decide, reaction="request", cause=recorded)


def withdraw_review(application: Application, connection: Connection, recorded: RecordedEvent) -> None:
    """Whenever a submission is withdrawn, then nobody is asked to review it any more."""
    event: registry.RevisionWithdrawn = recorded.event
    decide = partial(domain.withdraw, revision=event.revision, reason=event.reason)
    application.react(connection, event.model_name, decide, reaction="withdraw", cause=recorded)


def supersede_by_import(application: Application, connection: Connection, recorded: RecordedEvent) -> None:
    """Whenever upstream's content displaces a submission, then its review is superseded."""
    event: registry.ModelImported = recorded.event
    if event.superseded:
        decide = partial(domain.supersede_pending, by_revision=event.revision)
        application.react(connection, event.model_name, decide, reaction="supersede", cause=recorded)


def note_first_owner(application: Application, connection: Connection, recorded: RecordedEvent) -> None:
    """Whoever registers a model owns it."""
    event: registry.RevisionContent = recorded.event
    if event.revision == 1:
        application.owners.change(connection, event.model_name, added=(event.submitter,), removed=())


def note_owners(application: Application, connection: Connection, recorded: RecordedEvent) -> None:
    """Whenever owners change, then review knows whose own model it is."""
    event: registry.OwnersChanged = recorded.event
    application.owners.change(connection, event.model_name, added=event.added, removed=event.removed)


REACTIONS: dict[type, Reaction] = {
    registry.ModelSubmitted: request_review,
    registry.ModelUpdated: request_review,
    registry.RevisionWithdrawn: withdraw_review,
    registry.ModelImported: supersede_by_import,
    registry.RevisionDrafted: note_first_owner,
    registry.OwnersChanged: note_owners,
}
