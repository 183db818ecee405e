"""Rules about people, their roles and their secrets' lifetimes. Pure."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from shared.errors import Conflict, Forbidden, Invalid, NotFound

ROLES = ("user", "maintainer", "reviewer", "operator")
PROGRAMS = frozenset(
    {"registry", "review", "identity", "catalog", "gateway", "console", "import", "upstream", "unknown"}
)
"""Names that timelines and the audit give to what is no person: no login."""
SESSION_S = 30 * 86400
ATTEMPT_WINDOW_S = 15 * 60
ATTEMPTS_PER_LOGIN = 10
ATTEMPTS_PER_CLIENT = 60


class LoginTaken(Conflict):
    slug = "login-taken"


class WrongCredentials(Forbidden):
    slug = "wrong-credentials"


class TooManyAttempts(Forbidden):
    slug = "too-many-requests"


class PersonNotFound(NotFound):
    slug = "person-not-found"


class LastOperator(Conflict):
    slug = "last-operator"


class SecretShownOnce(Conflict):
    slug = "secret-shown-once"


@dataclass(frozen=True, slots=True, kw_only=True)
class RoleChange:
    """What a change of roles comes to: `added` and `removed` are what really changes."""

    roles: tuple[str, ...]
    added: tuple[str, ...]
    removed: tuple[str, ...]


def ordered(roles: Collection[str]) -> tuple[str, ...]:
    """Every person is a user; roles add up, in their order of power."""
    return tuple(role for role in ROLES if role == "user" or role in roles)


def change_roles(
    current: Collection[str], *, add: Collection[str], remove: Collection[str], login: str, other_operators: int
) -> RoleChange:
    """The roles after the change; the hub always keeps one operator who can act."""
    unknown = [role for role in (*add, *remove) if role not in ROLES]
    if unknown:
        raise Invalid(f"role {unknown[0]}: expected one of {', '.join(ROLES)}")
    after = ordered((set(current) | set(add)) - set(remove))
    if "operator" in current and "operator" not in after:
        require_other_operator(login, other_operators)
    return RoleChange(
        roles=after,
        added=tuple(role for role in after if role not in current),
        removed=tuple(role for role in ordered(current) if role not in after),
    )


def require_other_operator(login: str, other_operators: int) -> None:
    """Raises LastOperator where nobody else could undo what is asked."""
    if other_operators == 0:
        raise LastOperator(f"account {login}: it is the last operator; make someone else an operator first")


def check_attempts(*, login: str, by_login: int, by_client: int, retry_after_s: int) -> None:
    """Failed sign-ins within the window, for the account and for the address they came from."""
    if by_login >= ATTEMPTS_PER_LOGIN or by_client >= ATTEMPTS_PER_CLIENT:
        raise TooManyAttempts(
            f"sign-in as {login}: too many failed tries; wait {max(1, retry_after_s // 60)} minutes and try again",
            details={"retry_after_s": max(1, retry_after_s)},
        )
