"""Review: the verdict on each submitted revision."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal, Protocol

import marshmallow as ma

from shared.contracts.common import Caller, ModelName, Service, ShortText
from shared.contracts.wire import CleanString

Feedback = Annotated[str, CleanString(load_default="", validate=ma.validate.Length(max=20000))]
Line = Annotated[int, ma.fields.Integer(strict=True, load_default=0, validate=ma.validate.Range(0, 10_000_000))]
Side = Literal["new", "old"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """`document_sha256` binds the verdict to the content that was read; `feedback` is required to reject."""

    name: ModelName
    revision: int
    document_sha256: str
    feedback: Feedback = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Comment:
    """`line` counts from 1 in the document, 0 for none; `path` is a JSON Pointer or empty.

    The document is the revision's; with `side` `old` that of `against`, the revision it was compared with.
    """

    name: ModelName
    revision: int
    feedback: Feedback = ""
    document_sha256: str = ""
    path: ShortText = ""
    line: Line = 0
    side: Side = "new"
    against: Line = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    name: ModelName
    revision: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """The caller has this revision's review before them."""

    name: ModelName
    revision: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Looked:
    """`previous`: the newest earlier revision that the caller had looked at, 0 for none."""

    previous: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewAnswer:
    """`state`: pending, approved, rejected, superseded, withdrawn. `position` covers the verdict."""

    name: str
    revision: int
    state: str
    position: str


class Review(Service, Protocol):
    def approve(self, request: Verdict, caller: Caller) -> ReviewAnswer: ...

    def reject(self, request: Verdict, caller: Caller) -> ReviewAnswer: ...

    def comment(self, request: Comment, caller: Caller) -> ReviewAnswer: ...

    def claim(self, request: Claim, caller: Caller) -> ReviewAnswer: ...

    def look(self, request: Look, caller: Caller) -> Looked: ...
