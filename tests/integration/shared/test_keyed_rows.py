"""Many rows by their key: what is put is what is found, on both databases, however many there are."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import BigInteger, Boolean, Column, Double, Integer, MetaData, Table, Text, select

from shared.database import Database, Lookup, Upsert
from tests.support.servers import postgresql

TABLE = Table(
    "kept",
    MetaData(),
    Column("text", Text, nullable=False, server_default=""),
    Column("id", Text, primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("large", BigInteger, nullable=False, server_default="0"),
    Column("flag", Boolean, nullable=False, server_default="0"),
    Column("moment", Double, nullable=False, server_default="0"),
    Column("perhaps", Text),
)
TEXTS = (
    *("", " ", "NULL", '"', '""', "\\", '\\"', "\\n", "a\nb", "\r\n", "\t", ",", "(", ")", "(,)", "{}", "}", "'", "''"),
    *("%", "%s", "%(id)s", ":id", "$1", "\x1f", "ß漢🙂", '{"a": "\\u0041 \\"b\\""}', "E'\\\\'", "long " * 100_000),
)


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    with ExitStack() as stack:
        url = f"sqlite:///{tmp_path / 'kept.db'}"
        if request.param == "postgresql":
            url = stack.enter_context(postgresql().database())
        made = Database(url)
        stack.callback(made.close)
        made.create_at_once(TABLE.metadata)
        yield made


@pytest.mark.parametrize("times", [1, 3])
def test_text_and_numbers_come_back_as_they_were_put(database: Database, times: int) -> None:
    columns = ("text", "large", "flag", "moment", "perhaps")
    rows: list[Any] = [
        (text[:200], number, text, 2**53 - number, bool(number % 2), 0.1 + number / 3, None if number % 2 else text)
        for number, text in enumerate(TEXTS * times)
    ]
    _put(database, columns, rows)
    assert _all(database) == _ordered((text, key, number, *rest) for key, number, text, *rest in rows)


@pytest.mark.parametrize("count", [1, 100])
def test_what_is_there_is_written_over_in_the_columns_given_alone(database: Database, count: int) -> None:
    _put(database, ("text", "large"), [("a", number, "first", 1) for number in range(count)])
    _put(database, ("large",), [("a", number, 2) for number in range(count + 1)])
    expected = [("first", "a", number, 2, False, 0.0, None) for number in range(count)]
    assert _all(database) == _ordered([*expected, ("", "a", count, 2, False, 0.0, None)])


@pytest.mark.parametrize("count", [1, 100])
def test_without_columns_what_is_there_stays(database: Database, count: int) -> None:
    _put(database, ("text",), [("a", 0, "first")])
    _put(database, (), [("a", number) for number in range(count + 1)])
    assert [row[0] for row in _all(database)] == [""] * count + ["first"]


def test_a_lookup_finds_every_row_with_one_of_the_values_and_no_other(database: Database) -> None:
    _put(database, ("flag",), [(text, number, bool(number)) for text in ("a", 'b"', "c") for number in range(2)])
    lookup = Lookup(TABLE, "id", database.dialect)
    with database.read() as connection:
        found = list(lookup.among(connection, {"a", 'b"', "nothing"}))
        assert list(lookup.among(connection, ())) == []
    assert sorted((row["id"], row["number"], row["flag"]) for row in found) == [
        *(("a", 0, False), ("a", 1, True)),
        *(('b"', 0, False), ('b"', 1, True)),
    ]
    assert all(type(row["flag"]) is bool for row in found)


def test_the_tables_own_order_of_columns_counts(database: Database) -> None:
    """As after a migration: columns went, others came behind, and some the program does not know."""
    with database.write() as connection:
        connection.exec_driver_sql("ALTER TABLE kept DROP COLUMN text")
        connection.exec_driver_sql("ALTER TABLE kept ADD COLUMN unknown text DEFAULT 'as it was'")
        connection.exec_driver_sql("ALTER TABLE kept ADD COLUMN text text DEFAULT ''")
    _put(database, ("text", "perhaps"), [("a", number, "text", "perhaps") for number in range(100)])
    assert {(row[0], row[-1]) for row in _all(database)} == {("text", "perhaps")}
    with database.read() as connection:
        assert set(connection.exec_driver_sql("SELECT unknown FROM kept").scalars()) == {"as it was"}


def _put(database: Database, columns: tuple[str, ...], rows: list[Any]) -> None:
    with database.write() as connection:
        Upsert(TABLE, columns, database.dialect).each(connection, rows)


def _all(database: Database) -> list[Any]:
    with database.read() as connection:
        return _ordered(connection.execute(select(TABLE)))


def _ordered(rows: Iterable[Any]) -> list[tuple[Any, ...]]:
    return sorted(map(tuple, rows), key=str)
