"""Generated keys: where they go on after a restore."""

from __future__ import annotations

from sqlalchemy import Connection, text


def advance_sequence(connection: Connection, table: str, floor: int, *, column: str = "id") -> None:
    """The next generated key of `table` is above `floor` and above every key ever given."""
    if connection.dialect.name == "postgresql":
        _advance_postgresql(connection, table, column, floor)
        return
    current = connection.exec_driver_sql("SELECT seq FROM sqlite_sequence WHERE name = ?", (table,)).scalar()
    if current is None:
        connection.exec_driver_sql("INSERT INTO sqlite_sequence (name, seq) VALUES (?, ?)", (table, floor))
    else:
        connection.exec_driver_sql("UPDATE sqlite_sequence SET seq = ? WHERE name = ?", (max(current, floor), table))


def _advance_postgresql(connection: Connection, table: str, column: str, floor: int) -> None:
    sequence = connection.scalar(
        text("SELECT pg_get_serial_sequence(:table, :column)"), {"table": table, "column": column}
    )
    given, is_called = connection.execute(text(f"SELECT last_value, is_called FROM {sequence}")).one()  # noqa: S608
    highest = connection.scalar(text(f'SELECT coalesce(max("{column}"), 0) FROM "{table}"')) or 0  # noqa: S608
    reached = max(floor, highest, given if is_called else 0)
    # Its value is what was given last; below 1 there is nothing that could have been.
    if reached > 0:
        connection.execute(text("SELECT setval(:sequence, :reached)"), {"sequence": sequence, "reached": reached})
