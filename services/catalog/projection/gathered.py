"""What a batch of events leaves behind in the tables, written once it is whole.

A statement for each row of each event is what a rebuild would spend its time on, waiting for the database.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from operator import itemgetter
from typing import Any

from sqlalchemy import Boolean, Column, Double, Table, Text

Key = tuple[Any, ...]


class Shape:
    """What is asked of a table for every row: SQLAlchemy's answers cost more than the row."""

    def __init__(self, table: Table) -> None:
        self.table = table
        self.key = tuple(column.name for column in table.primary_key)
        self.defaults = {column.name: _default(column) for column in table.columns}

    def in_order(self, columns: Collection[str]) -> tuple[str, ...]:
        """As the table has them."""
        return tuple(name for name in self.defaults if name in columns)

    def key_of(self, row: Mapping[str, Any]) -> Key:
        return tuple([row[name] for name in self.key])


class Shapes(dict[Table, Shape]):
    """Made when they are first asked for."""

    def __missing__(self, table: Table) -> Shape:
        shape = self[table] = Shape(table)
        return shape


@dataclass(slots=True)
class Row:
    """`stored` is what the database holds, None for nothing, where `is_loaded`; `written` goes over it."""

    shape: Shape
    key: Key
    is_loaded: bool = False
    stored: Mapping[str, Any] | None = None
    is_put: bool = False
    written: dict[str, Any] = field(default_factory=dict)

    @property
    def exists(self) -> bool:
        """For one that is loaded or put."""
        return self.is_put or self.stored is not None

    def whole(self) -> dict[str, Any]:
        """As the database would answer it."""
        return {
            **(self.stored or self.shape.defaults),
            **dict(zip(self.shape.key, self.key, strict=True)),
            **self.written,
        }


class Gathered:
    """Rows by table and key, as this batch has read and written them."""

    def __init__(self, shapes: Shapes) -> None:
        self._shapes = shapes
        self._rows: dict[Table, dict[Key, Row]] = {}
        self._complete: dict[Table, tuple[str, Collection[Any]]] = {}
        self.touched: dict[str, None] = {}

    def note_loaded(self, table: Table, column: str, values: Collection[Any], rows: Iterable[dict[str, Any]]) -> None:
        """`rows` are all whose `column` has one of `values`: none of them is asked for again."""
        for found in rows:
            row = self.row(table, found)
            row.is_loaded, row.stored = True, found
        self._complete[table] = (column, values)

    def row(self, table: Table, key: Mapping[str, Any]) -> Row:
        """The row of `key`, not loaded where it was not met before."""
        rows = self._rows.get(table)
        if rows is None:
            rows = self._rows[table] = {}
        shape = self._shapes[table]
        values = shape.key_of(key)
        if (row := rows.get(values)) is None:
            row = rows[values] = Row(shape, values)
            column, complete = self._complete.get(table, ("", ()))
            row.is_loaded = key.get(column) in complete
        return row

    def touch(self, model: str) -> None:
        self.touched.pop(model, None)
        self.touched[model] = None

    def written(self) -> Iterator[tuple[Table, tuple[str, ...], Sequence[Sequence[Any]]]]:
        """(table, the columns besides its key, rows) to be put; those of one table that have the same columns.

        A row is the values of its key, then of the columns.
        """
        for table, rows in self._rows.items():
            alike: dict[tuple[str, ...], list[Row]] = {}
            for row in rows.values():
                if row.is_put:
                    alike.setdefault(tuple(row.written), []).append(row)
            found: dict[tuple[str, ...], list[Row]] = {}
            for columns, written in alike.items():
                found.setdefault(self._shapes[table].in_order(columns), []).extend(written)
            for columns, written in found.items():
                yield table, columns, _values(columns, written)


def _values(columns: Sequence[str], rows: Iterable[Row]) -> list[Sequence[Any]]:
    if len(columns) < 2:
        # itemgetter answers one value as it is, and cannot get none.
        return [(*row.key, *row.written.values()) for row in rows]
    get = itemgetter(*columns)
    return [row.key + get(row.written) for row in rows]


def _default(column: Column[Any]) -> Any:
    if isinstance(column.type, Boolean):
        return False
    if isinstance(column.type, Text):
        return ""
    return 0.0 if isinstance(column.type, Double) else 0
