"""Whose account acts upstream for a model."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, NoReturn, Protocol, cast

from services.pr_bot.domain import DEFAULT_ACCOUNT
from services.pr_bot.upstream import TokenRefused, Upstream
from shared.contracts.pr_bot import TokenCheck
from shared.contracts.registry import DesiredState
from shared.errors import Conflict

# Looking at a branch is one: it may lie in a fork that is made for it.
_ACTS = (
    *("branch_head", "point", "delete_branch", "open_pull", "edit_pull"),
    *("close_pull", "reopen_pull", "comment"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """`opened_as` is `default` or the login that `upstream` acts as; `person`: whose token that is, empty for none.

    `refusal`: why it can only look, if it can.
    """

    upstream: Upstream
    opened_as: str = DEFAULT_ACCOUNT
    person: str = ""
    refusal: str = ""

    @property
    def login(self) -> str | None:
        """Of a personal account, for the branch's name."""
        return None if self.opened_as == DEFAULT_ACCOUNT else self.opened_as


class OnlyLooking:
    """An upstream whose acts raise TokenRefused with `refusal`."""

    def __init__(self, upstream: Upstream, refusal: str) -> None:
        self._upstream = upstream
        self._refusal = refusal

    def __getattr__(self, name: str) -> Any:
        return self._refuse if name in _ACTS else getattr(self._upstream, name)

    def _refuse(self, *arguments: Any, **named: Any) -> NoReturn:
        raise TokenRefused(self._refusal)


def looking_as(opened_as: str, upstream: Upstream, refusal: str) -> Account:
    """For a step whose account does not work: it may find that there is nothing to do."""
    return Account(upstream=cast(Upstream, OnlyLooking(upstream, refusal)), opened_as=opened_as, refusal=refusal)


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

    def instead(self, desired: DesiredState, account: Account, why: str) -> Account:
        """Upstream refuses `account`, as `why` says: the account that its owner lets step in.

        Raises TokenRefused, which says what to do, where there is none.
        """

    def foresee(self, person: str, *, standing: str = "") -> Foreseen:
        """Without a call to upstream."""

    def check(self, person: str) -> TokenCheck:
        """What upstream says of the person's stored token now; raises as the contract's `check_token`."""

    def close(self) -> None: ...


class UpstreamIsNoGitHub(Conflict):
    slug = "upstream-no-github"


class OneAccount:
    """A place where everybody acts as the hub itself."""

    def __init__(self, upstream: Upstream) -> None:
        self.reader = upstream

    def of(self, desired: DesiredState, *, standing: str = "") -> Account:
        return Account(upstream=self.reader)

    def instead(self, desired: DesiredState, account: Account, why: str) -> Account:
        raise TokenRefused(why)

    def foresee(self, person: str, *, standing: str = "") -> Foreseen:
        return Foreseen(kind="local")

    def check(self, person: str) -> TokenCheck:
        raise UpstreamIsNoGitHub(
            f"GitHub token: pull requests of this hub go to {self.reader.target}, where nobody could test it; "
            "set HUB_UPSTREAM=github:<owner>/<repo>"
        )

    def close(self) -> None:
        self.reader.close()


def person_of(desired: DesiredState) -> str:
    """Whose personal token opens the model's request: who submitted it, where an owner, else the first owner."""
    if desired.submitter in desired.owners:
        return desired.submitter
    return desired.owners[0] if desired.owners else ""
