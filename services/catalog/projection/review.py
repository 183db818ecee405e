"""Review's log: verdicts and comments."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection

from services.catalog.projection.rows import Rows
from services.catalog.projection.tables import Tables
from shared.applier import GatheringHandlers
from shared.event_store.interface import RecordedEvent
from shared.events import review as facts

SOURCE = "review"


class ReviewHandlers:
    """Applies review's events to one generation's tables."""

    def __init__(self, tables: Tables) -> None:
        self._tables = tables
        self._rows = Rows(tables)

    def by_type(self) -> GatheringHandlers:
        handlers = {
            facts.ReviewRequested: self.on_review_requested,
            facts.Approved: self.on_decided,
            facts.Rejected: self.on_decided,
            facts.ReviewSuperseded: self.on_review_superseded,
            facts.ReviewWithdrawn: self.on_review_withdrawn,
            facts.ReviewClaimed: self.on_review_claimed,
            facts.ReviewCommented: self.on_review_commented,
        }
        return GatheringHandlers(handlers, self._rows.gathering)

    def on_review_requested(self, connection: Connection, recorded: RecordedEvent) -> None:
        values = {
            "state": "pending",
            "submitter": recorded.event.submitter,
            "reviewer": "",
            "feedback": "",
            "requested_at": recorded.recorded_at,
        }
        self._write(connection, recorded, values)

    def on_decided(self, connection: Connection, recorded: RecordedEvent) -> None:
        event = recorded.event
        values = {
            "state": "approved" if isinstance(event, facts.Approved) else "rejected",
            "reviewer": event.reviewer,
            "feedback": event.feedback,
            "decided_at": recorded.recorded_at,
        }
        self._write(connection, recorded, values)

    def on_review_superseded(self, connection: Connection, recorded: RecordedEvent) -> None:
        self._write(connection, recorded, {"state": "superseded", "decided_at": recorded.recorded_at})

    def on_review_withdrawn(self, connection: Connection, recorded: RecordedEvent) -> None:
        self._write(connection, recorded, {"state": "withdrawn", "decided_at": recorded.recorded_at})

    def on_review_claimed(self, connection: Connection, recorded: RecordedEvent) -> None:
        self._write(connection, recorded, {"claimed_by": recorded.event.reviewer})

    def on_review_commented(self, connection: Connection, recorded: RecordedEvent) -> None:
        event = recorded.event
        values = {
            "model": event.model_name.lower(),
            "author": event.author,
            "text": event.text,
            "path": event.path,
            "revision": event.revision,
            "line": event.line,
            "side": event.side,
            "against": event.against,
            "at": recorded.recorded_at,
        }
        self._rows.put(connection, self._tables.comments, {"position": recorded.position}, values)
        self._write(connection, recorded, {})

    def _write(self, connection: Connection, recorded: RecordedEvent, values: dict[str, Any]) -> None:
        event = recorded.event
        key = {"model": event.model_name.lower(), "revision": event.revision}
        if values:
            self._rows.put(connection, self._tables.verdicts, key, values)
        self._rows.note(connection, recorded, source=SOURCE)
        self._rows.touch(connection, key["model"])
