"""How far a service's log is published: one row in its own database, which the relay alone moves."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Connection, Integer, MetaData, Table, Text, select

METADATA = MetaData()
# `position` and `mark` of the last event that the broker confirmed; 0 and empty before the first.
RELAY = Table(
    "relay",
    METADATA,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("position", BigInteger, nullable=False),
    Column("mark", Text, nullable=False),
)


def published_position(connection: Connection) -> int:
    """The position of the last event that was published; 0 before the first."""
    return connection.scalar(select(RELAY.c.position).where(RELAY.c.id == 1)) or 0
