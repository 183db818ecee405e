"""Registering, drafting, revising, submitting and withdrawing revisions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from services.registry.domain.access import Actor, require_management
from services.registry.domain.state import BREADTH, DRAFT, REJECTED, SUBMITTED, WITHDRAWN, Model, Revision
from shared import document
from shared.errors import Conflict, Invalid, NotFound
from shared.events import registry as facts


class NameTaken(Conflict):
    slug = "name-taken"


class StaleBase(Conflict):
    slug = "stale-base"


class RevisionClosed(Conflict):
    slug = "revision-closed"


class ModelArchivedError(Conflict):
    slug = "model-archived"


class RevisionNotFound(NotFound):
    slug = "revision-not-found"


@dataclass(frozen=True, slots=True, kw_only=True)
class Content:
    """What an editor sends. `document` has been validated as far as `submit` asks for."""

    name: str
    type: str
    document: str
    readme: str
    visibility: str
    message: str
    checks: tuple[facts.Check, ...] = ()


def register(model: Model, *, content: Content, submit: bool, actor: Actor, now: int) -> Sequence[Any]:
    """The first event of a stream reserves the name; of two racing claims one append wins."""
    if model.exists:
        raise NameTaken(
            f"model {content.name}: the name is taken (names are compared without regard to case); choose another name"
        )
    return [_revision_event(model, content, number=1, base=0, submit=submit, submitter=actor.id, now=now)]


def revise(
    model: Model, *, content: Content, base_revision: int, submit: bool, actor: Actor, now: int
) -> Sequence[Any]:
    """A new revision on the latest one; nothing where nothing differs from it."""
    require_management(model, content.name, actor)
    _require_active(model)
    _require_base(model, content, base_revision)
    _require_same_identity(model, content)
    if is_unchanged(model, content):
        return []
    return [
        _revision_event(
            model, content, number=model.latest + 1, base=base_revision, submit=submit, submitter=actor.id, now=now
        )
    ]


def is_unchanged(model: Model, content: Content) -> bool:
    """Document (`updated_at` aside), README and visibility equal the latest revision, which still stands."""
    latest = model.revisions[model.latest]
    return (
        latest.state != WITHDRAWN
        and model.visibility_of(latest) == content.visibility
        and latest.content.readme == content.readme
        and document.same(latest.content.document, content.document)
    )


def save_draft(model: Model, *, content: Content, number: int, base_sha256: str, actor: Actor) -> Sequence[Any]:
    """A draft keeps its number while it is a draft."""
    require_management(model, content.name, actor)
    draft = _require_revision(model, number)
    if draft.state != DRAFT:
        raise RevisionClosed(
            f"model {model.name}, revision {number}: expected a draft, found it {draft.state}; make a new revision"
        )
    if draft.content.document_sha256 != base_sha256:
        raise StaleBase(
            f"model {model.name}, draft {number}: someone saved it meanwhile (expected document {base_sha256[:8]}, "
            f"found {draft.content.document_sha256[:8]}); reload and apply your change again",
            details={"document_sha256": draft.content.document_sha256},
        )
    _require_same_identity(model, content)
    return [
        facts.RevisionDrafted(
            **_content(
                content, number=number, base=draft.content.base_revision, submitter=actor.id, text=content.document
            ),
            checks=content.checks,
        )
    ]


def submit_draft(
    model: Model, *, name: str, number: int, checks: tuple[facts.Check, ...], actor: Actor, now: int
) -> Sequence[Any]:
    """The number becomes immutable."""
    require_management(model, name, actor)
    _require_active(model)
    draft = _require_revision(model, number)
    if draft.state == SUBMITTED:
        return []
    if draft.state != DRAFT:
        raise RevisionClosed(
            f"model {model.name}, revision {number}: expected a draft, found it {draft.state}; make a new revision"
        )
    kept = draft.content
    content = Content(
        name=kept.model_name,
        type=kept.model_type,
        document=kept.document,
        readme=kept.readme,
        visibility=kept.visibility,
        message=kept.message,
        checks=checks,
    )
    return [
        _revision_event(
            model, content, number=number, base=kept.base_revision, submit=True, submitter=actor.id, now=now
        )
    ]


def withdraw(model: Model, *, name: str, number: int, reason: str, actor: Actor) -> Sequence[Any]:
    """Takes a draft, a pending or a rejected submission back, and its pull request; repeating it changes nothing."""
    require_management(model, name, actor)
    revision = _require_revision(model, number)
    if revision.state == WITHDRAWN:
        return []
    if revision.state not in (DRAFT, SUBMITTED, REJECTED):
        raise RevisionClosed(
            f"model {model.name}, revision {number}: expected a draft, a pending or a rejected submission, found it "
            f"{revision.state}; only those can be withdrawn"
        )
    return [facts.RevisionWithdrawn(model_name=model.name, revision=number, reason=reason)]


def change_visibility(
    model: Model, *, name: str, visibility: str, reason: str, actor: Actor, now: int
) -> Sequence[Any]:
    """Narrowing holds at once; widening is a submission of what is pending, or else of what is published.

    A draft has not been held to the rules yet: widening one makes a draft.
    """
    require_management(model, name, actor)
    _require_active(model)
    if visibility == model.visibility and not model.pending:
        return []
    if BREADTH[visibility] < BREADTH[model.visibility]:
        return [
            facts.VisibilityNarrowed(
                model_name=model.name, before=model.visibility, visibility=visibility, reason=reason
            )
        ]
    current = model.pending or model.served or model.revisions[model.latest]
    if current.content.visibility == visibility and current is model.pending:
        return []
    content = Content(
        name=model.name,
        type=model.type,
        document=current.content.document,
        readme=current.content.readme,
        visibility=visibility,
        message=reason or f"Make the model {visibility}",
        checks=getattr(current.content, "checks", ()),
    )
    return [
        _revision_event(
            model,
            content,
            number=model.latest + 1,
            base=model.latest,
            submit=model.ever_submitted and not isinstance(current.content, facts.RevisionDrafted),
            submitter=actor.id,
            now=now,
        )
    ]


def _revision_event(
    model: Model, content: Content, *, number: int, base: int, submit: bool, submitter: str, now: int
) -> Any:
    if not submit:
        return facts.RevisionDrafted(
            **_content(content, number=number, base=base, submitter=submitter, text=content.document),
            checks=content.checks,
        )
    text = stamped(model, content.document, now=now)
    kind = facts.ModelUpdated if model.ever_submitted else facts.ModelSubmitted
    return kind(**_content(content, number=number, base=base, submitter=submitter, text=text), checks=content.checks)


def stamped(model: Model, text: str, *, now: int) -> str:
    """`text` with a fresh `updated_at` on the records that differ from what is published."""
    base = model.served.content.document if model.served else None
    return document.stamp(text, max(now, model.newest_updated_at + 1), base_text=base)


def _content(content: Content, *, number: int, base: int, submitter: str, text: str) -> dict[str, Any]:
    return asdict(
        facts.RevisionContent(
            model_name=content.name,
            model_type=content.type,
            revision=number,
            base_revision=base,
            document=text,
            document_sha256=document.sha256(text),
            readme=content.readme,
            visibility=content.visibility,
            message=content.message,
            submitter=submitter,
        )
    )


def _require_active(model: Model) -> None:
    if model.lifecycle == "archived":
        raise ModelArchivedError(f"model {model.name}: it is archived; restore it first")


def _require_revision(model: Model, number: int) -> Revision:
    revision = model.revision(number)
    if revision is None:
        raise RevisionNotFound(
            f"model {model.name}: there is no revision {number}; it has revisions 1 to {model.latest}"
        )
    return revision


def _require_base(model: Model, content: Content, base_revision: int) -> None:
    if base_revision == model.latest:
        return
    base = model.revision(base_revision)
    if base is None:
        raise Invalid(
            f"model {model.name}: base_revision {base_revision} does not exist; the latest is {model.latest}",
            details={"errors": [{"path": "/base_revision", "message": f"Expected {model.latest}."}]},
        )
    latest = model.revisions[model.latest].content
    merge = document.merge(base.content.document, content.document, latest.document)
    raise StaleBase(
        f"model {model.name}: expected base_revision {model.latest}, found {base_revision}; "
        "someone changed the model meanwhile: look at the merge, then send it on the latest revision",
        details={
            "latest_revision": model.latest,
            "document_sha256": latest.document_sha256,
            "merge": {
                "clean": merge.text is not None,
                "document": merge.text,
                "conflicts": [asdict(conflict) for conflict in merge.conflicts],
            },
        },
    )


def _require_same_identity(model: Model, content: Content) -> None:
    wrong = []
    if content.name != model.name:
        wrong.append({"path": "/document/model_name", "message": f"Expected {model.name}, found {content.name}."})
    if content.type != model.type:
        wrong.append({"path": "/type", "message": f"Expected {model.type}, found {content.type}."})
    if wrong:
        raise Invalid(
            f"model {model.name}: a revision keeps the model's name and type; register another model for a new name",
            details={"errors": wrong},
        )
