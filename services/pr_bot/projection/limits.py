"""How much the bot may do: what operators allow, and what upstream has left for it."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection, delete, func, select

from services.pr_bot.domain import Controls
from services.pr_bot.projection.tables import BUDGET, CONTROLS, OPENED, PULL_REQUESTS
from shared.database import Database

HOUR_S = 3600.0


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
            row = connection.execute(select(CONTROLS)).first()
        if row is None:
            return Controls()
        return Controls(
            paused=bool(row.paused), most_open=row.most_open, most_per_hour=row.most_per_hour, reason=row.reason
        )

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

    def opened(self, connection: Connection, number: int, *, at: float) -> None:
        """A request was opened; what is older than an hour is forgotten."""
        connection.execute(delete(OPENED).where((OPENED.c.at <= at - HOUR_S) | (OPENED.c.number == number)))
        connection.execute(OPENED.insert().values(number=number, at=at))

    def opened_lately(self, now: float) -> int:
        with self._database.read() as connection:
            query = select(func.count()).select_from(OPENED).where(OPENED.c.at > now - HOUR_S)
            return connection.scalar(query) or 0

    def full_until(self, now: float) -> float | None:
        """None where a request may be opened; else when one may be, 0 where that depends on people."""
        controls = self.controls()
        if controls.most_open:
            with self._database.read() as connection:
                query = select(func.count()).select_from(PULL_REQUESTS).where(PULL_REQUESTS.c.is_open == 1)
                if (connection.scalar(query) or 0) >= controls.most_open:
                    return 0.0
        if controls.most_per_hour:
            with self._database.read() as connection:
                lately = select(OPENED.c.at).where(OPENED.c.at > now - HOUR_S).order_by(OPENED.c.at.desc())
                times = connection.scalars(lately.limit(controls.most_per_hour)).all()
            if len(times) >= controls.most_per_hour:
                return float(times[-1]) + HOUR_S
        return None

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
