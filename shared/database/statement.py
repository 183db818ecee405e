"""Statements that are compiled once and run on the driver."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from hashlib import sha256
from typing import Any

from sqlalchemy import Connection, Dialect, text
from sqlalchemy.engine.interfaces import DBAPICursor
from sqlalchemy.exc import DBAPIError

_VALUES = re.compile(r"VALUES (\([^()]*(?:%\(\w+\)s[^()]*)+\))")
_MARK = re.compile(r"%\(\w+\)s")
_AT_ONCE = 100


class Statement:
    """`sql` with :named parameters, compiled once, run on the driver without SQLAlchemy's work for each call."""

    def __init__(self, sql: str, dialect: Dialect) -> None:
        compiled = text(sql).compile(dialect=dialect)
        self._sql = compiled.string
        self._order: Sequence[str] | None = getattr(compiled, "positiontup", None)

    def all(self, connection: Connection, **values: Any) -> Sequence[Any]:
        """Every row, as tuples; for a statement that returns rows. Errors are SQLAlchemy's."""
        cursor = self._executed(connection, values)
        try:
            return cursor.fetchall()
        except connection.dialect.loaded_dbapi.Error as error:
            raise wrapped(connection, self._sql, error) from error
        finally:
            cursor.close()

    def run(self, connection: Connection, **values: Any) -> int:
        """How many rows a statement that returns none has changed."""
        cursor = self._executed(connection, values)
        changed = cursor.rowcount
        cursor.close()
        return changed

    def each(self, connection: Connection, rows: Sequence[Sequence[Any]]) -> None:
        """An INSERT … VALUES of several rows, their values in the order of the statement's parameters.

        No two may concern the same row of the table.
        """
        cursor = connection.connection.cursor()
        try:
            if self._order is not None:
                cursor.executemany(self._sql, rows)
            else:
                # A trip to the server for many rows; the driver's executemany makes one for each.
                begin, marks, end = _VALUES.split(self._sql, maxsplit=1)
                one = f"({', '.join(['%s'] * len(_MARK.findall(marks)))})"
                for first in range(0, len(rows), _AT_ONCE):
                    page = rows[first : first + _AT_ONCE]
                    values = ", ".join([one] * len(page))
                    cursor.execute(f"{begin}VALUES {values}{end}", [value for row in page for value in row])
        except connection.dialect.loaded_dbapi.Error as error:
            raise wrapped(connection, self._sql, error) from error
        finally:
            cursor.close()

    def _executed(self, connection: Connection, values: dict[str, Any]) -> DBAPICursor:
        return self._run(
            connection, self._sql, values if self._order is None else [values[name] for name in self._order]
        )

    def _run(self, connection: Connection, sql: str, parameters: Any) -> DBAPICursor:
        cursor = connection.connection.cursor()
        try:
            cursor.execute(sql, parameters)
        except connection.dialect.loaded_dbapi.Error as error:
            cursor.close()
            raise wrapped(connection, sql, error) from error
        return cursor


class Prepared(Statement):
    """On PostgreSQL also parsed and planned once for each connection, which is half of what a small one costs there.

    `types` are those of the parameters, as PostgreSQL names them, in any order. Elsewhere a plain statement.
    """

    def __init__(self, sql: str, dialect: Dialect, types: Mapping[str, str]) -> None:
        super().__init__(sql, dialect)
        self._prepare = ""
        if dialect.name == "postgresql":
            self._name = f"hub_{sha256(sql.encode()).hexdigest()[:16]}"
            place = {name: f"${number}" for number, name in enumerate(types, start=1)}
            numbered = re.sub(r"(?<!:):(\w+)", lambda found: place[found[1]], sql)
            self._prepare = f"PREPARE {self._name} ({', '.join(types.values())}) AS {numbered}"
            self._sql = f"EXECUTE {self._name} ({', '.join(['%s'] * len(types))})"
            self._order = list(types)

    def _executed(self, connection: Connection, values: dict[str, Any]) -> DBAPICursor:
        if self._prepare:
            # What is noted there ends with the connection to the server, as the prepared statement does.
            known = connection.connection.info
            if self._name not in known:
                self._run(connection, self._prepare, None).close()
                known[self._name] = True
            return self._run(connection, self._sql, [values[name] for name in self._order or ()])
        return super()._executed(connection, values)


def wrapped(connection: Connection, sql: str, error: Exception) -> BaseException:
    """Parameters stay out of the message: they may be long, and are nobody's business in a log."""
    driver_error = connection.dialect.loaded_dbapi.Error
    return DBAPIError.instance(sql, None, error, driver_error, hide_parameters=True)
