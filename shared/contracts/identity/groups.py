"""Groups with access to enterprise models."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated

import marshmallow as ma

from shared.contracts.wire import CleanString


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
