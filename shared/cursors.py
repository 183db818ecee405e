"""Where a subscriber stands in a source's log, and the streams it has parked, in its own database.

Every row carries a generation, so that a projection can be built anew beside the served one.
"""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import BigInteger, Column, Connection, Double, Integer, MetaData, Table, Text, UniqueConstraint

from shared.database import Database, Statement
from shared.errors import HubError
from shared.event_store.interface import RecordedEvent

METADATA = MetaData()
_POSITION = BigInteger().with_variant(Integer, "sqlite")
CURSORS = Table(
    "cursors",
    METADATA,
    Column("subscriber", Text, primary_key=True),
    Column("source", Text, primary_key=True),
    Column("generation", Integer, primary_key=True),
    Column("position", _POSITION, nullable=False),
    Column("mark", Text, nullable=False),
)
PARKED = Table(
    "parked",
    METADATA,
    Column("id", _POSITION, primary_key=True, autoincrement=True),
    Column("subscriber", Text, nullable=False),
    Column("source", Text, nullable=False),
    Column("generation", Integer, nullable=False),
    Column("stream", Text, nullable=False),
    Column("position", _POSITION, nullable=False),
    Column("before_position", _POSITION, nullable=False),
    Column("before_mark", Text, nullable=False),
    Column("error", Text, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("parked_at", Double, nullable=False),
    UniqueConstraint("subscriber", "source", "generation", "stream"),
    sqlite_autoincrement=True,
)


class GenerationDropped(HubError):
    """The cursor was deleted: another generation has taken this one's place."""

    slug = "generation-dropped"


@dataclass(frozen=True, slots=True)
class Cursor:
    """The last row applied; `mark` is None before the first."""

    position: int = 0
    mark: str | None = None

    @staticmethod
    def at(event: RecordedEvent) -> Cursor:
        return Cursor(event.position, event.mark)


START = Cursor()


@dataclass(frozen=True, slots=True, kw_only=True)
class Parked:
    """A stream that waits behind the event at `position`; `before` is the row of the log before it."""

    id: int
    stream: str
    position: int
    before: Cursor
    error: str
    attempts: int
    parked_at: float


class Cursors:
    """The rows of one subscriber, source and generation. Whoever passes a connection commits."""

    def __init__(self, database: Database, *, subscriber: str, source: str, generation: int) -> None:
        self._database = database
        self.subscriber = subscriber
        self._key = {"subscriber": subscriber, "source": source, "generation": generation}
        database.create(METADATA)
        mine = "subscriber = :subscriber AND source = :source AND generation = :generation"

        def compiled(sql: str) -> Statement:
            return Statement(sql, database.dialect)

        self._create = compiled(
            "INSERT INTO cursors (subscriber, source, generation, position, mark) "
            "VALUES (:subscriber, :source, :generation, 0, '') ON CONFLICT DO NOTHING"
        )
        self._load = compiled(f"SELECT position, mark FROM cursors WHERE {mine}")  # noqa: S608
        self._move = compiled(
            f"UPDATE cursors SET position = :to_position, mark = :to_mark WHERE {mine} "  # noqa: S608
            "AND position = :from_position AND mark = :from_mark"
        )
        self._list = compiled(
            "SELECT id, stream, position, before_position, before_mark, error, attempts, parked_at "  # noqa: S608
            f"FROM parked WHERE {mine} ORDER BY id"
        )
        self._park = compiled(
            "INSERT INTO parked (subscriber, source, generation, stream, position, before_position, before_mark, "
            "error, attempts, parked_at) VALUES (:subscriber, :source, :generation, :stream, :position, "
            ":before_position, :before_mark, :error, :attempts, :parked_at)"
        )
        self._failed = compiled("UPDATE parked SET error = :error, attempts = attempts + 1 WHERE id = :id")
        self._unpark = compiled("DELETE FROM parked WHERE id = :id")
        self._unpark_all = compiled(f"DELETE FROM parked WHERE {mine}")  # noqa: S608
        with database.write() as connection:
            self._create.run(connection, **self._key)

    def load(self) -> Cursor:
        """As committed. Raises GenerationDropped where the row is gone."""
        with self._database.read() as connection:
            rows = self._load.all(connection, **self._key)
        if not rows:
            raise GenerationDropped(f"{self._key}: expected a cursor, found none; another generation is served")
        return Cursor(rows[0][0], rows[0][1] or None)

    def move(self, connection: Connection, *, start: Cursor, to: Cursor) -> bool:
        """Compare and set; False where another replica was here. First in a transaction, it is the lock."""
        moved = self._move.run(
            connection,
            **self._key,
            from_position=start.position,
            from_mark=start.mark or "",
            to_position=to.position,
            to_mark=to.mark or "",
        )
        return moved == 1

    def parked(self, connection: Connection | None = None) -> list[Parked]:
        """In the order in which they were parked."""
        if connection is None:
            with self._database.read() as own:
                return self.parked(own)
        return [
            Parked(
                id=row[0],
                stream=row[1],
                position=row[2],
                before=Cursor(row[3], row[4] or None),
                error=row[5],
                attempts=row[6],
                parked_at=row[7],
            )
            for row in self._list.all(connection, **self._key)
        ]

    def park(
        self, connection: Connection, event: RecordedEvent, *, before: Cursor, error: str, attempts: int, at: float
    ) -> None:
        """`event` and what follows in its stream wait from now on."""
        self._park.run(
            connection,
            **self._key,
            stream=event.stream,
            position=event.position,
            before_position=before.position,
            before_mark=before.mark or "",
            error=error,
            attempts=attempts,
            parked_at=at,
        )

    def failed_again(self, connection: Connection, parked_id: int, *, error: str) -> None:
        """One more attempt, with its error."""
        self._failed.run(connection, id=parked_id, error=error)

    def unpark(self, connection: Connection, parked_id: int) -> None:
        """The stream goes on."""
        self._unpark.run(connection, id=parked_id)

    def unpark_all(self, connection: Connection) -> None:
        """Every stream goes on; for a reader that starts again."""
        self._unpark_all.run(connection, **self._key)


def drop_generation(connection: Connection, *, subscriber: str, generation: int) -> None:
    """Nothing is left of a generation's cursors and parked streams; its subscriptions must have stopped."""
    for table in (CURSORS, PARKED):
        connection.execute(table.delete().where(table.c.subscriber == subscriber, table.c.generation == generation))
