"""Revisions, what they change, and what happened."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from shared.contracts.catalog.parameters import Page, PerPage, QueryText, RevisionNumbers, WholePage
from shared.contracts.common import ModelName


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
class ReadTimeline:
    name: ModelName
    page: Page = 1
    per_page: WholePage = 200
    min_position: str = ""


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
class ReadRevisionChanges:
    """Of each of these revisions, what it changed of its base."""

    name: ModelName
    revisions: RevisionNumbers
    min_position: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangedPlace:
    """`path` and `op` as in Change."""

    path: str
    op: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RevisionChanges:
    revision: int
    against: int
    places: list[ChangedPlace] = field(default_factory=list)


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangesOfRevisions:
    """Without revisions that the viewer may not see, and those whose base they may not see or that have none."""

    items: list[RevisionChanges] = field(default_factory=list)
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
