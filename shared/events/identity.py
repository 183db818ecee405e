"""Identity's facts about people, by opaque id; no name, no address, no secret.

Identity's rows are the truth; these are written in the same transaction and tell the others.
Streams `user-<opaque id>` and `group-<id>`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from shared.events import wire_names


@dataclass(frozen=True, slots=True, kw_only=True)
class UserRegistered:
    user_id: str
    roles: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class RoleRequested:
    user_id: str
    role: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RoleGranted:
    user_id: str
    role: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RoleRevoked:
    user_id: str
    role: str


@dataclass(frozen=True, slots=True, kw_only=True)
class UserDisabled:
    user_id: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class UserEnabled:
    user_id: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class UserErased:
    user_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedIn:
    user_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SignInFailed:
    """A wrong password for an existing account; attempts on unknown names leave no event."""

    user_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupChanged:
    group_id: str
    name: str
    added: tuple[str, ...]
    removed: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenIssued:
    """`expires_at` in Unix seconds, 0 for never."""

    user_id: str
    token_id: str
    scope: str
    expires_at: int


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenRevoked:
    user_id: str
    token_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class GitHubTokenChanged:
    """`present` says whether a personal token is stored now.

    `default_allowed`: where it no longer works, the hub's default token may go on with the person's pull requests.
    """

    user_id: str
    present: bool
    default_allowed: bool = False


EVENTS = wire_names(
    "identity",
    UserRegistered,
    RoleRequested,
    RoleGranted,
    RoleRevoked,
    UserDisabled,
    UserEnabled,
    UserErased,
    SignedIn,
    SignInFailed,
    GroupChanged,
    TokenIssued,
    TokenRevoked,
    GitHubTokenChanged,
)
UPCASTERS: dict[str, Callable[[dict[str, Any]], tuple[str, dict[str, Any]]]] = {}
