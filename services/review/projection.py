"""Who owns which model, as registry's log says: nobody reviews an own model; and who looked at which revision."""

from __future__ import annotations

from sqlalchemy import Column, Connection, Integer, MetaData, String, Table, delete, select
from sqlalchemy.dialects import postgresql, sqlite

from shared.database import Database

METADATA = MetaData()
OWNERS = Table(
    "owners",
    METADATA,
    Column("model_id", String, primary_key=True),
    Column("person", String, primary_key=True),
)
LOOKS = Table(
    "looks",
    METADATA,
    Column("model_id", String, primary_key=True),
    Column("person", String, primary_key=True),
    Column("revision", Integer, primary_key=True, autoincrement=False),
)


class Owners:
    """Owners by model, lower-cased name."""

    def __init__(self, database: Database) -> None:
        self._database = database
        database.create(METADATA)

    def change(self, connection: Connection, name: str, *, added: tuple[str, ...], removed: tuple[str, ...]) -> None:
        """Idempotent, in the caller's transaction."""
        model_id = name.lower()
        gone = (*added, *removed)
        connection.execute(delete(OWNERS).where(OWNERS.c.model_id == model_id, OWNERS.c.person.in_(gone)))
        for person in added:
            connection.execute(OWNERS.insert().values(model_id=model_id, person=person))

    def owns(self, person: str, name: str) -> bool:
        """Whether `person` is among the model's owners."""
        query = select(OWNERS.c.person).where(OWNERS.c.model_id == name.lower(), OWNERS.c.person == person)
        with self._database.read() as connection:
            return connection.scalar(query) is not None


class Looks:
    """Which revisions of a model each reviewer has had before them; no fact of the log, and nobody else's to read."""

    def __init__(self, database: Database) -> None:
        self._database = database
        database.create(METADATA)

    def look(self, person: str, name: str, revision: int) -> int:
        """Notes this look, once; the newest earlier revision that the person looked at, 0 for none."""
        key = {"model_id": name.lower(), "person": person}
        mine = (LOOKS.c.model_id == key["model_id"], LOOKS.c.person == person)
        with self._database.read() as connection:
            seen = set(connection.scalars(select(LOOKS.c.revision).where(*mine, LOOKS.c.revision <= revision)))
        if revision not in seen:
            with self._database.write() as connection:
                dialect = postgresql if connection.dialect.name == "postgresql" else sqlite
                note = dialect.insert(LOOKS).values(**key, revision=revision)
                connection.execute(note.on_conflict_do_nothing())
        return max(seen - {revision}, default=0)
