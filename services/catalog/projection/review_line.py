"""What waits for a verdict, the longest waiting first: who comes before and after a place in that line."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, and_, func, select, tuple_

from services.catalog.projection.states import review_state, with_verdicts
from services.catalog.projection.tables import Tables

Place = tuple[float, str, int]
"""(asked for at, model, revision), in whose order they wait."""


class ReviewLine:
    """One generation's line as one snapshot has it."""

    def __init__(self, tables: Tables, connection: Connection) -> None:
        self._tables = tables
        self._connection = connection
        revisions, verdicts = tables.revisions, tables.verdicts
        self._key = (verdicts.c.requested_at, revisions.c.model, revisions.c.revision)
        self._from = with_verdicts(tables).join(tables.models, tables.models.c.id == revisions.c.model)
        self._waits = and_(verdicts.c.state == "pending", review_state(tables) == "pending")

    def asked_at(self, model: str, revision: int) -> float | None:
        """When its review was asked for, None where review has not heard of it yet."""
        verdicts = self._tables.verdicts
        query = select(verdicts.c.requested_at).where(verdicts.c.model == model, verdicts.c.revision == revision)
        found: float | None = self._connection.scalar(query)
        return found

    def before(self, place: Place) -> tuple[str, int] | None:
        """(name, revision) of the last one before it."""
        return self._first(self._named(self._is_before(place)).order_by(*(column.desc() for column in self._key)))

    def after(self, place: Place | None) -> tuple[str, int] | None:
        """The first one after it, or of all."""
        query = self._named(self._waits if place is None else tuple_(*self._key) > tuple_(*place))
        return self._first(query.order_by(*self._key))

    def count(self, *, before: Place | None = None) -> int:
        query = select(func.count()).select_from(self._from).where(self._waits)
        return self._connection.scalar(query if before is None else query.where(self._is_before(before))) or 0

    def _is_before(self, place: Place) -> ColumnElement[bool]:
        return tuple_(*self._key) < tuple_(*place)

    def _named(self, condition: ColumnElement[bool]) -> Select[Any]:
        columns = select(self._tables.models.c.name, self._tables.revisions.c.revision)
        return columns.select_from(self._from).where(self._waits, condition)

    def _first(self, query: Select[Any]) -> tuple[str, int] | None:
        row = self._connection.execute(query.limit(1)).first()
        return (row[0], row[1]) if row else None
