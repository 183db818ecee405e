"""The verdict on each submitted revision: requested, then approved, rejected, superseded or withdrawn. Pure."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from shared.errors import Conflict, Forbidden, Invalid, NotFound
from shared.events import review as facts

PENDING, APPROVED, REJECTED = "pending", "approved", "rejected"
SUPERSEDED, WITHDRAWN = "superseded", "withdrawn"
NEW, OLD = "new", "old"


class ReviewNotFound(NotFound):
    slug = "review-not-found"


class ReviewAlreadyClosed(Conflict):
    slug = "review-closed"


class ContentDiffers(Conflict):
    slug = "content-differs"


class OwnSubmission(Forbidden):
    slug = "own-submission"


class NotReviewer(Forbidden):
    slug = "not-reviewer"


class FeedbackMissing(Invalid):
    slug = "feedback-missing"


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One submitted revision and where its verdict stands."""

    revision: int
    document_sha256: str
    visibility: str
    submitter: str
    state: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Reviews:
    """A model's reviews by revision number."""

    name: str = ""
    items: dict[int, Item] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reviewer:
    """`owns`: is among the model's owners. `may_review_own`: HUB_SELF_REVIEW=yes."""

    id: str
    roles: Collection[str]
    owns: bool = False
    may_review_own: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a comment stands; `line` 0 is nowhere in particular. An `old` line is one of revision `against`."""

    path: str = ""
    line: int = 0
    side: str = NEW
    against: int = 0


NOWHERE = Place()


def evolve(reviews: Reviews, event: Any) -> Reviews:
    """The reviews after `event`; an unknown event changes nothing."""
    match event:
        case facts.ReviewRequested():
            item = Item(
                revision=event.revision,
                document_sha256=event.document_sha256,
                visibility=event.visibility,
                submitter=event.submitter,
                state=PENDING,
            )
            return replace(reviews, name=event.model_name, items={**reviews.items, event.revision: item})
        case facts.Approved():
            return _closed(reviews, event.revision, APPROVED)
        case facts.Rejected():
            return _closed(reviews, event.revision, REJECTED)
        case facts.ReviewSuperseded():
            return _closed(reviews, event.revision, SUPERSEDED)
        case facts.ReviewWithdrawn():
            return _closed(reviews, event.revision, WITHDRAWN)
        case _:
            return reviews


def _closed(reviews: Reviews, revision: int, state: str) -> Reviews:
    item = reviews.items.get(revision)
    if item is None:
        return reviews
    return replace(reviews, items={**reviews.items, revision: replace(item, state=state)})


def request_review(reviews: Reviews, *, requested: facts.ReviewRequested) -> Sequence[Any]:
    """A newer submission supersedes the pending verdict; a repeat changes nothing."""
    if requested.revision in reviews.items:
        return []
    return [*supersede_pending(reviews, by_revision=requested.revision), requested]


def supersede_pending(reviews: Reviews, *, by_revision: int) -> Sequence[Any]:
    """Every verdict that still waits is no longer asked for."""
    return [
        facts.ReviewSuperseded(model_name=reviews.name, revision=item.revision, by_revision=by_revision)
        for item in reviews.items.values()
        if item.state == PENDING and item.revision < by_revision
    ]


def withdraw(reviews: Reviews, *, revision: int, reason: str) -> Sequence[Any]:
    """A verdict that was given stands; a pending one is no longer asked for."""
    item = reviews.items.get(revision)
    if item is None or item.state != PENDING:
        return []
    return [facts.ReviewWithdrawn(model_name=reviews.name, revision=revision, reason=reason)]


def approve(
    reviews: Reviews, *, name: str, revision: int, document_sha256: str, feedback: str, reviewer: Reviewer
) -> Sequence[Any]:
    """The approval is bound to the content's hash."""
    item = _open_item(reviews, name, revision, document_sha256, reviewer)
    return [
        facts.Approved(
            model_name=reviews.name,
            revision=revision,
            document_sha256=document_sha256,
            visibility=item.visibility,
            reviewer=reviewer.id,
            feedback=feedback,
            self_review=_is_own(item, reviewer),
        )
    ]


def reject(
    reviews: Reviews, *, name: str, revision: int, document_sha256: str, feedback: str, reviewer: Reviewer
) -> Sequence[Any]:
    """Rejecting needs feedback: the submitter must know what to change."""
    item = _open_item(reviews, name, revision, document_sha256, reviewer)
    if not feedback.strip():
        raise FeedbackMissing(
            f"model {name}, revision {revision}: a rejection needs feedback; say what the submitter should change",
            details={"errors": [{"path": "/feedback", "message": "Say what the submitter should change."}]},
        )
    return [
        facts.Rejected(
            model_name=reviews.name,
            revision=revision,
            document_sha256=document_sha256,
            reviewer=reviewer.id,
            submitter=item.submitter,
            feedback=feedback,
            self_review=_is_own(item, reviewer),
        )
    ]


def comment(
    reviews: Reviews, *, name: str, revision: int, text: str, at: Place = NOWHERE, author: Reviewer
) -> Sequence[Any]:
    """Reviewers, operators, the submitter and owners talk about a revision, also after its verdict."""
    item = _item(reviews, name, revision)
    if not _reviews(author) and not _is_own(item, author):
        raise NotReviewer(f"model {name}, revision {revision}: only its owners and reviewers may comment")
    if not text.strip():
        raise Invalid(
            f"model {name}, revision {revision}: the comment is empty; write something",
            details={"errors": [{"path": "/feedback", "message": "Write something."}]},
        )
    if at.side == OLD and at.line and not 0 < at.against < revision:
        raise Invalid(
            f"model {name}, revision {revision}: a removed line belongs to an earlier revision; "
            f"expected its number in against, found {at.against}",
            details={"errors": [{"path": "/against", "message": "Name the earlier revision that has the line."}]},
        )
    return [
        facts.ReviewCommented(
            model_name=reviews.name,
            revision=revision,
            author=author.id,
            text=text,
            path=at.path,
            line=at.line,
            side=at.side if at.line else NEW,
            against=at.against if at.line and at.side == OLD else 0,
        )
    ]


def claim(reviews: Reviews, *, name: str, revision: int, reviewer: Reviewer) -> Sequence[Any]:
    """Tells other reviewers that somebody is at it; it locks nothing."""
    item = _item(reviews, name, revision)
    _require_reviewer(item, name, reviewer)
    if item.state != PENDING:
        return []
    return [facts.ReviewClaimed(model_name=reviews.name, revision=revision, reviewer=reviewer.id)]


def _item(reviews: Reviews, name: str, revision: int) -> Item:
    item = reviews.items.get(revision)
    if item is None:
        raise ReviewNotFound(f"model {name}: revision {revision} was not submitted to review; reload the review list")
    return item


def _open_item(reviews: Reviews, name: str, revision: int, document_sha256: str, reviewer: Reviewer) -> Item:
    item = _item(reviews, name, revision)
    _require_reviewer(item, name, reviewer)
    if item.state != PENDING:
        raise ReviewAlreadyClosed(
            f"model {name}, revision {revision}: expected a pending review, found it {item.state}; reload the page"
        )
    if item.document_sha256 != document_sha256:
        raise ContentDiffers(
            f"model {name}, revision {revision}: expected document {item.document_sha256[:8]}, found "
            f"{document_sha256[:8] or 'none'}; reload the page and read what is submitted now"
        )
    return item


def _require_reviewer(item: Item, name: str, reviewer: Reviewer) -> None:
    require_role(reviewer, name)
    if _is_own(item, reviewer) and not reviewer.may_review_own:
        raise OwnSubmission(f"model {name}, revision {item.revision}: it is your own; another reviewer must decide")


def require_role(person: Reviewer, name: str) -> None:
    """Raises NotReviewer."""
    if not _reviews(person):
        raise NotReviewer(f"model {name}: reviewing needs the reviewer role; ask an operator")


def _reviews(person: Reviewer) -> bool:
    return "reviewer" in person.roles or "operator" in person.roles


def _is_own(item: Item, person: Reviewer) -> bool:
    return person.owns or item.submitter == person.id
