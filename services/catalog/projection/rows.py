"""How handlers write: a row by its key, the sign that a model's pages changed, the timeline."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, Table, func, insert, select, update

from services.catalog.projection.tables import Tables
from shared.event_store.interface import RecordedEvent


def put(connection: Connection, table: Table, key: dict[str, Any], values: dict[str, Any]) -> None:
    """The row of `key` holds `values`; it is made where it is missing."""
    statement = update(table).where(*(table.c[name] == value for name, value in key.items()))
    if values and connection.execute(statement, values).rowcount:
        return
    connection.execute(insert(table), key | values)


def touch(connection: Connection, tables: Tables, model: str) -> None:
    """Something on the model's pages changed: its row gets the highest `seq`."""
    touched = tables.touched
    following = select(func.coalesce(func.max(touched.c.seq), 0) + 1).scalar_subquery()
    changed = connection.execute(update(touched).where(touched.c.model == model).values(seq=following))
    if not changed.rowcount:
        connection.execute(insert(touched).values(model=model, seq=following))


def note(
    connection: Connection,
    tables: Tables,
    recorded: RecordedEvent,
    *,
    source: str,
    why: str = "",
    audience: str = "",
) -> None:
    """One line of the timeline. `audience`: whom it is open to where it concerns no one revision."""
    event = recorded.event
    name = getattr(event, "model_name", "")
    values = {
        "model": name.lower(),
        "name": name,
        "subject": recorded.stream,
        "actor": recorded.metadata.actor,
        "what": type(event).__name__,
        "why": why or _why(event),
        "audience": audience,
        "revision": getattr(event, "revision", 0),
        "at": recorded.recorded_at,
    }
    put(connection, tables.timeline, {"source": source, "position": recorded.position}, values)


def _why(event: Any) -> str:
    for field in ("reason", "feedback", "message", "text"):
        if value := getattr(event, field, ""):
            return str(value)
    return ""
