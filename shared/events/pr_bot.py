"""pr_bot's facts. Streams `pullrequest-<name>`, each public model's request, and `upstream-<name>`, what main holds."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from shared.events import wire_names


@dataclass(frozen=True, slots=True, kw_only=True)
class PullRequestFacts:
    """A pull request as it stands after a step.

    `revision` is the hub's revision its head carries. `diff` is a unified diff of the whole
    request against its base, cut at 200,000 characters. `opened_as`: default or the login
    whose personal token opened it. `number` counts in the upstream; `url` may be empty (local).
    """

    model_name: str
    number: int
    url: str
    branch: str
    base: str
    title: str
    body: str
    draft: bool
    head_sha: str
    base_sha: str
    revision: int
    document_sha256: str
    diff: str
    opened_as: str = "default"


@dataclass(frozen=True, slots=True, kw_only=True)
class PullRequestQueued:
    """The model is due; nothing is open yet. `reason` says what else it waits for, if anything."""

    model_name: str
    revision: int
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class PullRequestOpened(PullRequestFacts):
    pass


@dataclass(frozen=True, slots=True, kw_only=True)
class PullRequestUpdated(PullRequestFacts):
    """New content, base, title or body; also draft again while the branch carries unpublished content."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PullRequestReady(PullRequestFacts):
    """No longer a draft: what it carries is published in the hub."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PullRequestSkipped:
    """No pull request is needed: `reason` says why (already upstream, README only, private…)."""

    model_name: str
    revision: int
    state: str  # noop or none
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PullRequestMerged:
    model_name: str
    number: int
    merge_sha: str
    revision: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PullRequestClosed:
    """`by` is `hub` (withdrawn, superseded, no longer public) or `upstream` (a person closed it there)."""

    model_name: str
    number: int
    by: str
    state: str  # closed or superseded
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PullRequestReopened(PullRequestFacts):
    pass


@dataclass(frozen=True, slots=True, kw_only=True)
class PullRequestFailed:
    """A step failed and is tried again at `next_try_at` (Unix seconds)."""

    model_name: str
    revision: int
    reason: str
    attempts: int
    next_try_at: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PullRequestPaused:
    """The bot stopped until a person decides: someone's commit on the branch, a revoked token, a conflict.

    `cause` is `token` where the token of the account that acts was refused.
    """

    model_name: str
    revision: int
    state: str  # paused or conflicted
    reason: str
    cause: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class UpstreamChanged:
    """What upstream's branch holds for a model since `commit`; an empty `document` means it is gone there."""

    model_name: str
    model_type: str
    document: str
    document_sha256: str
    path: str
    commit: str
    order: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckResult:
    """One of upstream's automatic checks: `state` is pending, success, failure or neutral."""

    name: str
    state: str
    url: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PullRequestChecked:
    """What upstream's automation says of a commit of the request; `state` is the worst of `checks`."""

    model_name: str
    number: int
    head_sha: str
    state: str
    checks: tuple[CheckResult, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class PullRequestRemarked:
    """What a person said on the request upstream; told again, under the same `remark_id`, where it was edited.

    `kind` is comment, review or line; `verdict` a review's: approved, changes_requested or commented.
    `author` is their name there, `text` is cut at 4,000 characters, `at` in Unix seconds; `path` the file of a line.
    """

    model_name: str
    number: int
    remark_id: str
    kind: str
    author: str
    text: str
    url: str
    at: int
    path: str = ""
    verdict: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReleasedUpstream:
    """`release` is upstream's first release tag that carries what was merged as `merge_sha`."""

    model_name: str
    number: int
    merge_sha: str
    release: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PullRequestsControlled:
    """An operator paused all requests or let them go on, or set how many may be: 0 is as many as there are.

    `most_open` at once, `most_per_hour` opened in any hour. `batch`: what is published of one owner goes in one
    request. Stream `pullrequests`.
    """

    paused: bool
    most_open: int
    most_per_hour: int
    reason: str
    batch: bool = False


EVENTS = wire_names(
    "pr_bot",
    PullRequestQueued,
    PullRequestOpened,
    PullRequestUpdated,
    PullRequestReady,
    PullRequestSkipped,
    PullRequestMerged,
    PullRequestClosed,
    PullRequestReopened,
    PullRequestFailed,
    PullRequestPaused,
    PullRequestChecked,
    PullRequestRemarked,
    ReleasedUpstream,
    PullRequestsControlled,
    UpstreamChanged,
)
UPCASTERS: dict[str, Callable[[dict[str, Any]], tuple[str, dict[str, Any]]]] = {}
