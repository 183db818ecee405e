"""The requests that carry several models of one owner: their branches, and which models travel on each."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, delete, or_, select

from services.pr_bot.projection.accounts import given_branches
from services.pr_bot.projection.tables import (
    ABOARD,
    ACCOUNT_BRANCHES,
    BATCHES,
    BRANCHES,
    DUE,
    OWNERS,
    PULL_REQUESTS,
    SUBMITTERS,
)
from shared.database import Database


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """`owner` is the opaque id of the models' first owner; `login` a personal account's, None for the default."""

    branch: str
    owner: str
    login: str | None


class BatchRows:
    """Models by id; writes of several take the connection of the transaction they belong to."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def known(self, owner: str, login: str | None) -> Batch | None:
        """None where the account never needed one for the owner's models."""
        with self._database.read() as connection:
            return _known(connection, owner, login)

    def made(self, owner: str, login: str | None, choose: Callable[[list[str]], str]) -> Batch:
        """The same branch ever after; `choose`, within a transaction, gets those that are given to whatever already."""
        with self._database.write() as connection:
            if (found := _known(connection, owner, login)) is not None:
                return found
            branch = choose(given_branches(connection))
            connection.execute(BATCHES.insert().values(branch=branch, owner=owner, login=login or ""))
        return Batch(branch=branch, owner=owner, login=login)

    def carrying(self, model: str) -> Batch | None:
        """The batch that the model travels in."""
        query = select(BATCHES).join(ABOARD, ABOARD.c.branch == BATCHES.c.branch).where(ABOARD.c.model == model)
        with self._database.read() as connection:
            row = connection.execute(query).first()
        return Batch(branch=row.branch, owner=row.owner, login=row.login or None) if row else None

    def aboard(self, branch: str) -> list[str]:
        """In order; what a person closed upstream stays aboard as well."""
        with self._database.read() as connection:
            return aboard(connection, branch)

    def board(self, branch: str, models: Sequence[str]) -> None:
        with self._database.write() as connection:
            known = aboard(connection, branch)
            for model in models:
                if model not in known:
                    connection.execute(ABOARD.insert().values(model=model, branch=branch))

    def leave(self, connection: Connection, model: str) -> None:
        connection.execute(delete(ABOARD).where(ABOARD.c.model == model))

    def newcomers(self, owner: str, *, limit: int) -> list[str]:
        """Models that are due, maybe the owner's, and never had a branch: whatever else they are is to be looked at."""
        owned = select(OWNERS.c.model).where(OWNERS.c.person == owner)
        submitted = select(SUBMITTERS.c.model).where(SUBMITTERS.c.person == owner)
        query = (
            select(DUE.c.model)
            .where(or_(DUE.c.model.in_(owned), DUE.c.model.in_(submitted)))
            .where(DUE.c.model.not_in(select(ABOARD.c.model)))
            .where(DUE.c.model.not_in(select(BRANCHES.c.model)))
            .where(DUE.c.model.not_in(select(ACCOUNT_BRANCHES.c.model)))
            .order_by(DUE.c.since, DUE.c.model)
            .limit(limit)
        )
        with self._database.read() as connection:
            return list(connection.scalars(query))

    def waiting(self, connection: Connection, *, owner: str | None = None) -> list[str]:
        """What is queued, of the owner alone where one is named: what waits for a place in a batch is among it."""
        query = select(PULL_REQUESTS.c.model).where(PULL_REQUESTS.c.state == "queued").order_by(PULL_REQUESTS.c.model)
        if owner is not None:
            owned = select(OWNERS.c.model).where(OWNERS.c.person == owner)
            query = query.where(PULL_REQUESTS.c.model.in_(owned))
        return list(connection.scalars(query))


def _known(connection: Connection, owner: str, login: str | None) -> Batch | None:
    mine = (BATCHES.c.owner == owner) & (BATCHES.c.login == (login or ""))
    branch: str | None = connection.scalar(select(BATCHES.c.branch).where(mine))
    return Batch(branch=branch, owner=owner, login=login) if branch is not None else None


def aboard(connection: Connection, branch: str) -> list[str]:
    return list(connection.scalars(select(ABOARD.c.model).where(ABOARD.c.branch == branch).order_by(ABOARD.c.model)))
