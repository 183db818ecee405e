"""What a list of models and one model say."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from shared.contracts.catalog.parameters import FitsGb, Page, PerPage, QueryText, SizeB
from shared.contracts.common import ModelName


@dataclass(frozen=True, slots=True, kw_only=True)
class FindModels:
    """Each list means any-of for type and source, all-of for ability; sizes in billions of parameters.

    `fits_gb`: some build wants no more memory than this, as shared/model_memory.py estimates it.
    """

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
    fits_gb: FitsGb = None
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
    """One model in a list. `state` is the model's axis; `pending` the revision that waits, 0 for none.

    `least_gb`: an estimate of the memory that its most frugal build wants, 0 where its size is unknown.
    `remote_code`: clients that launch it run code from its repository.
    """

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
    least_gb: float = 0.0
    remote_code: bool = False
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
class PullCheck:
    """One of upstream's automatic checks: `state` is pending, success, failure or neutral."""

    name: str
    state: str
    url: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class PullRemark:
    """What somebody said on the request upstream, as plain Markdown; `by` is their name there.

    `kind`: comment, review, or line (of the file at `path`). `verdict` of a review: approved, changes_requested,
    commented. `edited`: it once said something else. `at` in Unix seconds.
    """

    by: str
    text: str
    at: int
    kind: str
    url: str = ""
    path: str = ""
    verdict: str = ""
    edited: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class PullRequest:
    """The pull request's axis of state and what its page shows.

    `checks_state` is the worst of `checks`: failure, pending, success, neutral, empty where none has reported.
    `first_release` is the first of upstream's that carries what was merged. `together_with`: the other models that the
    same request carries. Lists leave `checks`, `remarks` and `together_with` out.
    The gateway adds, for who is signed in, `place`, counted from 1 among all that wait for the bot (0: does not wait),
    and `waits_because`, pr_bot's UpstreamState's, with `next_try_at` for when that is over.
    """

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
    checks_state: str = ""
    checks: list[PullCheck] = field(default_factory=list)
    remarks: list[PullRemark] = field(default_factory=list)
    first_release: str = ""
    together_with: list[str] = field(default_factory=list)
    place: int = 0
    waits_because: str = ""
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
class CatalogVersion:
    """Changes with every applied event that any anonymous page could show; for caches.

    `version` is two numbers, such as `2.417`: generation and change in it. It is the database's, so that of two
    replicas' answers the higher one is the newer. `catalog:2.417` in a `min_position` has the answering replica
    show at least that; it costs no wait, and so it counts for everyone.
    """

    version: str
    rebuilding: bool = False
    public_models: int = 0
