"""What a model's stream says so far. `evolve` never raises on a known event."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

from shared import document
from shared.events import registry as facts

PRIVATE, ENTERPRISE, PUBLIC = "private", "enterprise", "public"
BREADTH = {PRIVATE: 0, ENTERPRISE: 1, PUBLIC: 2}

DRAFT, SUBMITTED, PUBLISHED = "draft", "submitted", "published"
WITHDRAWN, SUPERSEDED, REJECTED = "withdrawn", "superseded", "rejected"

UPSTREAM = "upstream"


@dataclass(frozen=True, slots=True, kw_only=True)
class Revision:
    """`state` is registry's part of the axis; the verdict is review's.

    `said` is why it was withdrawn or rejected; `reviewer` who approved it, empty where nobody had to.
    """

    number: int
    state: str
    content: facts.RevisionContent
    imported: bool = False
    said: str = ""
    reviewer: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Model:
    """`submitted` is the newest submission, pending or rejected, and `published` the served revision, 0 for none.

    `narrowed_at` is the latest revision when visibility was last narrowed: a verdict on an older
    submission does not widen it again. `seen_upstream` is the revision upstream's main carries.
    `removed_upstream` until a person decides: a submission or a restored model goes upstream again.
    """

    name: str = ""
    type: str = ""
    owners: frozenset[str] = frozenset()
    groups: frozenset[str] = frozenset()
    visibility: str = PRIVATE
    revisions: dict[int, Revision] = field(default_factory=dict)
    latest: int = 0
    submitted: int = 0
    published: int = 0
    ever_submitted: bool = False
    narrowed_at: int = 0
    lifecycle: str = "active"  # active, deprecated, archived
    quarantined: bool = False
    featured: bool = False
    order: int = -1
    seen_upstream: int = 0
    removed_upstream: bool = False
    blocked_origin: str = ""
    conflicted: int = 0

    @property
    def exists(self) -> bool:
        return self.latest > 0

    @property
    def state(self) -> str:
        """The model's axis: unpublished, published, deprecated, archived, quarantined."""
        if self.quarantined:
            return "quarantined"
        if self.lifecycle != "active":
            return self.lifecycle
        return "published" if self.published else "unpublished"

    @property
    def newest_updated_at(self) -> int:
        """The greatest `updated_at` any revision carries, 0 for none."""
        found = (
            document.newest_updated_at(revision.content.document)
            for revision in self.revisions.values()
            if revision.state != DRAFT
        )
        return max((stamp for stamp in found if stamp is not None), default=0)

    def revision(self, number: int) -> Revision | None:
        return self.revisions.get(number)

    def visibility_of(self, revision: Revision) -> str:
        """The revision's own visibility, or what the model was narrowed to since it was made."""
        own = revision.content.visibility
        if revision.number > self.narrowed_at:
            return own
        return min(own, self.visibility, key=lambda visibility: BREADTH[visibility])

    @property
    def served(self) -> Revision | None:
        """The published revision."""
        return self.revisions.get(self.published)

    @property
    def pending(self) -> Revision | None:
        """The submitted revision that waits for its verdict."""
        proposed = self.proposed
        return proposed if proposed is not None and proposed.state == SUBMITTED else None

    @property
    def proposed(self) -> Revision | None:
        """The newest submission, also after its rejection: its pull request stays a draft until it is revised."""
        return self.revisions.get(self.submitted)


def evolve(model: Model, event: Any) -> Model:
    """The model after `event`; an unknown event changes nothing."""
    match event:
        case facts.RevisionDrafted():
            return _with_revision(model, event, DRAFT)
        case facts.ModelSubmitted() | facts.ModelUpdated():
            return _submitted(model, event)
        case facts.RevisionWithdrawn():
            return _withdrawn(model, event)
        case facts.ModelPublished():
            return _published(model, event)
        case facts.RevisionRejected():
            return _set_state(model, event.revision, REJECTED, said=event.feedback)
        case facts.ModelImported():
            return _imported(model, event)
        case facts.SeenUpstream():
            return replace(model, seen_upstream=event.revision, removed_upstream=False)
        case facts.RemovedUpstream():
            return replace(model, removed_upstream=True, seen_upstream=0)
        case facts.ImportBlocked():
            return replace(model, blocked_origin=event.origin)
        case facts.MergeConflicted():
            return _conflicted(model, event)
        case _:
            return _evolve_lifecycle(model, event)


def _evolve_lifecycle(model: Model, event: Any) -> Model:
    match event:
        case facts.VisibilityNarrowed():
            return replace(model, visibility=event.visibility, narrowed_at=model.latest)
        case facts.GroupsChanged():
            return replace(model, groups=model.groups - set(event.removed) | set(event.added))
        case facts.OwnersChanged():
            return replace(model, owners=model.owners - set(event.removed) | set(event.added))
        case facts.FeaturedChanged():
            return replace(model, featured=event.featured)
        case facts.ModelDeprecated():
            return replace(model, lifecycle="deprecated")
        case facts.ModelArchived():
            return replace(model, lifecycle="archived")
        case facts.ModelRestored():
            return replace(model, lifecycle="active", removed_upstream=False)
        case facts.ModelQuarantined():
            return replace(model, quarantined=True)
        case facts.QuarantineLifted():
            return replace(model, quarantined=False)
        case _:
            return model


def _with_revision(model: Model, content: facts.RevisionContent, state: str, *, imported: bool = False) -> Model:
    revision = Revision(number=content.revision, state=state, content=content, imported=imported)
    first = not model.exists
    return replace(
        model,
        name=model.name or content.model_name,
        type=model.type or content.model_type,
        owners=frozenset({content.submitter}) if first and not imported else model.owners,
        visibility=model.visibility if model.published else content.visibility,
        revisions={**model.revisions, content.revision: revision},
        latest=max(model.latest, content.revision),
    )


def _set_state(model: Model, number: int, state: str, *, said: str = "", reviewer: str = "") -> Model:
    revision = model.revisions.get(number)
    if revision is None:
        return model
    after = replace(revision, state=state, said=said, reviewer=reviewer)
    return replace(model, revisions={**model.revisions, number: after})


def _submitted(model: Model, event: facts.RevisionContent) -> Model:
    older = model.pending
    before = _set_state(model, older.number, SUPERSEDED) if older and older.number != event.revision else model
    return replace(
        _with_revision(before, event, SUBMITTED),
        submitted=event.revision,
        ever_submitted=True,
        conflicted=0,
        removed_upstream=False,
    )


def _withdrawn(model: Model, event: facts.RevisionWithdrawn) -> Model:
    after = _set_state(model, event.revision, WITHDRAWN, said=event.reason)
    return replace(after, submitted=0, conflicted=0) if model.submitted == event.revision else after


def _published(model: Model, event: facts.ModelPublished) -> Model:
    after = _set_state(model, event.revision, PUBLISHED, reviewer=event.reviewer)
    pending = 0 if model.submitted == event.revision else model.submitted
    return replace(after, published=event.revision, submitted=pending, visibility=event.visibility)


def _imported(model: Model, event: facts.ModelImported) -> Model:
    before = _set_state(model, event.superseded, SUPERSEDED)
    after = _with_revision(before, event, PUBLISHED, imported=True)
    return replace(
        after,
        published=event.revision,
        submitted=0,
        visibility=event.visibility,
        ever_submitted=True,
        order=event.order if model.order < 0 else model.order,
        seen_upstream=event.revision,
        removed_upstream=False,
    )


def _conflicted(model: Model, event: facts.MergeConflicted) -> Model:
    return replace(model, conflicted=event.revision)
