"""What people hear of when others' facts arrive."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import replace

from sqlalchemy import Connection

from services.identity.application import Application
from services.identity.notifications import News
from shared.event_store.interface import RecordedEvent
from shared.events import pr_bot, registry, review

USER_CENTER = "/user-center#github-token"
Reaction = Callable[[Application, Connection, RecordedEvent], None]


def note_first_owner(application: Application, connection: Connection, recorded: RecordedEvent) -> None:
    """Whoever registers a model hears of it."""
    event: registry.RevisionContent = recorded.event
    if event.revision == 1:
        application.inbox.change_owners(connection, event.model_name, added=[event.submitter], removed=[])


def note_owners(application: Application, connection: Connection, recorded: RecordedEvent) -> None:
    """Whenever owners change, then others hear of the model, and those who joined are told."""
    event: registry.OwnersChanged = recorded.event
    application.inbox.change_owners(connection, event.model_name, added=event.added, removed=event.removed)
    _tell(application, connection, recorded, people=event.added, text=event.reason)


def tell_owners(application: Application, connection: Connection, recorded: RecordedEvent) -> None:
    """Whenever something happens to a model, then its owners hear of it, but for who did it."""
    owners = application.inbox.owners(connection, recorded.event.model_name)
    text = getattr(recorded.event, "reason", "") or getattr(recorded.event, "feedback", "")
    _tell(application, connection, recorded, people=owners, text=text)


def tell_of_pause(application: Application, connection: Connection, recorded: RecordedEvent) -> None:
    """Whenever a pull request stops, then its owners hear of it; of a refused token once, and where to mend it."""
    event: pr_bot.PullRequestPaused = recorded.event
    owners = application.inbox.owners(connection, event.model_name)
    stored = application.rows.github_tokens_of(connection, owners) if event.cause == "token" else {}
    others = [person for person in owners if person not in stored]
    application.inbox.tell(connection, others, _news(recorded, text=event.reason))
    for person, stored_at in stored.items():
        # One token may stop hundreds of pull requests; one that was stored since is not the one that was refused.
        if stored_at <= recorded.recorded_at:
            cause = f"token/{person}/{stored_at}/{event.reason}"
            news = replace(_news(recorded, text=event.reason, path=USER_CENTER), cause=cause)
            application.inbox.tell(connection, [person], news)


def tell_owners_of_comment(application: Application, connection: Connection, recorded: RecordedEvent) -> None:
    """Whenever somebody comments, then the model's owners hear of it."""
    event: review.ReviewCommented = recorded.event
    owners = application.inbox.owners(connection, event.model_name)
    path = f"/models/detail/{event.model_name}/revisions/{event.revision}#comments"
    _tell(application, connection, recorded, people=owners, text=event.text, path=path)


def tell_reviewers(application: Application, connection: Connection, recorded: RecordedEvent) -> None:
    """Whenever a review is requested, then reviewers hear of it."""
    event: review.ReviewRequested = recorded.event
    reviewers = set(application.rows.with_role(connection, "reviewer")) - {event.submitter}
    _tell(
        application,
        connection,
        recorded,
        people=reviewers,
        text="",
        path=f"/reviews/{event.model_name}/{event.revision}",
    )


def tell_operators(application: Application, connection: Connection, recorded: RecordedEvent) -> None:
    """Whenever upstream and the hub disagree about a name, then operators and owners hear of it."""
    event: registry.ImportBlocked | registry.RemovedUpstream = recorded.event
    people = set(application.rows.with_role(connection, "operator"))
    people |= set(application.inbox.owners(connection, event.model_name))
    _tell(application, connection, recorded, people=people, text=getattr(event, "reason", ""))


def _tell(
    application: Application,
    connection: Connection,
    recorded: RecordedEvent,
    *,
    people: Collection[str],
    text: str,
    path: str = "",
) -> None:
    others = [person for person in people if person != recorded.metadata.actor]
    application.inbox.tell(connection, others, _news(recorded, text=text, path=path))


def _news(recorded: RecordedEvent, *, text: str, path: str = "") -> News:
    event = recorded.event
    return News(
        kind=type(event).__name__,
        cause=recorded.event_id,
        model_name=event.model_name,
        revision=getattr(event, "revision", 0),
        text=text,
        path=path or f"/models/detail/{event.model_name}",
        at=recorded.recorded_at,
    )


REACTIONS: dict[type, Reaction] = {
    registry.RevisionDrafted: note_first_owner,
    registry.ModelSubmitted: note_first_owner,
    registry.OwnersChanged: note_owners,
    registry.ModelPublished: tell_owners,
    registry.PublicationSkipped: tell_owners,
    registry.MergeConflicted: tell_owners,
    registry.ModelQuarantined: tell_owners,
    registry.ImportBlocked: tell_operators,
    registry.RemovedUpstream: tell_operators,
    review.ReviewRequested: tell_reviewers,
    review.Rejected: tell_owners,
    review.Approved: tell_owners,
    review.ReviewCommented: tell_owners_of_comment,
    pr_bot.PullRequestMerged: tell_owners,
    pr_bot.PullRequestClosed: tell_owners,
    pr_bot.PullRequestPaused: tell_of_pause,
}
