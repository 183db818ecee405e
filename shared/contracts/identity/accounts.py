"""People, what they change of themselves, and what operators change of them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated, Literal

import marshmallow as ma

from shared.contracts.common import Reason, Role, ShortText
from shared.contracts.identity.parameters import Email, Login, Password
from shared.contracts.wire import CleanString


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
