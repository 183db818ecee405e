"""Which names exist and who holds unpublished ones: registry's own rows, written with the events."""

from __future__ import annotations

from sqlalchemy import Boolean, Column, Connection, MetaData, String, Table, delete, func, select

from services.registry.domain.state import Model
from shared.database import Database
from shared.errors import Conflict

METADATA = MetaData()
NAMES = Table(
    "names",
    METADATA,
    Column("id", String, primary_key=True),
    Column("name", String, nullable=False),
    Column("type", String, nullable=False),
    Column("published", Boolean, nullable=False),
)
OWNERS = Table(
    "owners",
    METADATA,
    Column("id", String, primary_key=True),
    Column("owner", String, primary_key=True, index=True),
)
UNPUBLISHED_PER_PERSON = 100


class TooManyNames(Conflict):
    slug = "too-many-unpublished-names"


class Names:
    """The names registry knows, by lower-cased name."""

    def __init__(self, database: Database) -> None:
        self._database = database
        database.create(METADATA)

    def remember(self, connection: Connection, model: Model) -> None:
        """Writes the model's row as it is now, in the caller's transaction."""
        if not model.exists:
            return
        model_id = model.name.lower()
        connection.execute(delete(NAMES).where(NAMES.c.id == model_id))
        connection.execute(
            NAMES.insert().values(id=model_id, name=model.name, type=model.type, published=bool(model.published))
        )
        connection.execute(delete(OWNERS).where(OWNERS.c.id == model_id))
        if model.owners:
            connection.execute(OWNERS.insert(), [{"id": model_id, "owner": owner} for owner in sorted(model.owners)])

    def require_room(self, person: str, name: str, *, is_operator: bool) -> None:
        """Raises TooManyNames where a person already holds as many unpublished names as one may."""
        if is_operator:
            return
        query = (
            select(func.count())
            .select_from(NAMES.join(OWNERS, NAMES.c.id == OWNERS.c.id))
            .where(OWNERS.c.owner == person, NAMES.c.published.is_(False))
        )
        with self._database.read() as connection:
            held = connection.scalar(query) or 0
        if held >= UNPUBLISHED_PER_PERSON:
            raise TooManyNames(
                f"model {name}: you already hold {held} unpublished names of {UNPUBLISHED_PER_PERSON}; "
                "publish or archive some first"
            )

    def all(self) -> list[tuple[str, str]]:
        """(name, type) of every model, by name."""
        with self._database.read() as connection:
            rows = connection.execute(select(NAMES.c.name, NAMES.c.type).order_by(NAMES.c.id))
            return [(row.name, row.type) for row in rows]
