"""Registry's facts: models, their revisions, and what is published. Stream `model-<lower-cased name>`.

`document` is exact JSON text (one record or an array of variants), `document_sha256` the hex
SHA-256 of its UTF-8 bytes. People are opaque ids. Visibilities: public, enterprise, private.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from shared.events import wire_names


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One finding of the validation beside a submission: `level` is ok, warning or error."""

    level: str
    message: str
    path: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class RevisionContent:
    """What a revision holds. `revision` counts from 1 in a model; `base_revision` is 0 for the first."""

    model_name: str
    model_type: str
    revision: int
    base_revision: int
    document: str
    document_sha256: str
    readme: str
    visibility: str
    message: str
    submitter: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RevisionDrafted(RevisionContent):
    """A draft was saved (again) under its number. The first event of a stream reserves the name."""

    checks: tuple[Check, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelSubmitted(RevisionContent):
    """The first submission of a model; the document carries its `updated_at`."""

    checks: tuple[Check, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelUpdated(RevisionContent):
    """A later submission. `merged_from` is the superseded revision a clean merge took over, or 0."""

    checks: tuple[Check, ...] = ()
    merged_from: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class RevisionWithdrawn:
    model_name: str
    revision: int
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelPublished:
    """`revision` is what everyone gets from now on. `reviewer` is empty where nobody had to approve."""

    model_name: str
    model_type: str
    revision: int
    document_sha256: str
    visibility: str
    reviewer: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RevisionRejected:
    """Registry knows of the verdict: the revision waits no longer. `feedback` is what its draft request says."""

    model_name: str
    revision: int
    feedback: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class PublicationSkipped:
    """An approval that published nothing, and why; the timeline shows it."""

    model_name: str
    revision: int
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelImported(RevisionContent):
    """A revision that came from upstream and is published at once; `submitter` is `upstream`.

    `origin` says where it was read, such as `xinference==4.1.0` or a commit id.
    `order` is its place in upstream's list of its type, from 0. `superseded` is the pending
    revision it displaced, or 0.
    """

    origin: str
    order: int
    superseded: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class SeenUpstream:
    """Upstream's main carries `revision` (our own change came back, or nothing differed)."""

    model_name: str
    revision: int
    origin: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RemovedUpstream:
    model_name: str
    origin: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportBlocked:
    """Upstream has content for a name that an unpublished model holds; an operator decides."""

    model_name: str
    origin: str
    reason: str
    document: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MergeConflicted:
    """Upstream moved under a pending revision and both changed the same fields; the owner merges."""

    model_name: str
    revision: int
    against: int
    paths: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class VisibilityNarrowed:
    model_name: str
    before: str
    visibility: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupsChanged:
    """Which groups (opaque ids) see an enterprise model."""

    model_name: str
    added: tuple[str, ...]
    removed: tuple[str, ...]
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnersChanged:
    model_name: str
    added: tuple[str, ...]
    removed: tuple[str, ...]
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FeaturedChanged:
    model_name: str
    featured: bool
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelDeprecated:
    model_name: str
    reason: str
    replacement: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelArchived:
    model_name: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelRestored:
    """Back to published (or unpublished, if it never was) from deprecated or archived."""

    model_name: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelQuarantined:
    model_name: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class QuarantineLifted:
    model_name: str
    reason: str


EVENTS = wire_names(
    "registry",
    RevisionDrafted,
    ModelSubmitted,
    ModelUpdated,
    RevisionWithdrawn,
    ModelPublished,
    RevisionRejected,
    PublicationSkipped,
    ModelImported,
    SeenUpstream,
    RemovedUpstream,
    ImportBlocked,
    MergeConflicted,
    VisibilityNarrowed,
    GroupsChanged,
    OwnersChanged,
    FeaturedChanged,
    ModelDeprecated,
    ModelArchived,
    ModelRestored,
    ModelQuarantined,
    QuarantineLifted,
)
UPCASTERS: dict[str, Callable[[dict[str, Any]], tuple[str, dict[str, Any]]]] = {}
