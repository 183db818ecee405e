"""Identity: people, roles, sessions, API tokens, sealed GitHub tokens, groups, notifications."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated, Literal, Protocol

import marshmallow as ma

from shared.contracts.common import Caller, Done, Empty, Reason, Role, Service, ShortText
from shared.contracts.wire import CleanString

Login = Annotated[
    str,
    CleanString(
        required=True,
        validate=ma.validate.Regexp(
            r"^[A-Za-z0-9](?:[A-Za-z0-9-]{0,37}[A-Za-z0-9])?\Z",
            error="Must be 1 to 39 letters, digits or inner hyphens.",
        ),
    ),
]
Email = Annotated[str, ma.fields.Email(required=True, validate=ma.validate.Length(max=254))]
Password = Annotated[
    str, CleanString(required=True, validate=ma.validate.Length(10, 200), metadata={"format": "password"})
]
AnyPassword = Annotated[str, CleanString(required=True, validate=ma.validate.Length(1, 1000))]
Secret = Annotated[str, CleanString(required=True, validate=ma.validate.Length(1, 1000))]
Scope = Literal["read", "write", "admin"]


@dataclass(frozen=True, slots=True, kw_only=True)
class SignUp:
    login: Login
    email: Email
    password: Password


@dataclass(frozen=True, slots=True, kw_only=True)
class CreateAccount:
    """An operator's or the console's way to make an account with roles."""

    login: Login
    email: Email
    password: Password
    roles: list[Role] = field(default_factory=list)


@dataclass(frozen=True, slots=True, kw_only=True)
class SignIn:
    """`login` may be the login or the e-mail; `client` is the address tries are limited by."""

    login: Secret
    password: AnyPassword
    client: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """`created_at` in Unix seconds. E-mail only for the person and operators, else empty."""

    id: str
    login: str
    display_name: str
    roles: list[str] = field(default_factory=list)
    groups: list[str] = field(default_factory=list)
    disabled: bool = False
    email: str = ""
    locale: str = ""
    created_at: float = 0.0
    requested_role: str = ""
    request_reason: str = ""
    unread: int = 0


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
class UpdateProfile:
    """What is None stays. Changing e-mail or password needs `current_password`."""

    display_name: Annotated[
        str | None, CleanString(load_default=None, allow_none=True, validate=ma.validate.Length(1, 80))
    ] = None
    email: Annotated[str | None, ma.fields.Email(load_default=None, allow_none=True)] = None
    password: Annotated[
        str | None, CleanString(load_default=None, allow_none=True, validate=ma.validate.Length(10, 200))
    ] = None
    current_password: str | None = None
    locale: Literal["en", "zh", ""] | None = None


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
    """`sealed` is a base64 libsodium sealed box for pr_bot's key `key_id`, made at the gateway's edge."""

    sealed: str
    key_id: str
    masked: str
    github_login: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class GitHubTokenState:
    """`masked` such as `ghp_…a1b2`; never the token."""

    present: bool
    masked: str = ""
    github_login: str = ""
    stored_at: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class SealedGitHubToken:
    """For pr_bot alone."""

    present: bool
    sealed: str = ""
    key_id: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonRef:
    id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PeopleQuery:
    """By ids or by logins (in any case); unknown ones are absent from the answer."""

    ids: list[str] = field(default_factory=list)
    logins: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonName:
    id: str
    login: str
    display_name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class People:
    items: list[PersonName] = field(default_factory=list)


@dataclass(frozen=True, slots=True, kw_only=True)
class UsersQuery:
    q: str = ""
    role: str = ""
    requested: bool = False
    page: int = 1
    per_page: int = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class UsersPage:
    items: list[Person] = field(default_factory=list)
    total: int = 0
    page: int = 1
    per_page: int = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeUser:
    """An operator's change: roles to add and remove, disabling; what is None stays."""

    login: Login
    add_roles: list[Role] = field(default_factory=list)
    remove_roles: list[Role] = field(default_factory=list)
    disabled: bool | None = None
    reason: ShortText = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonAnswer:
    person: Person
    position: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestRole:
    role: Literal["maintainer", "reviewer"]
    reason: Reason


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """`members` are logins."""

    id: str
    name: str
    members: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True, kw_only=True)
class Groups:
    items: list[Group] = field(default_factory=list)
    total: int = 0
    page: int = 1
    per_page: int = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class CreateGroup:
    name: Annotated[str, CleanString(required=True, validate=ma.validate.Length(1, 80))]


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeGroup:
    """Logins to add and remove."""

    id: str
    add: list[str] = field(default_factory=list)
    remove: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupAnswer:
    group: Group
    position: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class NotificationsQuery:
    unread: bool = False
    page: int = 1
    per_page: int = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class Notification:
    """`kind` is an event's name, such as ModelPublished; `at` in Unix seconds; `path` a page of the hub."""

    id: int
    kind: str
    model_name: str
    revision: int
    text: str
    path: str
    at: float
    read: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Notifications:
    items: list[Notification] = field(default_factory=list)
    total: int = 0
    page: int = 1
    per_page: int = 50
    unread: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Mail:
    """A mail in the in-app outbox (no HUB_SMTP_URL); for operators."""

    id: int
    to: str
    subject: str
    text: str
    at: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Outbox:
    items: list[Mail] = field(default_factory=list)
    total: int = 0
    page: int = 1
    per_page: int = 200


class Identity(Service, Protocol):
    def sign_up(self, request: SignUp, caller: Caller) -> PersonAnswer: ...

    def create_account(self, request: CreateAccount, caller: Caller) -> PersonAnswer: ...

    def sign_in(self, request: SignIn, caller: Caller) -> SessionAnswer: ...

    def sign_out(self, request: SessionRef, caller: Caller) -> Done: ...

    def session(self, request: SessionRef, caller: Caller) -> Person:
        """NotFound where the session is unknown, expired, or its person disabled."""

    def authenticate(self, request: SessionRef, caller: Caller) -> TokenIdentity:
        """Whom an API token stands for; NotFound where it is unknown, expired or revoked."""

    def me(self, request: Empty, caller: Caller) -> Person: ...

    def update_profile(self, request: UpdateProfile, caller: Caller) -> PersonAnswer: ...

    def tokens(self, request: Empty, caller: Caller) -> ApiTokens: ...

    def issue_token(self, request: IssueToken, caller: Caller) -> IssuedToken:
        """A repeat of the same command is Conflict with `details.id`: the secret is gone."""

    def issue_token_for(self, request: IssueTokenFor, caller: Caller) -> IssuedToken: ...

    def revoke_token(self, request: TokenRef, caller: Caller) -> Done: ...

    def store_github_token(self, request: StoreGitHubToken, caller: Caller) -> GitHubTokenState: ...

    def clear_github_token(self, request: Empty, caller: Caller) -> GitHubTokenState: ...

    def github_token(self, request: Empty, caller: Caller) -> GitHubTokenState: ...

    def sealed_github_token(self, request: PersonRef, caller: Caller) -> SealedGitHubToken: ...

    def request_role(self, request: RequestRole, caller: Caller) -> PersonAnswer: ...

    def people(self, request: PeopleQuery, caller: Caller) -> People: ...

    def users(self, request: UsersQuery, caller: Caller) -> UsersPage: ...

    def change_user(self, request: ChangeUser, caller: Caller) -> PersonAnswer: ...

    def groups(self, request: Empty, caller: Caller) -> Groups: ...

    def create_group(self, request: CreateGroup, caller: Caller) -> GroupAnswer: ...

    def change_group(self, request: ChangeGroup, caller: Caller) -> GroupAnswer: ...

    def notifications(self, request: NotificationsQuery, caller: Caller) -> Notifications: ...

    def mark_read(self, request: Empty, caller: Caller) -> Done: ...

    def outbox(self, request: Empty, caller: Caller) -> Outbox: ...
