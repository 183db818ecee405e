"""Whose turn it is, and until when nothing is asked of upstream."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import ColumnElement, Connection, and_, delete, distinct, func, or_, select, update

from services.pr_bot.domain import DEFAULT_ACCOUNT
from services.pr_bot.projection.tables import ACCOUNT_BRANCHES, ASLEEP, DUE, OWNERS, PULL_REQUESTS, SERVED, SUBMITTERS
from shared.database import Database

# Asked of a request whose base moved, and of which nothing else is new.
FOLLOW = "follow"


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """A model that is due; `turn` is when its person was last served, 0 for never; `ask` as Due's."""

    model: str
    person: str
    turn: int
    since: float
    next_try_at: float
    attempts: int
    ask: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Sleep:
    """Nothing is asked of upstream for an account until then (Unix seconds); `because` is `budget` or `pace`."""

    account: str
    until: float
    because: str


class Turns:
    """People take turns, however much each of them waits for."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def submitted_by(self, connection: Connection, model: str, person: str) -> None:
        """From now on the model takes this person's turns."""
        known = connection.execute(update(SUBMITTERS).where(SUBMITTERS.c.model == model).values(person=person)).rowcount
        if not known:
            connection.execute(SUBMITTERS.insert().values(model=model, person=person))

    def serve(self, connection: Connection, person: str) -> None:
        """One of the person's models had a step: all others come first."""
        turn = (connection.scalar(select(func.max(SERVED.c.turn))) or 0) + 1
        known = connection.execute(update(SERVED).where(SERVED.c.person == person).values(turn=turn)).rowcount
        if not known:
            connection.execute(SERVED.insert().values(person=person, turn=turn))

    def postpone(self, connection: Connection, *, login: str, person: str, until: float) -> None:
        """Nothing that goes through this account of the person's is looked at before, as far as is known."""
        connection.execute(
            update(DUE).where(_goes_through(login, person), DUE.c.next_try_at < until).values(next_try_at=until)
        )

    def waiting(self, now: float) -> list[Waiting]:
        """All that is due, in the order in which it would be taken if nothing else came."""
        person = func.coalesce(SUBMITTERS.c.person, DUE.c.actor).label("person")
        query = (
            select(DUE.c.model, DUE.c.since, DUE.c.next_try_at, DUE.c.attempts, DUE.c.ask, person, SERVED.c.turn)
            .outerjoin(SUBMITTERS, SUBMITTERS.c.model == DUE.c.model)
            .outerjoin(SERVED, SERVED.c.person == person)
            .order_by(DUE.c.since, DUE.c.model)
        )
        with self._database.read() as connection:
            rows = [Waiting(**{**row._mapping, "turn": row.turn or 0}) for row in connection.execute(query)]
        ready = [row for row in rows if row.next_try_at <= now]
        later = sorted((row for row in rows if row.next_try_at > now), key=lambda row: row.next_try_at)
        rounds: dict[tuple[bool, str], int] = {}
        order: list[tuple[bool, int, int, Waiting]] = []
        for row in ready:
            follows = row.ask == FOLLOW
            rounds[follows, row.person] = rounds.get((follows, row.person), 0) + 1
            order.append((follows, rounds[follows, row.person], row.turn, row))
        order.sort(key=lambda found: found[:3])
        return [found[-1] for found in order] + later

    def by_person(self, state: str) -> Mapping[str, int]:
        """How many requests in a state each submitter has; `open`: open upstream, whatever the bot's own state is."""
        wanted = PULL_REQUESTS.c.is_open == 1 if state == "open" else PULL_REQUESTS.c.state == state
        counted = func.count(distinct(PULL_REQUESTS.c.number)) if state == "open" else func.count()
        query = (
            select(SUBMITTERS.c.person, counted)
            .join(PULL_REQUESTS, PULL_REQUESTS.c.model == SUBMITTERS.c.model)
            .where(wanted)
            .group_by(SUBMITTERS.c.person)
        )
        with self._database.read() as connection:
            return {row[0]: row[1] for row in connection.execute(query)}

    def sleep(self, account: str, *, until: float, because: str) -> None:
        """A later end than the one known counts."""
        known = self.asleep(account)
        if known is not None and known.until >= until:
            return
        with self._database.write() as connection:
            connection.execute(delete(ASLEEP).where(ASLEEP.c.account == account))
            connection.execute(ASLEEP.insert().values(account=account, until=until, because=because))

    def asleep_at(self, now: float) -> Sleep | None:
        """The default account's sleep, if it sleeps now: without that account nothing is read."""
        sleep = self.asleep(DEFAULT_ACCOUNT)
        return sleep if sleep is not None and sleep.until > now else None

    def asleep(self, account: str) -> Sleep | None:
        """The last sleep of the account, which may be over."""
        with self._database.read() as connection:
            row = connection.execute(select(ASLEEP).where(ASLEEP.c.account == account)).first()
        return Sleep(account=row.account, until=row.until, because=row.because) if row else None


def _goes_through(login: str, person: str) -> ColumnElement[bool]:
    """Due models whose request stands on the account's branch; where none stands, whose next one would.

    That is the submitter's who is an owner, else the first owner's: of several others none is known to be it.
    """
    stands = select(PULL_REQUESTS.c.model).where(PULL_REQUESTS.c.is_open == 1)
    as_login = stands.join(ACCOUNT_BRANCHES, ACCOUNT_BRANCHES.c.branch == PULL_REQUESTS.c.branch).where(
        ACCOUNT_BRANCHES.c.login == login
    )
    submitted = select(SUBMITTERS.c.model).where(SUBMITTERS.c.person == person)
    owned = select(OWNERS.c.model).where(OWNERS.c.person == person)
    of_others = select(OWNERS.c.model).where(OWNERS.c.model.not_in(owned))
    alone = (
        select(OWNERS.c.model).group_by(OWNERS.c.model).having(func.count() == 1, func.min(OWNERS.c.person) == person)
    )
    model = DUE.c.model
    would = or_(and_(model.in_(submitted), model.not_in(of_others)), model.in_(alone))
    return or_(model.in_(as_login), and_(model.not_in(stands), would))
