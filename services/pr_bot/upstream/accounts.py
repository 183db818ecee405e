"""Whose account acts upstream for a model."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, Protocol

from services.pr_bot.upstream import Upstream
from shared.contracts.registry import DesiredState

DEFAULT = "default"


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """`opened_as` is `default` or the login that `upstream` acts as.

    `stand_in`: the person's own token was refused, and the default acts as the person allowed; `why` says what for.
    """

    upstream: Upstream
    opened_as: str = DEFAULT
    stand_in: bool = False
    why: str = ""

    @property
    def login(self) -> str | None:
        """Of a personal account, for the branch's name."""
        return None if self.opened_as == DEFAULT else self.opened_as


@dataclass(frozen=True, slots=True, kw_only=True)
class Foreseen:
    """As which account a request would be opened, and why none can be (`paused`)."""

    kind: Literal["personal", "default", "local", "paused"]
    login: str = ""
    note: str = ""


class Accounts(Protocol):
    @property
    def reader(self) -> Upstream:
        """Looks at main for the hub as a whole; the default's."""

    def of(self, desired: DesiredState, *, standing: str = "") -> Account:
        """The account for the model's next step; `standing` is the `opened_as` of a request that is open.

        Raises TokenRefused, which says what its owner must do, where there is none that works.
        """

    def refused(self, account: Account, why: str) -> None:
        """Upstream refused the account's token: `of` knows from now on."""

    def foresee(self, person: str, *, standing: str = "") -> Foreseen:
        """Without a call to upstream."""

    def close(self) -> None: ...


class OneAccount:
    """A place where everybody acts as the hub itself."""

    def __init__(self, upstream: Upstream) -> None:
        self.reader = upstream

    def of(self, desired: DesiredState, *, standing: str = "") -> Account:
        return Account(upstream=self.reader)

    def refused(self, account: Account, why: str) -> None:
        """There is no other account to take."""

    def foresee(self, person: str, *, standing: str = "") -> Foreseen:
        return Foreseen(kind="local")

    def close(self) -> None:
        self.reader.close()


def person_of(desired: DesiredState) -> str:
    """Whose personal token opens the model's request: who submitted it, where an owner, else the first owner."""
    if desired.submitter in desired.owners:
        return desired.submitter
    return desired.owners[0] if desired.owners else ""
