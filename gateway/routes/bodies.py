"""Bodies and queries of the REST API where they differ from a contract's message: the path names the rest."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated, Literal

import marshmallow as ma

from shared.contracts.catalog.parameters import WholePage
from shared.contracts.common import ModelType, Reason, Role, ShortText, Visibility
from shared.contracts.identity import ApiToken, Person
from shared.contracts.registry import DocumentText, KeptReadme
from shared.contracts.review import Feedback, Line, Side
from shared.contracts.wire import CleanString

Page = Annotated[int, ma.fields.Integer(load_default=1, validate=ma.validate.Range(1, 1_000_000))]
PerPage = Annotated[int, ma.fields.Integer(load_default=50, validate=ma.validate.Range(1, 200))]


@dataclass(frozen=True, slots=True, kw_only=True)
class MinPosition:
    """`min_position`: positions that commands answered with, comma-separated."""

    min_position: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ListQuery:
    """Which part of a list that has no other filters."""

    page: Page = 1
    per_page: WholePage = 200
    min_position: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class AgainstQuery:
    against: int | None = None
    min_position: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class RevisionBody:
    """A new revision; `base_revision` is the model's latest, in any state. What is left out stays as there."""

    base_revision: int
    document: DocumentText
    type: ModelType | None = None
    readme: KeptReadme = None
    visibility: Visibility | None = None
    message: ShortText = ""
    submit: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class DraftBody:
    """A draft saved again; `base_sha256` is its document's hash as you saw it. What is left out stays."""

    base_sha256: str
    document: DocumentText
    type: ModelType | None = None
    readme: KeptReadme = None
    visibility: Visibility | None = None
    message: ShortText = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class OptionalReason:
    reason: ShortText = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReasonBody:
    reason: Reason


@dataclass(frozen=True, slots=True, kw_only=True)
class DeprecateBody:
    reason: Reason
    replacement: ShortText = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class VisibilityBody:
    visibility: Visibility
    reason: ShortText = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class MembersBody:
    """Logins (owners) or group names or ids to add and remove."""

    reason: Reason
    add: list[str] = field(default_factory=list)
    remove: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True, kw_only=True)
class FeatureBody:
    featured: bool
    reason: ShortText = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class VerdictBody:
    document_sha256: str
    feedback: Feedback = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class CommentBody:
    feedback: Feedback
    document_sha256: str = ""
    path: ShortText = ""
    line: Line = 0
    side: Side = "new"
    against: Line = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class SignInBody:
    """`login` may be the login or the e-mail."""

    login: Annotated[str, CleanString(required=True, validate=ma.validate.Length(1, 254))]
    password: Annotated[str, CleanString(required=True, validate=ma.validate.Length(1, 1000))]


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionState:
    """`person` is null for an anonymous visitor; `csrf_token` goes into X-CSRFToken."""

    csrf_token: str
    person: Person | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class GitHubTokenBody:
    token: Annotated[str, CleanString(required=True, validate=ma.validate.Length(1, 400))]


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenList:
    items: list[ApiToken]
    total: int
    page: int = 1
    per_page: int = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class UsersQueryArgs:
    q: Annotated[str, CleanString(load_default="", validate=ma.validate.Length(max=100))] = ""
    role: Literal["", "user", "maintainer", "reviewer", "operator"] = ""
    requested: bool = False
    page: Page = 1
    per_page: PerPage = 50
    min_position: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class UserBody:
    """`roles` sets them all; or add and remove some. `disabled` signs the person out everywhere."""

    roles: list[Role] | None = None
    add_roles: list[Role] = field(default_factory=list)
    remove_roles: list[Role] = field(default_factory=list)
    disabled: bool | None = None
    reason: ShortText = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupMembersBody:
    add: list[str] = field(default_factory=list)
    remove: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True, kw_only=True)
class NotificationsArgs:
    unread: bool = False
    page: Page = 1
    per_page: PerPage = 50
    min_position: str = ""
