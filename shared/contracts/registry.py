"""Registry: models, revisions, publication."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated, Any, Protocol

import marshmallow as ma

from shared.contracts.common import (
    Caller,
    Done,
    Empty,
    ModelName,
    ModelRef,
    ModelType,
    Reason,
    Service,
    ShortText,
    Visibility,
)
from shared.contracts.wire import CleanString

DocumentText = Annotated[str, CleanString(required=True, validate=ma.validate.Length(max=2 * 1024 * 1024))]
ReadmeText = Annotated[str, CleanString(load_default="", validate=ma.validate.Length(max=1024 * 1024))]
KeptReadme = Annotated[
    str | None, CleanString(load_default=None, allow_none=True, validate=ma.validate.Length(max=1024 * 1024))
]


@dataclass(frozen=True, slots=True, kw_only=True)
class RegisterModel:
    """`document` is JSON text: one record or an array of variants."""

    type: ModelType
    document: DocumentText
    readme: ReadmeText = ""
    visibility: Visibility = "private"
    message: ShortText = ""
    submit: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviseModel:
    """`base_revision` is the model's latest revision, in any state, as the editor saw it; None keeps what it has."""

    name: ModelName
    base_revision: int
    document: DocumentText
    type: ModelType | None = None
    readme: KeptReadme = None
    visibility: Visibility | None = None
    message: ShortText = ""
    submit: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class SaveDraft:
    """`base_sha256` is the draft's document hash as the editor saw it; None keeps what the draft has."""

    name: ModelName
    revision: int
    base_sha256: str
    document: DocumentText
    type: ModelType | None = None
    readme: KeptReadme = None
    visibility: Visibility | None = None
    message: ShortText = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class RevisionRef:
    name: ModelName
    revision: int
    reason: ShortText = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class RevisionAnswer:
    """`state` is the revision's: draft, submitted, approved (published at once), withdrawn."""

    name: str
    type: str
    revision: int
    state: str
    visibility: str
    document_sha256: str
    position: str
    unchanged: bool = False
    model_state: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class SetVisibility:
    name: ModelName
    visibility: Visibility
    reason: ShortText = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class VisibilityAnswer:
    """`narrowed`: it holds already; otherwise `revision` waits for its review."""

    name: str
    visibility: str
    narrowed: bool
    revision: int
    position: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeMembers:
    """Opaque ids of people (owners) or groups to add and remove."""

    name: ModelName
    reason: Reason
    add: list[str] = field(default_factory=list)
    remove: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True, kw_only=True)
class Lifecycle:
    name: ModelName
    reason: Reason
    replacement: ShortText = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Feature:
    name: ModelName
    featured: bool
    reason: ShortText = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class LifecycleAnswer:
    """`state` is the model's: unpublished, published, deprecated, archived, quarantined."""

    name: str
    state: str
    position: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DocumentInput:
    type: ModelType
    document: DocumentText


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """`path` is a JSON Pointer; `line` and `column` count from 1, 0 where unknown."""

    path: str
    message: str
    line: int = 0
    column: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class ValidationReport:
    ok: bool
    errors: list[Problem] = field(default_factory=list)
    warnings: list[Problem] = field(default_factory=list)


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadmeAnswer:
    readme: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TypeRef:
    type: ModelType


@dataclass(frozen=True, slots=True, kw_only=True)
class TypeDescription:
    """`title` is a name for people; `required` the members every record needs."""

    type: str
    title: str
    required: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True, kw_only=True)
class TypesAnswer:
    items: list[TypeDescription] = field(default_factory=list)
    total: int = 0
    page: int = 1
    per_page: int = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class SchemaAnswer:
    schema: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportedModel:
    """`order` is the place in upstream's list of its type, from 0; `name` the key where a document has none."""

    type: ModelType
    name: ModelName
    document: DocumentText
    order: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportModels:
    """`origin` says where they were read; at most 100 models a call."""

    origin: str
    models: list[ImportedModel] = field(default_factory=list)


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportProblem:
    name: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportAnswer:
    imported: int = 0
    unchanged: int = 0
    problems: list[ImportProblem] = field(default_factory=list)
    position: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class DesiredState:
    """What upstream should hold for a model, as registry sees it now.

    `wanted` is `content` (the pull request carries `document`), `removed` (a removal request) or
    `nothing` (`reason` says why: private, never submitted, withdrawn, README only, already upstream…).
    `revision` is the pending public revision if there is one, else the published one.
    `is_published` says whether that very revision is published (ready) or pending (draft).
    `submitter` is an opaque id, `upstream` for an import. `upstream_document` is what
    upstream was last seen to hold, empty where it holds nothing. `owners` are opaque ids.
    `rejected_revision` is `revision` where a reviewer rejected it and nothing newer was submitted, else 0;
    `rejected` is the feedback. `reviewer` is the opaque id of who approved it, empty while nobody has.
    `warnings` are what the hub's validation remarked at its submission. `latest_revision` is the newest in any state.
    `withdrawn`: it stands because a newer submission was taken back, as `reason` says.
    """

    name: str
    type: str
    wanted: str
    reason: str = ""
    revision: int = 0
    document: str = ""
    document_sha256: str = ""
    is_published: bool = False
    submitter: str = ""
    message: str = ""
    merge_conflict: bool = False
    upstream_document: str = ""
    position: str = ""
    owners: list[str] = field(default_factory=list)
    rejected: str = ""
    rejected_revision: int = 0
    reviewer: str = ""
    warnings: list[str] = field(default_factory=list)
    latest_revision: int = 0
    withdrawn: bool = False


class Registry(Service, Protocol):
    def register(self, request: RegisterModel, caller: Caller) -> RevisionAnswer: ...

    def revise(self, request: ReviseModel, caller: Caller) -> RevisionAnswer: ...

    def save_draft(self, request: SaveDraft, caller: Caller) -> RevisionAnswer: ...

    def submit(self, request: RevisionRef, caller: Caller) -> RevisionAnswer: ...

    def withdraw(self, request: RevisionRef, caller: Caller) -> RevisionAnswer: ...

    def set_visibility(self, request: SetVisibility, caller: Caller) -> VisibilityAnswer: ...

    def change_groups(self, request: ChangeMembers, caller: Caller) -> LifecycleAnswer: ...

    def change_owners(self, request: ChangeMembers, caller: Caller) -> LifecycleAnswer: ...

    def deprecate(self, request: Lifecycle, caller: Caller) -> LifecycleAnswer: ...

    def archive(self, request: Lifecycle, caller: Caller) -> LifecycleAnswer: ...

    def restore(self, request: Lifecycle, caller: Caller) -> LifecycleAnswer: ...

    def quarantine(self, request: Lifecycle, caller: Caller) -> LifecycleAnswer: ...

    def lift_quarantine(self, request: Lifecycle, caller: Caller) -> LifecycleAnswer: ...

    def feature(self, request: Feature, caller: Caller) -> LifecycleAnswer: ...

    def validate(self, request: DocumentInput, caller: Caller) -> ValidationReport: ...

    def readme_template(self, request: DocumentInput, caller: Caller) -> ReadmeAnswer: ...

    def types(self, request: Empty, caller: Caller) -> TypesAnswer: ...

    def schema(self, request: TypeRef, caller: Caller) -> SchemaAnswer: ...

    def import_models(self, request: ImportModels, caller: Caller) -> ImportAnswer: ...

    def desired_state(self, request: ModelRef, caller: Caller) -> DesiredState: ...

    def model_access(self, request: ModelRef, caller: Caller) -> Done:
        """Answers if the caller may manage the model (owner, shared, operator); NotFound or Forbidden otherwise."""
