"""How handlers write: rows by their key, the sign that a model's pages changed, the timeline.

What a batch of events writes is gathered, and put once it is whole. Statements are compiled once and
run on the driver: what SQLAlchemy does for each call costs ten times the statement.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Boolean, Connection, Table

from services.catalog.projection.gathered import Gathered, Row, Shapes
from services.catalog.projection.tables import Tables
from shared.database import Lookup, Statement, Upsert
from shared.event_store.interface import RecordedEvent

OWN_REVIEW = "own submission (HUB_SELF_REVIEW)"


class Rows:
    """Writes to one generation's tables, inside `gathering` alone. One batch at a time."""

    def __init__(self, tables: Tables, *, read: Sequence[tuple[Table, str]] = ()) -> None:
        """`read` are the tables whose rows handlers look at, each with its column for the model."""
        self.tables = tables
        self._read = read
        self._statements: dict[tuple[str, ...], Statement] = {}
        self._lookups: dict[tuple[str, ...], Lookup] = {}
        self._upserts: dict[tuple[str, ...], Upsert] = {}
        self._shapes = Shapes()
        self._gathered = Gathered(self._shapes)

    @contextmanager
    def gathering(self, connection: Connection, events: Sequence[RecordedEvent]) -> Iterator[None]:
        """What handlers write of these events is in the tables when the block ends well."""
        self._gathered = Gathered(self._shapes)
        if len(events) > 1:
            models = {name.lower() for each in events if (name := getattr(each.event, "model_name", ""))}
            for table, column in self._read:
                found = self._lookup(connection, table, column).among(connection, models)
                self._gathered.note_loaded(table, column, models, found)
        yield
        self._put_all(connection)
        self._gathered = Gathered(self._shapes)

    def get(self, connection: Connection, table: Table, key: Mapping[str, Any]) -> dict[str, Any] | None:
        """The row of `key`."""
        row = self._loaded(connection, table, key)
        return row.whole() if row.exists else None

    def put(self, connection: Connection, table: Table, key: Mapping[str, Any], values: Mapping[str, Any]) -> None:
        """The row of `key` holds `values`; it is made where it is missing."""
        row = self._gathered.row(table, key)
        row.is_put = True
        row.written.update(values)

    def change(self, connection: Connection, table: Table, key: Mapping[str, Any], values: Mapping[str, Any]) -> None:
        """The row of `key` holds `values` where there is one."""
        row = self._gathered.row(table, key)
        if row.is_put or self._loaded(connection, table, key).exists:
            row.is_put = True
            row.written.update(values)

    def remove(self, connection: Connection, table: Table, key: Mapping[str, Any]) -> None:
        """There is no row of `key`."""

        def sql() -> str:
            return f'DELETE FROM "{table.name}" WHERE {_equal(key)}'  # noqa: S608

        self._statement(connection, ("remove", table.name, *key), sql).run(connection, **key)
        row = self._gathered.row(table, key)
        row.is_loaded, row.stored, row.is_put = True, None, False
        row.written.clear()

    def touch(self, connection: Connection, model: str) -> None:
        """Something on the model's pages changed: its row gets the highest `seq`."""
        self._gathered.touch(model)

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

    def _loaded(self, connection: Connection, table: Table, key: Mapping[str, Any]) -> Row:
        row = self._gathered.row(table, key)
        if not row.is_loaded:
            row.is_loaded, row.stored = True, self._stored(connection, table, key)
        return row

    def _stored(self, connection: Connection, table: Table, key: Mapping[str, Any]) -> dict[str, Any] | None:
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

    def _put_all(self, connection: Connection) -> None:
        if self._gathered.touched:
            newest = self._statement(
                connection,
                ("newest",),
                lambda: f'SELECT coalesce(max(seq), 0) FROM "{self.tables.touched.name}"',  # noqa: S608
            ).all(connection)[0][0]
            for seq, model in enumerate(self._gathered.touched, start=newest + 1):
                self.put(connection, self.tables.touched, {"model": model}, {"seq": seq})
        for table, columns, rows in self._gathered.written():
            kind = (table.name, *columns)
            if kind not in self._upserts:
                self._upserts[kind] = Upsert(table, columns, connection.dialect)
            self._upserts[kind].each(connection, rows)

    def _lookup(self, connection: Connection, table: Table, column: str) -> Lookup:
        kind = (table.name, column)
        if kind not in self._lookups:
            self._lookups[kind] = Lookup(table, column, connection.dialect)
        return self._lookups[kind]

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
