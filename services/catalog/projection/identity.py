"""Identity's log: lines of the audit, nothing else; people are opaque ids."""

from __future__ import annotations

from dataclasses import fields

from sqlalchemy import Connection

from services.catalog.projection.rows import Rows
from services.catalog.projection.tables import Tables
from shared.applier import GatheringHandlers
from shared.event_store.interface import RecordedEvent
from shared.events import identity as facts

SOURCE = "identity"


class IdentityHandlers:
    """Applies identity's events to one generation's tables."""

    def __init__(self, tables: Tables) -> None:
        self._rows = Rows(tables)

    def by_type(self) -> GatheringHandlers:
        return GatheringHandlers(dict.fromkeys(facts.EVENTS.values(), self.on_any), self._rows.gathering)

    def on_any(self, connection: Connection, recorded: RecordedEvent) -> None:
        """What happened to whom: the stream is the subject, the event's own fields the reason."""
        event = recorded.event
        said = (
            f"{field.name} {_shown(getattr(event, field.name))}"
            for field in fields(event)
            if field.name not in ("user_id", "group_id")
        )
        self._rows.note(connection, recorded, source=SOURCE, why="; ".join(said))


def _shown(value: object) -> str:
    return ", ".join(map(str, value)) if isinstance(value, tuple) else str(value)
