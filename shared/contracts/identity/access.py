"""Sessions, API tokens and the personal GitHub token."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated

import marshmallow as ma

from shared.contracts.identity.accounts import Person
from shared.contracts.identity.parameters import AnyPassword, Login, Scope, Secret
from shared.contracts.wire import CleanString


@dataclass(frozen=True, slots=True, kw_only=True)
class SignIn:
    """`login` may be the login or the e-mail; `client` is the address tries are limited by."""

    login: Secret
    password: AnyPassword
    client: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionAnswer:
    """`token` is the session's secret, for the cookie alone."""

    token: str
    person: Person
    position: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionRef:
    token: Secret


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenIdentity:
    """Who an API token stands for; `scope` limits what it may do."""

    person: Person
    scope: str
    token_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class IssueToken:
    """`expires_in_days` 0 is never."""

    name: Annotated[str, CleanString(required=True, validate=ma.validate.Length(1, 80))]
    scope: Scope
    expires_in_days: Annotated[
        int, ma.fields.Integer(load_default=90, strict=True, validate=ma.validate.Range(0, 3650))
    ] = 90


@dataclass(frozen=True, slots=True, kw_only=True)
class IssueTokenFor:
    """The console's form: for a person by login."""

    login: Login
    name: str
    scope: Scope
    expires_in_days: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiToken:
    """Times in Unix seconds, 0 for never. `hint` is the token's first characters."""

    id: str
    name: str
    scope: str
    hint: str
    created_at: float
    expires_at: float = 0.0
    last_used_at: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class IssuedToken:
    """`secret` is shown once and stored only as its hash."""

    token: ApiToken
    secret: str
    position: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiTokens:
    items: list[ApiToken] = field(default_factory=list)


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenRef:
    id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class StoreGitHubToken:
    """`sealed` is a base64 libsodium sealed box for pr_bot's key `key_id`, made at the gateway's edge.

    What the test found: `scopes` of a classic token (a fine-grained one has none), `way` as in GitHubTokenState.
    """

    sealed: str
    key_id: str
    masked: str
    github_login: str = ""
    scopes: list[str] = field(default_factory=list)
    way: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class TestedGitHubToken:
    """What pr_bot found with the stored token; `mark` as it got it with the token."""

    mark: str
    github_login: str
    scopes: list[str] = field(default_factory=list)
    way: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class AllowDefaultToken:
    """Whether the hub's default token may go on with one's pull requests where one's own token no longer works."""

    default_allowed: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class GitHubTokenState:
    """`masked` such as `ghp_…a1b2`; never the token.

    `way` is `direct` where it may push to upstream, `fork` where pull requests come from a fork, empty where that
    was not tested. `default_allowed` is the person's consent; it stands with and without a token.
    """

    present: bool
    masked: str = ""
    github_login: str = ""
    stored_at: float = 0.0
    scopes: list[str] = field(default_factory=list)
    way: str = ""
    default_allowed: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class SealedGitHubToken:
    """For pr_bot alone. `default_allowed`: the person lets the default token step in where this one fails.

    `mark` tells this stored token from the one before and the one after it.
    """

    present: bool
    sealed: str = ""
    key_id: str = ""
    github_login: str = ""
    default_allowed: bool = False
    mark: str = ""
