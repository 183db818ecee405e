"""What the database says of its generations: which is served, which one is being built, which are in use.

Replicas agree through these rows alone. Writes to the catalog's database come one at a time (SQLite's
write lock; `serial` on PostgreSQL), so what is read and written in one transaction here is decided once.
Each projection version serves a generation of its own: during a rolling update the old program goes
on with the old one.
"""

from __future__ import annotations

import enum
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from sqlalchemy import Column, Connection, Double, Integer, MetaData, Table, Text, delete, insert, inspect, select
from sqlalchemy import update as update_rows

from services.catalog.application.generation import SUBSCRIBER
from services.catalog.projection.tables import Tables
from shared.cursors import CURSORS, drop_generation
from shared.database import Database, Statement

METADATA = MetaData()
SERVED = Table(
    "served_generation",
    METADATA,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("generation", Integer, nullable=False),
    Column("projection_version", Integer, nullable=False),
)
BUILDS = Table(
    "built_generation",
    METADATA,
    Column("projection_version", Integer, primary_key=True, autoincrement=False),
    Column("generation", Integer, nullable=False),
    Column("builder", Text, nullable=False),
    Column("at", Double, nullable=False),
)
USES = Table(
    "used_generation",
    METADATA,
    Column("replica", Text, primary_key=True),
    Column("generation", Integer, nullable=False),
    Column("at", Double, nullable=False),
)
BUILDER_DEAD_S = 15.0
"""A builder that has said nothing for so long is taken for dead; it finds out when it wants to switch."""
USE_OVER_S = 30.0
"""A replica that has said nothing for so long reads no more; one that was frozen switches when it misses a table."""
OTHER_VERSION_KEPT_S = 600.0
"""How long a generation of another projection version outlives its last replica: a rolling update may go back."""
_TABLE_NAME = re.compile(r"g(\d+)_")


class Refusal(enum.Enum):
    """Why there is nothing to build: another replica is at it, or has done it."""

    BUILDING = enum.auto()
    REPLACED = enum.auto()


@dataclass(frozen=True, slots=True, kw_only=True)
class Sight:
    """One look at the database, all of one moment. `served` and `building` are 0 for none."""

    served: int = 0
    building: int = 0
    newest: int = 0
    positions: Mapping[str, int] = field(default_factory=dict)


class Ledger:
    """The rows as one replica of one projection version sees them; `replica` is a name of this process's own.

    Not `shared`: this process is alone on its database, so whatever else the rows say is left from before.
    """

    def __init__(
        self, database: Database, *, version: int, replica: str, shared: bool, now: Callable[[], float]
    ) -> None:
        self._database = database
        self._version = version
        self._replica = replica
        self._shared = shared
        self._now = now
        self._looks: dict[int, Statement] = {}
        # Not a migration's: as the generations that they tell of, they are there wherever a catalog runs.
        database.create_at_once(METADATA)
        # What is settled here reads them: they must be there before any subscription is made.
        database.create(CURSORS.metadata)

    def settle(self) -> tuple[int, int]:
        """(generation, its projection version) to begin with: this version's, another one's, or a new first one."""
        with self._database.write() as connection:
            if not self._shared:
                connection.execute(delete(BUILDS))
                connection.execute(delete(USES))
            rows = connection.execute(select(SERVED).order_by(SERVED.c.generation.desc())).all()
            row = next((row for row in rows if row.projection_version == self._version), rows[0] if rows else None)
            if row is None:
                number, version = self._unused(connection), self._version
                self._put_served(connection, number)
            else:
                number, version = row.generation, row.projection_version
            self._put_use(connection, number)
        return number, version

    def served(self) -> int:
        """The generation that this projection version serves, 0 for none."""
        with self._database.read() as connection:
            return self._served(connection)

    def look(self, generation: int) -> Sight:
        """How far a generation is and which one is served; fails where its tables are gone."""
        if generation not in self._looks:
            self._looks[generation] = Statement(_look_sql(generation), self._database.dialect)
        with self._database.read() as connection:
            rows = self._looks[generation].all(
                connection,
                subscriber=SUBSCRIBER,
                generation=generation,
                version=self._version,
                alive=self._now() - BUILDER_DEAD_S,
            )
        found = {row[0]: row[1] for row in rows}
        return Sight(
            served=found.pop("#served", 0),
            building=found.pop("#building", 0),
            newest=found.pop("#newest"),
            positions=found,
        )

    def claim(self, *, instead_of: int) -> int | Refusal:
        """The number of the generation that this replica is to build, unless another one does or did."""
        with self._database.write() as connection:
            served = self._served(connection)
            if served not in (0, instead_of):
                return Refusal.REPLACED
            mine = BUILDS.c.projection_version == self._version
            row = connection.execute(select(BUILDS).where(mine)).first()
            if row is not None and self._shared and row.at > self._now() - BUILDER_DEAD_S:
                return Refusal.BUILDING
            connection.execute(delete(BUILDS).where(mine))
            number = self._unused(connection)
            connection.execute(
                insert(BUILDS).values(
                    projection_version=self._version, generation=number, builder=self._replica, at=self._now()
                )
            )
        return number

    def build_goes_on(self, number: int) -> bool:
        """Says so to the others; False where they have given this builder up."""
        with self._database.write() as connection:
            return self._is_mine(connection, number)

    def release(self, number: int) -> None:
        """The build is given up."""
        with self._database.write() as connection:
            connection.execute(delete(BUILDS).where(BUILDS.c.generation == number, BUILDS.c.builder == self._replica))

    def switch(self, number: int) -> bool:
        """The generation that was built here is served from now on; False where the others have given up on it."""
        with self._database.write() as connection:
            if not self._is_mine(connection, number):
                return False
            connection.execute(delete(BUILDS).where(BUILDS.c.projection_version == self._version))
            self._put_served(connection, number)
            self._put_use(connection, number)
        return True

    def serve(self, number: int) -> None:
        """Served without having been built: its readers see it grow."""
        with self._database.write() as connection:
            self._put_served(connection, number)

    def use(self, number: int) -> None:
        """This replica reads that generation."""
        with self._database.write() as connection:
            self._put_use(connection, number)

    def sweep(self, *, keep: int) -> list[int]:
        """Drops what nobody serves, builds or reads any more, never `keep`; the numbers."""
        with self._database.read() as connection:
            spared = self._spared(connection) | {keep}
            if not self._existing(connection) - spared:
                return []
        with self._database.write() as connection:
            spared = self._spared(connection) | {keep}
            gone = sorted(self._existing(connection) - spared)
            for number in gone:
                self._drop(connection, number)
            connection.execute(delete(USES).where(USES.c.at < self._now() - OTHER_VERSION_KEPT_S))
        return gone

    def drop(self, number: int) -> None:
        """Nothing is left of the generation."""
        with self._database.write() as connection:
            self._drop(connection, number)

    def fits(self, number: int) -> bool:
        """Whether the generation's tables have all that this program reads and writes."""
        with self._database.read() as connection:
            inspector = inspect(connection)
            names = set(inspector.get_table_names())
            return all(
                table.name in names
                and set(table.columns.keys()) <= {column["name"] for column in inspector.get_columns(table.name)}
                for table in Tables(number).metadata.tables.values()
            )

    def _served(self, connection: Connection) -> int:
        query = select(SERVED.c.generation).where(SERVED.c.projection_version == self._version)
        return int(connection.execute(query).scalar() or 0)

    def _put_served(self, connection: Connection, number: int) -> None:
        mine = SERVED.c.projection_version == self._version
        connection.execute(delete(SERVED).where(mine) if self._shared else delete(SERVED))
        connection.execute(insert(SERVED).values(id=number, generation=number, projection_version=self._version))

    def _put_use(self, connection: Connection, number: int) -> None:
        connection.execute(delete(USES).where(USES.c.replica == self._replica))
        connection.execute(insert(USES).values(replica=self._replica, generation=number, at=self._now()))

    def _is_mine(self, connection: Connection, number: int) -> bool:
        mine = (BUILDS.c.generation == number, BUILDS.c.builder == self._replica)
        return connection.execute(update_rows(BUILDS).where(*mine).values(at=self._now())).rowcount == 1

    def _spared(self, connection: Connection) -> set[int]:
        now = self._now()
        uses = connection.execute(select(USES.c.generation, USES.c.at)).all()
        # Alone on its database a process drops its old generation by itself, once its readers are gone.
        used = {row.generation for row in uses if row.at > now - USE_OVER_S}
        lately = {row.generation for row in uses if row.at > now - OTHER_VERSION_KEPT_S}
        for row in connection.execute(select(SERVED)).all():
            if row.projection_version == self._version or row.generation in lately:
                used.add(row.generation)
        alive = BUILDS.c.at > now - BUILDER_DEAD_S
        return used | set(connection.execute(select(BUILDS.c.generation).where(alive)).scalars())

    def _existing(self, connection: Connection) -> set[int]:
        """Every generation of which there are tables, cursors or a row here."""
        names = inspect(connection).get_table_names()
        found = {int(match[1]) for name in names if (match := _TABLE_NAME.match(name))}
        for column in (SERVED.c.generation, BUILDS.c.generation):
            found |= set(connection.execute(select(column)).scalars())
        mine = CURSORS.c.subscriber == SUBSCRIBER
        return found | set(connection.execute(select(CURSORS.c.generation).where(mine).distinct()).scalars())

    def _unused(self, connection: Connection) -> int:
        uses = connection.execute(select(USES.c.generation)).scalars()
        return max((*self._existing(connection), *uses), default=0) + 1

    def _drop(self, connection: Connection, number: int) -> None:
        names = inspect(connection).get_table_names()
        for name in sorted(name for name in names if name.startswith(f"g{number}_")):
            connection.exec_driver_sql(f'DROP TABLE "{name}"')
        drop_generation(connection, subscriber=SUBSCRIBER, generation=number)
        connection.execute(delete(SERVED).where(SERVED.c.generation == number))
        connection.execute(delete(BUILDS).where(BUILDS.c.generation == number))


def _look_sql(generation: int) -> str:
    return (
        "SELECT source, position FROM cursors WHERE subscriber = :subscriber AND generation = :generation "  # noqa: S608
        f"UNION ALL SELECT '#newest', coalesce(max(seq), 0) FROM \"g{generation}_touched\" "
        "UNION ALL SELECT '#served', generation FROM served_generation WHERE projection_version = :version "
        "UNION ALL SELECT '#building', generation FROM built_generation "
        "WHERE projection_version = :version AND at > :alive"
    )
