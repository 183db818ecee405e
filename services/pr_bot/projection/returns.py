"""What is known of requests upstream beyond the bot's own doing: what to ask for, and what was seen."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, delete, select, update

from services.pr_bot.domain import Merged
from services.pr_bot.projection.tables import HEARD, LOOKED_AT, UNRELEASED
from shared.database import Database


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """When upstream last changed a request as far as it was looked at, and when its checks were asked for."""

    model: str
    updated_at: float = 0.0
    checks_at: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Unreleased:
    model: str
    number: int
    merge_sha: str


class Returned:
    """Writes take the connection of the transaction they belong to."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def hear(self, connection: Connection, model: str) -> None:
        """The model's next step asks also for what people and machines said."""
        times = connection.scalar(select(HEARD.c.times).where(HEARD.c.model == model))
        if times is None:
            connection.execute(HEARD.insert().values(model=model, times=1))
        else:
            connection.execute(update(HEARD).where(HEARD.c.model == model).values(times=times + 1))

    def listened(self, connection: Connection, model: str, *, times: int) -> None:
        """It was asked, unless more was heard since."""
        if times:
            connection.execute(delete(HEARD).where(HEARD.c.model == model, HEARD.c.times == times))

    def seen(self) -> dict[str, Seen]:
        """By model."""
        with self._database.read() as connection:
            return {row.model: Seen(**row._mapping) for row in connection.execute(select(LOOKED_AT))}

    def see(self, connection: Connection, seen: Seen) -> None:
        connection.execute(delete(LOOKED_AT).where(LOOKED_AT.c.model == seen.model))
        connection.execute(
            LOOKED_AT.insert().values(model=seen.model, updated_at=seen.updated_at, checks_at=seen.checks_at)
        )

    def see_own(self, connection: Connection, *, model: str, updated_at: float) -> None:
        """The bot itself changed the request then: that is no news."""
        row = connection.execute(select(LOOKED_AT).where(LOOKED_AT.c.model == model)).first()
        if row is None:
            self.see(connection, Seen(model=model, updated_at=updated_at))
        elif updated_at > row.updated_at:
            connection.execute(update(LOOKED_AT).where(LOOKED_AT.c.model == model).values(updated_at=updated_at))

    def see_checks(self, connection: Connection, *, model: str, at: float) -> None:
        """The checks of the model's request were asked for."""
        known = connection.execute(update(LOOKED_AT).where(LOOKED_AT.c.model == model).values(checks_at=at)).rowcount
        if not known:
            self.see(connection, Seen(model=model, checks_at=at))

    def keep_unreleased(self, connection: Connection, model: str, merged: Sequence[Merged]) -> None:
        """Exactly these of the model's merges are in no release yet."""
        connection.execute(delete(UNRELEASED).where(UNRELEASED.c.model == model))
        for one in merged:
            connection.execute(UNRELEASED.insert().values(model=model, number=one.number, merge_sha=one.merge_sha))

    def unreleased(self) -> list[Unreleased]:
        """In order of number."""
        with self._database.read() as connection:
            query = select(UNRELEASED).order_by(UNRELEASED.c.number, UNRELEASED.c.model)
            return [Unreleased(**row._mapping) for row in connection.execute(query)]
