"""Identity: people, roles, sessions, API tokens, sealed GitHub tokens, groups, notifications."""

from __future__ import annotations

from typing import Protocol

from shared.contracts.common import Caller, Done, Empty, Service
from shared.contracts.identity.access import (
    AllowDefaultToken,
    ApiToken,
    ApiTokens,
    GitHubTokenState,
    IssuedToken,
    IssueToken,
    IssueTokenFor,
    SealedGitHubToken,
    SessionAnswer,
    SessionRef,
    SignIn,
    StoreGitHubToken,
    TestedGitHubToken,
    TokenIdentity,
    TokenRef,
)
from shared.contracts.identity.accounts import (
    ChangeUser,
    CreateAccount,
    People,
    PeopleQuery,
    Person,
    PersonAnswer,
    PersonName,
    PersonRef,
    RequestRole,
    SignUp,
    UpdateProfile,
    UsersPage,
    UsersQuery,
)
from shared.contracts.identity.groups import ChangeGroup, CreateGroup, Group, GroupAnswer, Groups
from shared.contracts.identity.inbox import Mail, Notification, Notifications, NotificationsQuery, Outbox
from shared.contracts.identity.parameters import AnyPassword, Email, Login, Password, Scope, Secret

__all__ = [
    "AllowDefaultToken",
    "AnyPassword",
    "ApiToken",
    "ApiTokens",
    "ChangeGroup",
    "ChangeUser",
    "CreateAccount",
    "CreateGroup",
    "Email",
    "GitHubTokenState",
    "Group",
    "GroupAnswer",
    "Groups",
    "Identity",
    "IssueToken",
    "IssueTokenFor",
    "IssuedToken",
    "Login",
    "Mail",
    "Notification",
    "Notifications",
    "NotificationsQuery",
    "Outbox",
    "Password",
    "People",
    "PeopleQuery",
    "Person",
    "PersonAnswer",
    "PersonName",
    "PersonRef",
    "RequestRole",
    "Scope",
    "SealedGitHubToken",
    "Secret",
    "SessionAnswer",
    "SessionRef",
    "SignIn",
    "SignUp",
    "StoreGitHubToken",
    "TestedGitHubToken",
    "TokenIdentity",
    "TokenRef",
    "UpdateProfile",
    "UsersPage",
    "UsersQuery",
]


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

    def tested_github_token(self, request: TestedGitHubToken, caller: Caller) -> GitHubTokenState:
        """Keeps what the test found and tells by GitHubTokenChanged that it works.

        NotFound where none is stored, Conflict where it was replaced meanwhile.
        """

    def allow_default_token(self, request: AllowDefaultToken, caller: Caller) -> GitHubTokenState:
        """Gives or takes back the consent; told by GitHubTokenChanged where it changes."""

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
