"""How handlers write: rows by their key, the sign that a model's pages changed, the timeline.

Statements are compiled once and run on the driver: what SQLAlchemy does for each call costs ten
times the statement, and a rebuild runs hundreds of thousands.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from sqlalchemy import Boolean, Connection, Table

from services.catalog.projection.tables import Tables
from shared.database import Statement
from shared.event_store.interface import RecordedEvent

OWN_REVIEW = "own submission (HUB_SELF_REVIEW)"


class Rows:
    """Writes to one generation's tables."""

    def __init__(self, tables: Tables) -> None:
        self.tables = tables
        self._statements: dict[tuple[str, ...], Statement] = {}
        self._touch = (
            f'INSERT INTO "{tables.touched.name}" (model, seq) '  # noqa: S608
            f'VALUES (:model, (SELECT coalesce(max(seq), 0) + 1 FROM "{tables.touched.name}")) '
            "ON CONFLICT (model) DO UPDATE SET seq = excluded.seq"
        )

    def get(self, connection: Connection, table: Table, key: Mapping[str, Any]) -> dict[str, Any] | None:
        """The row of `key`."""

        def sql() -> str:
            columns = ", ".join(f'"{column.name}"' for column in table.columns)
            return f'SELECT {columns} FROM "{table.name}" WHERE {_equal(key)}'  # noqa: S608

        found = self._statement(connection, ("get", table.name, *key), sql).all(connection, **key)
        if not found:
            return None
        return {
            column.name: bool(value) if isinstance(column.type, Boolean) else value
            for column, value in zip(table.columns, found[0], strict=True)
        }

    def put(self, connection: Connection, table: Table, key: Mapping[str, Any], values: Mapping[str, Any]) -> None:
        """The row of `key` holds `values`; it is made where it is missing."""

        def sql() -> str:
            columns = ", ".join(f'"{name}"' for name in (*key, *values))
            marks = ", ".join(f":{name}" for name in (*key, *values))
            conflict = ", ".join(f'"{name}"' for name in key)
            kept = ", ".join(f'"{name}" = excluded."{name}"' for name in values)
            action = f"UPDATE SET {kept}" if values else "NOTHING"
            return f'INSERT INTO "{table.name}" ({columns}) VALUES ({marks}) ON CONFLICT ({conflict}) DO {action}'  # noqa: S608

        statement = self._statement(connection, ("put", table.name, *key, *values), sql)
        statement.run(connection, **key, **values)

    def change(self, connection: Connection, table: Table, key: Mapping[str, Any], values: Mapping[str, Any]) -> None:
        """The row of `key` holds `values` where there is one."""

        def sql() -> str:
            kept = ", ".join(f'"{name}" = :{name}' for name in values)
            return f'UPDATE "{table.name}" SET {kept} WHERE {_equal(key)}'  # noqa: S608

        statement = self._statement(connection, ("change", table.name, *key, *values), sql)
        statement.run(connection, **key, **values)

    def remove(self, connection: Connection, table: Table, key: Mapping[str, Any]) -> None:
        """There is no row of `key`."""

        def sql() -> str:
            return f'DELETE FROM "{table.name}" WHERE {_equal(key)}'  # noqa: S608

        self._statement(connection, ("remove", table.name, *key), sql).run(connection, **key)

    def touch(self, connection: Connection, model: str) -> None:
        """Something on the model's pages changed: its row gets the highest `seq`."""
        self._statement(connection, ("touch",), lambda: self._touch).run(connection, model=model)

    def note(
        self, connection: Connection, recorded: RecordedEvent, *, source: str, why: str = "", audience: str = ""
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
        self.put(connection, self.tables.timeline, {"source": source, "position": recorded.position}, values)

    def _statement(self, connection: Connection, kind: tuple[str, ...], sql: Callable[[], str]) -> Statement:
        if kind not in self._statements:
            self._statements[kind] = Statement(sql(), connection.dialect)
        return self._statements[kind]


def _equal(names: Iterable[str]) -> str:
    return " AND ".join(f'"{name}" = :{name}' for name in names)


def _why(event: Any) -> str:
    told = _told(event)
    if not getattr(event, "self_review", False):
        return told
    return f"{OWN_REVIEW}: {told}" if told else OWN_REVIEW


def _told(event: Any) -> str:
    for field in ("reason", "feedback", "message", "text"):
        if value := getattr(event, field, ""):
            return str(value)
    return ""
