"""Table `events` and the statements that write it."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Double, Index, Integer, MetaData, Table, Text, UniqueConstraint

METADATA = MetaData()
EVENTS = Table(
    "events",
    METADATA,
    Column("position", BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=True),
    Column("stream", Text, nullable=False),
    Column("version", Integer, nullable=False),
    Column("event_id", Text, nullable=False, unique=True),
    Column("type", Text, nullable=False),
    Column("data", Text, nullable=False),
    Column("causation_id", Text, nullable=False),
    Column("correlation_id", Text, nullable=False),
    Column("actor", Text, nullable=False),
    Column("traceparent", Text, nullable=False),
    Column("mark", Text, nullable=False),
    Column("recorded_at", Double, nullable=False),
    UniqueConstraint("stream", "version"),
    Index("events_causation_id", "causation_id"),
    sqlite_autoincrement=True,
)

COLUMNS = """position, mark, stream, version, event_id, type, data, correlation_id, causation_id, actor, traceparent,
recorded_at"""
# One statement checks the expected version, the gap and the event id, and draws the position.
INSERT = """
INSERT INTO events (stream, version, event_id, type, data, causation_id, correlation_id, actor, traceparent, mark,
                    recorded_at)
SELECT :stream, :expected_version + 1, :event_id, :type, :data, :causation_id, :correlation_id, :actor, :traceparent,
       :mark, :recorded_at
WHERE (SELECT coalesce(max(version), 0) FROM events WHERE stream = :stream) = :expected_version
ON CONFLICT DO NOTHING
RETURNING position
"""
# PostgreSQL's, cheaper to carry out: versions have no gaps, so a stream is at a version where it has that one and not
# the next, which its key sees to.
_WRITTEN = """:event_id, :type, :data, :causation_id, :correlation_id, :actor, :traceparent, :mark, :recorded_at
"""
_INTO = INSERT[: INSERT.index("SELECT")]
INSERT_FIRST = f"{_INTO}VALUES (:stream, :expected_version + 1, {_WRITTEN})\nRETURNING position"
INSERT_NEXT = f"""{_INTO}SELECT stream, version + 1, {_WRITTEN}
FROM events WHERE stream = :stream AND version = :expected_version
RETURNING position"""  # noqa: S608
# What PostgreSQL calls the types of their parameters.
INSERTED = {
    "stream": "text",
    "expected_version": "integer",
    "event_id": "text",
    "type": "text",
    "data": "text",
    "causation_id": "text",
    "correlation_id": "text",
    "actor": "text",
    "traceparent": "text",
    "mark": "text",
    "recorded_at": "double precision",
}
# PostgreSQL: the same for several events. Positions are drawn inside the INSERT, in the order of the events; drawn
# before it, a reader could take the log for complete up to a position that nobody is yet seen to write.
INSERT_MANY = """
INSERT INTO events (stream, version, event_id, type, data, causation_id, correlation_id, actor, traceparent, mark,
                    recorded_at)
SELECT :stream, :expected_version + nth, event_id, type, data, causation_id, correlation_id, actor, traceparent, mark,
       :recorded_at
FROM unnest(CAST(:event_id AS text[]), CAST(:type AS text[]), CAST(:data AS text[]), CAST(:causation_id AS text[]),
            CAST(:correlation_id AS text[]), CAST(:actor AS text[]), CAST(:traceparent AS text[]),
            CAST(:mark AS text[])) WITH ORDINALITY
     AS new (event_id, type, data, causation_id, correlation_id, actor, traceparent, mark, nth)
WHERE (SELECT coalesce(max(version), 0) FROM events WHERE stream = :stream) = :expected_version
ORDER BY nth
RETURNING position
"""


def free(insert: str) -> str:
    """For a transaction that goes on: an error would end it, so where something is taken, no row comes back."""
    return insert.replace("RETURNING", "ON CONFLICT DO NOTHING\nRETURNING")
