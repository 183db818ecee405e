"""What a batch of events leaves behind in the tables, written once it is whole.

A statement for each row of each event is what a rebuild would spend its time on, waiting for the database.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Boolean, Column, Connection, Double, Table, Text, select

Key = tuple[Any, ...]


@dataclass(slots=True)
class Row:
    """`stored` is what the database holds, None for nothing, where `is_loaded`; `written` goes over it."""

    key: Mapping[str, Any]
    is_loaded: bool = False
    stored: Mapping[str, Any] | None = None
    is_put: bool = False
    written: dict[str, Any] = field(default_factory=dict)

    @property
    def exists(self) -> bool:
        """For one that is loaded or put."""
        return self.is_put or self.stored is not None


class Gathered:
    """Rows by table and key, as this batch has read and written them."""

    def __init__(self) -> None:
        self._rows: dict[str, dict[Key, Row]] = {}
        self._tables: dict[str, Table] = {}
        self._complete: dict[str, tuple[str, Collection[Any]]] = {}
        self.touched: dict[str, None] = {}

    def load(self, connection: Connection, table: Table, column: str, values: Collection[Any]) -> None:
        """Every row whose `column` has one of `values`: none of them is asked for again."""
        for found in connection.execute(select(table).where(table.c[column].in_(list(values)))).mappings():
            row = self.row(table, {name.name: found[name.name] for name in table.primary_key})
            row.is_loaded, row.stored = True, dict(found)
        self._complete[table.name] = (column, set(values))

    def row(self, table: Table, key: Mapping[str, Any]) -> Row:
        """The row of `key`, not loaded where it was not met before."""
        rows = self._rows.setdefault(table.name, {})
        self._tables[table.name] = table
        values = tuple(key[column.name] for column in table.primary_key)
        if (row := rows.get(values)) is None:
            row = rows[values] = Row(dict(key))
            column, complete = self._complete.get(table.name, ("", ()))
            row.is_loaded = key.get(column) in complete
        return row

    def touch(self, model: str) -> None:
        self.touched.pop(model, None)
        self.touched[model] = None

    def written(self) -> Iterator[tuple[Table, tuple[str, ...], Sequence[Mapping[str, Any]]]]:
        """(table, the columns besides its key, rows) to be put; those of one table that have the same columns."""
        for name, rows in self._rows.items():
            alike: dict[tuple[str, ...], list[Mapping[str, Any]]] = {}
            for row in rows.values():
                if row.is_put:
                    alike.setdefault(tuple(sorted(row.written)), []).append({**row.key, **row.written})
            for columns, found in alike.items():
                yield self._tables[name], columns, found


def whole(table: Table, row: Row) -> dict[str, Any]:
    """As the database would answer it."""
    stored = row.stored or {column.name: _default(column) for column in table.columns}
    return {**stored, **row.key, **row.written}


def _default(column: Column[Any]) -> Any:
    if isinstance(column.type, Boolean):
        return False
    if isinstance(column.type, Text):
        return ""
    return 0.0 if isinstance(column.type, Double) else 0
