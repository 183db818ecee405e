"""What GitHub remembers besides git: people, tokens, repositories, pull requests and what is said on them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from tests.support.github.bare_repository import BareRepository


@dataclass(slots=True, kw_only=True, eq=False)
class User:
    id: int
    login: str
    kind: str = "User"

    @property
    def email(self) -> str:
        return f"{self.id}+{self.login}@users.noreply.github.com"


@dataclass(frozen=True, slots=True, kw_only=True)
class Token:
    """`scopes` are a classic token's, or the permissions to write of a fine-grained one."""

    value: str
    user: User
    scopes: tuple[str, ...]

    @property
    def fine_grained(self) -> bool:
        return self.value.startswith("github_pat_")

    def may_write(self, repository: Repository, permission: str) -> bool:
        if "repo" in self.scopes:
            return True
        return permission in self.scopes if self.fine_grained else "public_repo" in self.scopes


@dataclass(slots=True, kw_only=True, eq=False)
class Comment:
    id: int
    user: User
    body: str
    created_at: float
    updated_at: float


@dataclass(slots=True, kw_only=True, eq=False)
class Review:
    """`state` is APPROVED, CHANGES_REQUESTED or COMMENTED."""

    id: int
    user: User
    body: str
    state: str
    commit: str
    at: float


@dataclass(slots=True, kw_only=True, eq=False)
class LineComment:
    id: int
    user: User
    body: str
    path: str
    line: int
    commit: str
    hunk: str
    review: int
    created_at: float


@dataclass(slots=True, kw_only=True, eq=False)
class Check:
    """`conclusion` is empty until it has completed."""

    id: int
    name: str
    sha: str
    status: str
    conclusion: str
    at: float
    suite: int


@dataclass(slots=True, kw_only=True, eq=False)
class Status:
    """The older kind of check: `state` is error, failure, pending or success."""

    id: int
    context: str
    sha: str
    state: str
    at: float


@dataclass(slots=True, kw_only=True, eq=False)
class Release:
    id: int
    tag: str
    author: User
    target: str
    body: str
    created_at: float


@dataclass(slots=True, kw_only=True, eq=False)
class Label:
    id: int
    name: str
    color: str = "ededed"


@dataclass(slots=True, kw_only=True, eq=False)
class Pull:
    """`head_sha` follows pushes while it is open; `test_merge` is the commit that a merge would make."""

    id: int
    number: int
    user: User
    title: str
    body: str | None
    draft: bool
    head_repository: Repository
    head_ref: str
    head_sha: str
    base_ref: str
    base_sha: str
    created_at: float
    updated_at: float
    maintainer_can_modify: bool = False
    state: str = "open"
    closed_at: float | None = None
    merged_at: float | None = None
    merged_by: User | None = None
    merge_commit: str | None = None
    labels: list[Label] = field(default_factory=list)
    comments: list[Comment] = field(default_factory=list)
    reviews: list[Review] = field(default_factory=list)
    line_comments: list[LineComment] = field(default_factory=list)

    @property
    def node_id(self) -> str:
        return f"PR_{self.id}"

    @property
    def merged(self) -> bool:
        return self.merged_at is not None


@dataclass(slots=True, kw_only=True, eq=False)
class Repository:
    """`seen` are the references as last looked at; what differs from them now was pushed since."""

    id: int
    owner: User
    name: str
    git: BareRepository
    created_at: float
    parent: Repository | None = None
    private: bool = False
    appears_after: int = 0
    pushers: set[str] = field(default_factory=set)
    seen: dict[str, str] = field(default_factory=dict)
    pulls: dict[int, Pull] = field(default_factory=dict)
    numbers: int = 0
    labels: dict[str, Label] = field(default_factory=dict)
    releases: list[Release] = field(default_factory=list)
    checks: list[Check] = field(default_factory=list)
    statuses: list[Status] = field(default_factory=list)
    mergeable: dict[tuple[str, str], str | None] = field(default_factory=dict)
    comparisons: dict[tuple[str, ...], Any] = field(default_factory=dict)

    @property
    def full_name(self) -> str:
        return f"{self.owner.login}/{self.name}"

    def pushed_by(self, user: User) -> bool:
        return user is self.owner or user.login in self.pushers

    def visible_to(self, user: User) -> bool:
        return not self.private or self.pushed_by(user)
