"""What maintainers and reviewers have before them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

from shared.contracts.catalog.history import Diff, RevisionRow
from shared.contracts.catalog.models import FeedPresence, ModelRow, PullRequest
from shared.contracts.catalog.parameters import Page, PerPage, QueryText


@dataclass(frozen=True, slots=True, kw_only=True)
class FindMyModels:
    page: Page = 1
    per_page: PerPage = 50
    min_position: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class MyModelRow:
    """A row of My Models: the four axes of state and what to do next (`next_step` is a slug).

    next_step: submit, wait-review, revise, none, merge, restore, pull-request.
    """

    summary: ModelRow
    latest_revision: int
    latest_state: str
    pull_request_state: str
    next_step: str
    feedback: str = ""
    changed_at: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class MyModels:
    items: list[MyModelRow] = field(default_factory=list)
    total: int = 0
    page: int = 1
    per_page: int = 50
    stale: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class FindReviews:
    """`submitter` is an opaque id, or a login where the gateway asks for its callers."""

    state: Literal["pending", "approved", "rejected", "all"] = "pending"
    type: str = ""
    q: QueryText = ""
    submitter: QueryText = ""
    sort: Literal["age", "-age"] = "age"
    page: Page = 1
    per_page: PerPage = 50
    min_position: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewRow:
    """`age_s` since submission; `state`: pending, approved, rejected, superseded, withdrawn; `new`: revision 1."""

    name: str
    revision: int
    type: str
    submitter: str
    submitted_at: float
    age_s: int
    state: str
    visibility: str
    message: str = ""
    new: bool = False
    claimed_by: str = ""
    reviewer: str = ""
    comments: int = 0
    checks: list[dict[str, Any]] = field(default_factory=list)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reviews:
    items: list[ReviewRow] = field(default_factory=list)
    total: int = 0
    page: int = 1
    per_page: int = 50
    stale: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewComment:
    """`line` counts from 1 in the document of `revision`, with `side` `old` of `against`; `quote` is its text."""

    author: str
    text: str
    at: float
    path: str = ""
    line: int = 0
    side: str = "new"
    against: int = 0
    revision: int = 0
    quote: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewComments:
    """Of one revision, oldest first."""

    items: list[ReviewComment] = field(default_factory=list)
    stale: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewPlace:
    name: str
    revision: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewNeighbours:
    """The way along what waits, the longest waiting first.

    `place` of `total`, 0 where this one waits no more: then `next` is what was asked for after it, else what
    waits longest.
    """

    previous: ReviewPlace | None = None
    next: ReviewPlace | None = None
    place: int = 0
    total: int = 0
    stale: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewDetail:
    """What the review page shows. `base` is the published revision it is compared with, 0 for none.

    `comments` are this revision's, `earlier` those of the revisions before it.
    """

    row: ReviewRow
    base: int
    document: str
    document_sha256: str
    readme: str
    diff: Diff
    feed: FeedPresence
    newer_revision: int = 0
    feedback: str = ""
    owners: list[str] = field(default_factory=list)
    comments: list[ReviewComment] = field(default_factory=list)
    earlier: list[ReviewComment] = field(default_factory=list)
    history: list[RevisionRow] = field(default_factory=list)
    pull_request: PullRequest | None = None
    stale: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class FindPulls:
    state: str = ""
    page: Page = 1
    per_page: PerPage = 50
    min_position: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pulls:
    """Rows without diff and body; `counts` by state."""

    items: list[PullRequest] = field(default_factory=list)
    total: int = 0
    page: int = 1
    per_page: int = 50
    counts: dict[str, int] = field(default_factory=dict)
    stale: bool = False
