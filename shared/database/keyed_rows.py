"""Rows found and put by their key, many in one statement."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from sqlalchemy import Boolean, Connection, Dialect, Table

from shared.database.statement import Statement, wrapped

_WORTH_IT = 8
_CHARACTERS = 1_000_000
_FIELDS = """
SELECT attname FROM pg_attribute
WHERE attrelid = CAST(%s AS regclass) AND attnum > 0 AND NOT attisdropped
ORDER BY attnum
"""


class Lookup:
    """Rows of `table` by the values of one column."""

    def __init__(self, table: Table, column: str, dialect: Dialect) -> None:
        self._names = [each.name for each in table.columns]
        self._flags = [each.name for each in table.columns if isinstance(each.type, Boolean)]
        self._is_postgresql = dialect.name == "postgresql"
        found = "= ANY(:values)" if self._is_postgresql else "IN (SELECT value FROM json_each(:values))"
        self._all = Statement(f'SELECT {_listed(self._names)} FROM "{table.name}" WHERE "{column}" {found}', dialect)  # noqa: S608

    def among(self, connection: Connection, values: Iterable[str]) -> Iterator[dict[str, Any]]:
        """Every row whose column has one of `values`."""
        wanted = list(values)
        for values_found in self._all.all(connection, values=wanted if self._is_postgresql else json.dumps(wanted)):
            row = dict(zip(self._names, values_found, strict=True))
            for name in self._flags:
                row[name] = bool(row[name])
            yield row


class Upsert:
    """Rows of `table` by their key; one that is there already is written over, in `columns` alone.

    Without `columns` it stays as it is.
    """

    def __init__(self, table: Table, columns: Sequence[str], dialect: Dialect) -> None:
        key = [column.name for column in table.primary_key]
        names = (*key, *columns)
        into = f'INSERT INTO "{table.name}" ({_listed(names)})'
        kept = ", ".join(f'"{name}" = excluded."{name}"' for name in columns)
        conflict = f"ON CONFLICT ({_listed(key)}) DO {f'UPDATE SET {kept}' if columns else 'NOTHING'}"
        marks = ", ".join(f":{name}" for name in names)
        self._few = Statement(f"{into} VALUES ({marks}) {conflict}", dialect)
        self._table, self._names = table.name, names
        self._many = ""
        self._places: list[int | None] = []
        if dialect.name == "postgresql":
            # The server reads a record's text in half the time that as many constants take it. COPY would take half
            # of that, but a driver that was made green has none.
            self._many = f'{into} SELECT {_listed(names)} FROM unnest(CAST(%s AS "{table.name}"[])) {conflict}'  # noqa: S608

    def each(self, connection: Connection, rows: Sequence[Sequence[Any]]) -> None:
        """Their values are those of the key, then of `columns`. No two may be the same row of the table."""
        if not self._many or len(rows) < _WORTH_IT:
            self._few.each(connection, rows)
            return
        cursor = connection.connection.cursor()
        try:
            if not self._places:
                # A record's fields have no names: they are in the table's own order, whatever the program's is.
                cursor.execute(_FIELDS, (f'"{self._table}"',))
                found = [name for (name,) in cursor.fetchall()]
                self._places = [self._names.index(name) if name in self._names else None for name in found]
            for page in _pages(map(self._record, rows)):
                cursor.execute(self._many, (page,))
        except connection.dialect.loaded_dbapi.Error as error:
            raise wrapped(connection, self._many, error) from error
        finally:
            cursor.close()

    def _record(self, row: Sequence[Any]) -> str:
        """The row as PostgreSQL's text of a record; what is not written is null there."""
        cells = ",".join(["" if place is None else _cell(row[place]) for place in self._places])
        return f"({cells})"


def _listed(names: Sequence[str]) -> str:
    return ", ".join(f'"{name}"' for name in names)


def _pages(records: Iterator[str]) -> Iterator[list[str]]:
    page: list[str] = []
    characters = 0
    for record in records:
        page.append(record)
        characters += len(record)
        if characters > _CHARACTERS:
            yield page
            page, characters = [], 0
    if page:
        yield page


def _cell(value: Any) -> str:
    if isinstance(value, str):
        if '"' in value or "\\" in value:
            value = value.replace("\\", "\\\\").replace('"', '""')
        return f'"{value}"'
    if isinstance(value, bool):
        return "t" if value else "f"
    return "" if value is None else repr(value)
