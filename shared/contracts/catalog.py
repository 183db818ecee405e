"""Catalog: every read of models, revisions, reviews, pull requests, timeline and audit; and the feed.

People are opaque ids here; the gateway puts names to them. Times are Unix seconds. Every read takes
`min_position` (comma-separated `<service>:<n>`), waits for them 2 s at most for signed-in callers,
and says `stale` in its answer where it did not get there.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated, Any, Literal, Protocol

import marshmallow as ma

from shared.contracts.common import Caller, Done, Empty, ModelName, Service
from shared.contracts.wire import CleanString

Page = Annotated[int, ma.fields.Integer(load_default=1, validate=ma.validate.Range(1, 1_000_000))]
PerPage = Annotated[int, ma.fields.Integer(load_default=20, validate=ma.validate.Range(1, 200))]
SizeB = Annotated[float | None, ma.fields.Float(load_default=None, allow_none=True, validate=ma.validate.Range(0))]
QueryText = Annotated[str, CleanString(load_default="", validate=ma.validate.Length(max=300))]


@dataclass(frozen=True, slots=True, kw_only=True)
class FindModels:
    """Each list means any-of for type and source, all-of for ability; sizes in billions of parameters."""

    q: QueryText = ""
    type: list[str] = field(default_factory=list)
    ability: list[str] = field(default_factory=list)
    engine: list[str] = field(default_factory=list)
    format: list[str] = field(default_factory=list)
    quantization: list[str] = field(default_factory=list)
    source: list[str] = field(default_factory=list)
    language: list[str] = field(default_factory=list)
    size_min_b: SizeB = None
    size_max_b: SizeB = None
    featured: bool | None = None
    status: Literal["", "published", "deprecated", "archived", "quarantined", "unpublished"] = ""
    sort: Literal["", "-updated", "name", "size", "relevance"] = ""
    page: Page = 1
    per_page: PerPage = 20
    min_position: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class FacetCount:
    value: str
    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelRow:
    """One model in a list. `state` is the model's axis; `pending` the revision that waits, 0 for none."""

    name: str
    type: str
    description: str
    visibility: str
    state: str
    revision: int
    updated_at: int
    featured: bool = False
    pending: int = 0
    abilities: list[str] = field(default_factory=list)
    languages: list[str] = field(default_factory=list)
    formats: list[str] = field(default_factory=list)
    quantizations: list[str] = field(default_factory=list)
    sources: list[str] = field(default_factory=list)
    engines: list[str] = field(default_factory=list)
    sizes_b: list[float] = field(default_factory=list)
    context_length: int = 0
    withheld: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelPage:
    """`total` counts all matches; facets of every value that occurs among them, most frequent first."""

    items: list[ModelRow] = field(default_factory=list)
    total: int = 0
    page: int = 1
    per_page: int = 20
    facets: dict[str, list[FacetCount]] = field(default_factory=dict)
    stale: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadModel:
    name: ModelName
    min_position: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class PendingRevision:
    revision: int
    state: str
    submitter: str
    submitted_at: float
    visibility: str
    message: str = ""
    document_sha256: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class PullRequest:
    """The pull request's axis of state and what its page shows. `age_at` is its last change."""

    name: str
    type: str = ""
    state: str = "none"
    number: int = 0
    url: str = ""
    branch: str = ""
    base: str = ""
    title: str = ""
    body: str = ""
    draft: bool = False
    head_sha: str = ""
    base_sha: str = ""
    diff: str = ""
    reason: str = ""
    next_try_at: int = 0
    revision: int = 0
    opened_as: str = ""
    opened_at: float = 0.0
    changed_at: float = 0.0
    stale: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ReleaseSpan:
    """`effect`: loads, reject, poison, fatal or replaced; `first` to `last` Xinference release."""

    first: str
    last: str
    effect: str
    why: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedPresence:
    """Whether clients get the model, and if not why; `repaired` says what the feed rewrote."""

    served: bool
    reason: str = ""
    repaired: str = ""
    releases: list[ReleaseSpan] = field(default_factory=list)


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelDetail:
    """The published revision (or, for those who may see it, the latest where none is published).

    `document` is exact JSON text; `maintainers` are opaque ids; `latest_revision` is the newest in any state.
    `pull_request` comes without body and diff. `notices`, for managers, are `<slug>: <detail>`:
    removed-upstream, import-blocked, merge-conflict.
    """

    name: str
    type: str
    visibility: str
    state: str
    revision: int
    revision_state: str
    latest_revision: int
    document: str
    document_sha256: str
    readme: str
    updated_at: int
    summary: ModelRow
    feed: FeedPresence
    maintainers: list[str] = field(default_factory=list)
    groups: list[str] = field(default_factory=list)
    pending: PendingRevision | None = None
    pull_request: PullRequest | None = None
    origin: str = ""
    reason: str = ""
    replacement: str = ""
    notices: list[str] = field(default_factory=list)
    stale: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class RevisionRow:
    """`served`: clients get this one now. `state`: draft, submitted, approved, rejected, withdrawn, superseded."""

    revision: int
    state: str
    submitter: str
    created_at: float
    message: str
    visibility: str
    document_sha256: str
    base_revision: int
    served: bool = False
    origin: str = ""
    feedback: str = ""
    reviewer: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Revisions:
    items: list[RevisionRow] = field(default_factory=list)
    total: int = 0
    page: int = 1
    per_page: int = 200
    stale: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadRevision:
    name: ModelName
    revision: int
    min_position: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Revision:
    name: str
    type: str
    row: RevisionRow
    document: str
    readme: str
    updated_at: int
    checks: list[dict[str, Any]] = field(default_factory=list)
    stale: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadDiff:
    """`against` 0 compares with nothing: everything is added. None takes the revision's base."""

    name: ModelName
    revision: int
    against: int | None = None
    min_position: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """`op`: add, remove or change; `before` and `after` are JSON text or None; `label` is for people."""

    path: str
    op: str
    before: str | None = None
    after: str | None = None
    label: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Diff:
    """`text` and `readme` are unified diffs, empty where nothing differs."""

    text: str = ""
    readme: str = ""
    changes: list[Change] = field(default_factory=list)
    against: int = 0
    stale: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class TimelineEntry:
    """`what` is the event's name, `why` its reason, message or feedback; `actor` an opaque id.

    `subject` is the event's stream: `user-<opaque id>` and `group-<id>` say whom identity's lines are about.
    """

    at: float
    actor: str
    what: str
    why: str = ""
    revision: int = 0
    position: str = ""
    model_name: str = ""
    subject: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Timeline:
    """Newest first."""

    items: list[TimelineEntry] = field(default_factory=list)
    total: int = 0
    page: int = 1
    per_page: int = 200
    stale: bool = False


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
    state: Literal["pending", "approved", "rejected", "all"] = "pending"
    type: str = ""
    q: QueryText = ""
    sort: Literal["age", "-age"] = "age"
    page: Page = 1
    per_page: PerPage = 50
    min_position: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewRow:
    """`age_s` since submission; `state`: pending, approved, rejected, superseded, withdrawn; `new`: a first revision."""

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
    author: str
    text: str
    at: float
    path: str = ""
    line: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewDetail:
    """What the review page shows. `base` is the published revision it is compared with, 0 for none."""

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


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadChanges:
    """`after` is `registry:<n>`, or empty for the start."""

    after: str = ""
    limit: Annotated[int, ma.fields.Integer(load_default=100, validate=ma.validate.Range(1, 200))] = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class PublishedChange:
    """`what`: published, removed (no longer public, archived, quarantined), deprecated, restored."""

    position: str
    at: float
    name: str
    type: str
    what: str
    revision: int = 0
    document_sha256: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Changes:
    """In order of registry's positions; `next` is the `after` of the next call."""

    items: list[PublishedChange] = field(default_factory=list)
    next: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadFeed:
    """One type's feed, or a single refresh with `model_name`.

    The caller's own private and granted enterprise models are added where the caller is signed in.
    `etag` is what the asker holds: an equal one answers without a body.
    """

    type: str
    model_name: str = ""
    etag: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Feed:
    """`body` is JSON text, empty where `unchanged`."""

    etag: str
    body: str = ""
    unchanged: bool = False
    served: int = 0
    withheld: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedVersions:
    """The etag of each type's public feed now, and the catalog's position they stand for."""

    etags: dict[str, str] = field(default_factory=dict)
    version: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class FindAudit:
    """Security and model events of all logs; `since`/`until` in Unix seconds, 0 for open."""

    q: QueryText = ""
    actor: str = ""
    what: str = ""
    since: float = 0.0
    until: float = 0.0
    page: Page = 1
    per_page: PerPage = 50
    min_position: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class CatalogVersion:
    """Changes with every applied event that any anonymous page could show; for caches."""

    version: str
    rebuilding: bool = False
    public_models: int = 0


class Catalog(Service, Protocol):
    def version(self, request: Empty, caller: Caller) -> CatalogVersion: ...

    def models(self, request: FindModels, caller: Caller) -> ModelPage: ...

    def model(self, request: ReadModel, caller: Caller) -> ModelDetail: ...

    def revisions(self, request: ReadModel, caller: Caller) -> Revisions: ...

    def revision(self, request: ReadRevision, caller: Caller) -> Revision: ...

    def diff(self, request: ReadDiff, caller: Caller) -> Diff: ...

    def timeline(self, request: ReadModel, caller: Caller) -> Timeline: ...

    def pull_request(self, request: ReadModel, caller: Caller) -> PullRequest: ...

    def my_models(self, request: FindMyModels, caller: Caller) -> MyModels: ...

    def reviews(self, request: FindReviews, caller: Caller) -> Reviews: ...

    def review(self, request: ReadRevision, caller: Caller) -> ReviewDetail: ...

    def pulls(self, request: FindPulls, caller: Caller) -> Pulls: ...

    def changes(self, request: ReadChanges, caller: Caller) -> Changes: ...

    def feed(self, request: ReadFeed, caller: Caller) -> Feed:
        """NotFound for an unknown, hidden or dangerous `model_name`."""

    def feed_versions(self, request: Empty, caller: Caller) -> FeedVersions: ...

    def audit(self, request: FindAudit, caller: Caller) -> Timeline: ...

    def rebuild(self, request: Empty, caller: Caller) -> Done:
        """Starts a new generation of the read models beside the served one."""
