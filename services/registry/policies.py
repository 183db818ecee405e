"""What registry does when others' facts arrive."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from sqlalchemy import Connection

from services.registry.application import Application
from services.registry.domain import publication
from services.registry.domain.upstream import UpstreamContent, import_from_upstream
from shared.event_store.interface import RecordedEvent
from shared.events import pr_bot, review

Reaction = Callable[[Application, Connection, RecordedEvent], None]


def publish_if_still_submitted(application: Application, connection: Connection, recorded: RecordedEvent) -> None:
    """Whenever a revision is approved, then it is published if it still stands."""
    event: review.Approved = recorded.event
    application.publish_approved(
        connection,
        name=event.model_name,
        revision=event.revision,
        document_sha256=event.document_sha256,
        reviewer=event.reviewer,
        event_id=recorded.event_id,
        correlation_id=recorded.metadata.correlation_id,
    )


def note_rejection(application: Application, connection: Connection, recorded: RecordedEvent) -> None:
    """Whenever a revision is rejected, then it waits no longer; its pull request stays a draft until it is revised."""
    event: review.Rejected = recorded.event
    application.react(
        connection,
        event.model_name,
        partial(publication.note_rejection, revision=event.revision, feedback=event.feedback),
        reaction="note-rejection",
        event_id=recorded.event_id,
        correlation_id=recorded.metadata.correlation_id,
    )


def import_or_echo(application: Application, connection: Connection, recorded: RecordedEvent) -> None:
    """Whenever upstream's main changes for a model, then the hub takes it over, or sees its own change come back."""
    event: pr_bot.UpstreamChanged = recorded.event
    content = UpstreamContent(
        name=event.model_name, type=event.model_type, document=event.document, order=event.order, origin=event.commit
    )
    application.react(
        connection,
        event.model_name,
        partial(import_from_upstream, content=content, now=application.now()),
        reaction="import",
        event_id=recorded.event_id,
        correlation_id=recorded.metadata.correlation_id,
    )


REACTIONS: dict[type, Reaction] = {
    review.Approved: publish_if_still_submitted,
    review.Rejected: note_rejection,
    pr_bot.UpstreamChanged: import_or_echo,
}
