"""Who owns which model, as registry's log says: nobody reviews an own model."""

from __future__ import annotations

from sqlalchemy import Column, Connection, MetaData, String, Table, delete, select

from shared.database import Database

METADATA = MetaData()
OWNERS = Table(
    "owners",
    METADATA,
    Column("model_id", String, primary_key=True),
    Column("person", String, primary_key=True),
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
