"""Review's facts: the verdict on each submitted revision. Stream `review-<lower-cased name>`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from shared.events import wire_names


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewRequested:
    model_name: str
    model_type: str
    revision: int
    document_sha256: str
    visibility: str
    submitter: str
    owners: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Approved:
    """`self_review`: the reviewer submitted it (HUB_SELF_REVIEW=yes), kept for the audit."""

    model_name: str
    revision: int
    document_sha256: str
    visibility: str
    reviewer: str
    feedback: str
    self_review: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Rejected:
    model_name: str
    revision: int
    document_sha256: str
    reviewer: str
    submitter: str
    feedback: str
    self_review: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewSuperseded:
    model_name: str
    revision: int
    by_revision: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewWithdrawn:
    model_name: str
    revision: int
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewCommented:
    """`path` is a JSON Pointer or empty; `line` counts from 1 in the document, 0 for none.

    `side`: `new` for a line of the revision's document, `old` for one of `against`, the revision it was compared with.
    """

    model_name: str
    revision: int
    author: str
    text: str
    path: str = ""
    line: int = 0
    side: str = "new"
    against: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewClaimed:
    model_name: str
    revision: int
    reviewer: str


EVENTS = wire_names(
    "review",
    ReviewRequested,
    Approved,
    Rejected,
    ReviewSuperseded,
    ReviewWithdrawn,
    ReviewCommented,
    ReviewClaimed,
)
UPCASTERS: dict[str, Callable[[dict[str, Any]], tuple[str, dict[str, Any]]]] = {}
