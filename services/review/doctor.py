"""Whether review's rows and streams are what its own log and registry's say."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select

from services.review.application import stream_of
from services.review.domain import Reviews, evolve
from services.review.projection import OWNERS
from shared.database import Database
from shared.doctor import (
    Check,
    ReadLog,
    cursor_of,
    differences,
    folded,
    histories,
    parked_check,
    parked_streams,
    read_up_to,
)
from shared.event_store.interface import EventStore, RecordedEvent
from shared.events import registry

ADVICE = "stop the hub and restore a backup"


def examine(database: Database, store: EventStore, read_registry: ReadLog) -> list[Check]:
    """In one snapshot: every stream folded; owners, and a review for each submission, up to review's cursor."""
    faults: list[str] = []
    reviews: dict[str, Reviews] = {}
    events = 0
    with database.read() as connection:
        for history in histories(store, connection):
            faults += history.faults
            events += len(history.events)
            reviews[history.stream] = folded(history, Reviews(), evolve)
        found: dict[str, set[str]] = {}
        for row in connection.execute(select(OWNERS)):
            found.setdefault(row.model_id, set()).add(row.person)
        cursor = cursor_of(connection, "review", "registry")
        waiting = parked_streams(connection, "review", "registry")
        parked = parked_check("review", connection)
    told = [event for event in read_up_to(read_registry, cursor.position) if event.stream not in waiting]
    owners = _owners(told)
    submissions = {
        (event.event.model_name, event.event.revision): event.event.document_sha256
        for event in told
        if isinstance(event.event, registry.ModelSubmitted | registry.ModelUpdated)
    }
    asked = {key: _reviewed(reviews, *key) for key in submissions}
    return [
        Check(subject=f"review: {events} events in {len(reviews)} streams read back", differs=faults),
        Check(
            subject=f"review: owners of {len(owners)} models are what registry's log says",
            differs=differences(owners, found, what="owners of", advice=ADVICE),
        ),
        Check(
            subject=f"review: {len(submissions)} submissions have their reviews",
            differs=differences(submissions, asked, what="review of", advice=ADVICE),
        ),
        parked,
    ]


def _reviewed(reviews: dict[str, Reviews], name: str, revision: int) -> str:
    """The hash of the document that the review is of, empty where nobody was asked for one."""
    item = reviews.get(stream_of(name), Reviews()).items.get(revision)
    return item.document_sha256 if item else ""


def _owners(told: list[RecordedEvent]) -> dict[str, set[str]]:
    owners: dict[str, set[str]] = {}
    for recorded in told:
        event: Any = recorded.event
        match event:
            case registry.OwnersChanged():
                held = owners.setdefault(event.model_name.lower(), set())
                held -= set(event.removed)
                held |= set(event.added)
            case registry.RevisionDrafted() | registry.ModelSubmitted() | registry.ModelUpdated():
                if event.revision == 1:
                    owners.setdefault(event.model_name.lower(), set()).add(event.submitter)
    return {model: people for model, people in owners.items() if people}
