"""How much the bot may do: what operators allow, and what upstream has left for it."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection, delete, distinct, func, select, true

from services.pr_bot.domain import Controls
from services.pr_bot.projection.tables import (
    ABOARD,
    BATCH_MODE,
    BATCHES,
    BUDGET,
    CONTROLS,
    OPENED,
    PLACES,
    PULL_REQUESTS,
)
from shared.database import Database

HOUR_S = 3600.0
# One that carries several models is one.
OPEN_COUNT = select(func.count(distinct(PULL_REQUESTS.c.number))).where(PULL_REQUESTS.c.is_open == 1)


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownBudget:
    """Calls of the default account per window that ends at `resets_at`, as last heard; 0 where nothing is limited."""

    calls: int = 0
    remaining: int = 0
    resets_at: int = 0


class Limits:
    """Writes of controls take the connection of their event's transaction."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def controls(self) -> Controls:
        with self._database.read() as connection:
            return controls_in(connection)

    def keep_controls(self, connection: Connection, controls: Controls) -> None:
        connection.execute(delete(CONTROLS))
        connection.execute(
            CONTROLS.insert().values(
                id=1,
                paused=int(controls.paused),
                most_open=controls.most_open,
                most_per_hour=controls.most_per_hour,
                reason=controls.reason,
            )
        )
        connection.execute(delete(BATCH_MODE))
        if controls.batch:
            connection.execute(BATCH_MODE.insert().values(id=1, wanted=1))

    def take_place(self, model: str, *, at: float) -> bool:
        """Whether the model's step may open a request, which counts as opened from now on, until the place is free.

        One that is open or travels with others needs none, and one that has a place keeps it: the step before was
        killed, maybe too late.
        """
        if not _caps(self.controls()):
            return True
        with self._database.write() as connection:
            if connection.scalar(_HELD.where(PLACES.c.model == model)):
                return True
            if connection.scalar(OPEN_COUNT.where(PULL_REQUESTS.c.model == model)):
                return True
            if connection.scalar(select(ABOARD.c.branch).where(ABOARD.c.model == model)) is not None:
                return True
            if _full_until(connection, controls_in(connection), at) is not None:
                return False
            connection.execute(PLACES.insert().values(model=model, at=at))
        return True

    def give_back(self, connection: Connection, model: str) -> None:
        """The model's place, if it has one, is free."""
        connection.execute(delete(PLACES).where(PLACES.c.model == model))

    def opened(self, connection: Connection, number: int, *, at: float, model: str = "") -> None:
        """A request was opened, in the model's place; what is older than an hour is forgotten.

        Of several models it is opened once.
        """
        self.give_back(connection, model)
        is_shared = PULL_REQUESTS.c.branch.in_(select(BATCHES.c.branch))
        sharing = select(func.count()).where(PULL_REQUESTS.c.number == number, is_shared)
        if (connection.scalar(sharing) or 0) > 1:
            return
        connection.execute(delete(OPENED).where((OPENED.c.at <= at - HOUR_S) | (OPENED.c.number == number)))
        connection.execute(OPENED.insert().values(number=number, at=at))

    def opened_lately(self, now: float) -> int:
        with self._database.read() as connection:
            query = select(func.count()).select_from(OPENED).where(OPENED.c.at > now - HOUR_S)
            return connection.scalar(query) or 0

    def full_until(self, now: float) -> float | None:
        """None where a request may be opened; else when one may be, 0 where that depends on people."""
        with self._database.read() as connection:
            return _full_until(connection, controls_in(connection), now)

    def budget(self) -> KnownBudget:
        with self._database.read() as connection:
            row = connection.execute(select(BUDGET)).first()
        return KnownBudget(calls=row.calls, remaining=row.remaining, resets_at=row.resets_at) if row else KnownBudget()

    def see_budget(self, budget: KnownBudget) -> None:
        if budget == self.budget():
            return
        with self._database.write() as connection:
            connection.execute(delete(BUDGET))
            connection.execute(
                BUDGET.insert().values(id=1, calls=budget.calls, remaining=budget.remaining, resets_at=budget.resets_at)
            )


_HELD = select(func.count()).select_from(PLACES)


def controls_in(connection: Connection) -> Controls:
    """What operators allow, everything where they never said."""
    row = connection.execute(select(CONTROLS, BATCH_MODE.c.wanted).outerjoin(BATCH_MODE, true())).first()
    if row is None:
        return Controls()
    return Controls(
        paused=bool(row.paused),
        most_open=row.most_open,
        most_per_hour=row.most_per_hour,
        reason=row.reason,
        batch=bool(row.wanted),
    )


def _caps(controls: Controls) -> bool:
    return bool(controls.most_open or controls.most_per_hour)


def _full_until(connection: Connection, controls: Controls, now: float) -> float | None:
    """As `full_until`; who has a place counts as one that is open and was opened when it took it."""
    if controls.most_open:
        standing = select(PULL_REQUESTS.c.model).where(PULL_REQUESTS.c.is_open == 1)
        might = connection.scalar(_HELD.where(PLACES.c.model.not_in(standing))) or 0
        if (connection.scalar(OPEN_COUNT) or 0) + might >= controls.most_open:
            return 0.0
    if controls.most_per_hour:
        times = [*connection.scalars(select(OPENED.c.at)), *connection.scalars(select(PLACES.c.at))]
        lately = sorted((at for at in times if at > now - HOUR_S), reverse=True)[: controls.most_per_hour]
        if len(lately) >= controls.most_per_hour:
            return float(lately[-1]) + HOUR_S
    return None
