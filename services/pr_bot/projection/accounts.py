"""Whose models a token's owner has, and the branch that each account has for a model."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence

from sqlalchemy import Connection, delete, select

from services.pr_bot.projection.tables import ACCOUNT_BRANCHES, BATCHES, BRANCHES, OWNERS, PULL_REQUESTS
from shared.database import Database

_ENDED = ("none", "noop", "merged", "superseded")


class AccountRows:
    """`login` is a personal account's, None for the default."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def known_branch(self, model: str, login: str | None) -> str | None:
        """The branch that the account has been given for the model, None where it never needed one."""
        with self._database.read() as connection:
            return _known(connection, model, login)

    def branch_of(self, model: str, login: str | None, choose: Callable[[list[str]], str]) -> str:
        """The same ever after; `choose` gets those that are given already."""
        if (known := self.known_branch(model, login)) is not None:
            return known
        with self._database.write() as connection:
            if (found := _known(connection, model, login)) is not None:
                return found
            branch = choose(given_branches(connection))
            if login is None:
                connection.execute(BRANCHES.insert().values(branch=branch, model=model))
            else:
                connection.execute(ACCOUNT_BRANCHES.insert().values(branch=branch, model=model, login=login))
        return branch

    def keep_owners(self, model: str, people: Collection[str]) -> None:
        """Whose tokens may open the model's request from now on."""
        of_model = OWNERS.c.model == model
        with self._database.read() as connection:
            known = set(connection.scalars(select(OWNERS.c.person).where(of_model)))
        if known == set(people):
            return
        with self._database.write() as connection:
            connection.execute(delete(OWNERS).where(of_model))
            if people:
                connection.execute(OWNERS.insert(), [{"model": model, "person": person} for person in set(people)])

    def waiting_for(self, connection: Connection, person: str) -> Sequence[str]:
        """The person's models whose request stands, waits or is paused."""
        query = (
            select(OWNERS.c.model)
            .join(PULL_REQUESTS, PULL_REQUESTS.c.model == OWNERS.c.model)
            .where(OWNERS.c.person == person, PULL_REQUESTS.c.state.not_in(_ENDED))
            .order_by(OWNERS.c.model)
        )
        return list(connection.scalars(query))


def given_branches(connection: Connection) -> list[str]:
    """Every branch that is a model's or a batch's."""
    tables = (BRANCHES, ACCOUNT_BRANCHES, BATCHES)
    return [branch for table in tables for branch in connection.scalars(select(table.c.branch))]


def _known(connection: Connection, model: str, login: str | None) -> str | None:
    if login is None:
        return connection.scalar(select(BRANCHES.c.branch).where(BRANCHES.c.model == model))
    mine = (ACCOUNT_BRANCHES.c.model == model) & (ACCOUNT_BRANCHES.c.login == login)
    return connection.scalar(select(ACCOUNT_BRANCHES.c.branch).where(mine))


def given_to(connection: Connection, branch: str) -> str | None:
    """The model that has the branch, whatever account it is of."""
    for table in (BRANCHES, ACCOUNT_BRANCHES):
        found: str | None = connection.scalar(select(table.c.model).where(table.c.branch == branch))
        if found is not None:
            return found
    return None
