"""Two-way truth: what upstream's main means for a model, and what upstream should hold for it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from services.registry.domain.state import PUBLIC, PUBLISHED, SUBMITTED, UPSTREAM, WITHDRAWN, Model, Revision
from shared import document
from shared.errors import Conflict
from shared.events import registry as facts


@dataclass(frozen=True, slots=True, kw_only=True)
class UpstreamContent:
    """What upstream's main holds for a model. An empty document: it is gone there."""

    name: str
    type: str
    document: str
    order: int
    origin: str


class TypeDiffers(Conflict):
    slug = "type-differs"


def import_from_upstream(model: Model, *, content: UpstreamContent, now: int) -> Sequence[Any]:
    """ModelImported, an echo (SeenUpstream), RemovedUpstream, ImportBlocked, or nothing where all is known."""
    if not content.document:
        return _removed(model, content)
    if not model.exists:
        return [_imported(model, content, superseded=0)]
    if echo := _echo_of(model, content):
        if model.seen_upstream == echo.number:
            return []
        return [facts.SeenUpstream(model_name=model.name, revision=echo.number, origin=content.origin)]
    if model.type != content.type:
        return _blocked(model, content, f"the hub holds this name as {model.type}, upstream as {content.type}")
    if not model.published:
        return _blocked(model, content, "an unpublished model of the hub holds this name")
    return _import_over(model, content, now=now)


def _removed(model: Model, content: UpstreamContent) -> Sequence[Any]:
    if not model.exists or model.removed_upstream or not model.seen_upstream:
        return []
    return [facts.RemovedUpstream(model_name=model.name, origin=content.origin)]


def _blocked(model: Model, content: UpstreamContent, reason: str) -> Sequence[Any]:
    if model.blocked_origin == content.origin:
        return []
    return [facts.ImportBlocked(model_name=model.name, origin=content.origin, reason=reason, document=content.document)]


def _echo_of(model: Model, content: UpstreamContent) -> Revision | None:
    """The published revision, or one newer than the last seen upstream, that holds the same content."""
    candidates = [model.published, *sorted(model.revisions, reverse=True)]
    for number in candidates:
        revision = model.revision(number)
        if revision is None or revision.state in ("draft", "withdrawn"):
            continue
        if number != model.published and number < model.seen_upstream:
            continue
        if document.same(revision.content.document, content.document):
            return revision
    return None


def _imported(model: Model, content: UpstreamContent, *, superseded: int) -> facts.ModelImported:
    return facts.ModelImported(
        model_name=model.name or content.name,
        model_type=content.type,
        revision=model.latest + 1,
        base_revision=model.latest,
        document=content.document,
        document_sha256=document.sha256(content.document),
        readme=model.served.content.readme if model.served else "",
        visibility=model.visibility if model.published else PUBLIC,
        message=f"Imported from {content.origin}",
        submitter=UPSTREAM,
        origin=content.origin,
        order=content.order,
        superseded=superseded,
    )


def _import_over(model: Model, content: UpstreamContent, *, now: int) -> Sequence[Any]:
    ours = model.pending or _unmerged(model)
    if ours is None:
        return [_imported(model, content, superseded=0)]
    base = model.revision(model.seen_upstream) or model.served
    base_text = base.content.document if base else content.document
    merge = document.merge(base_text, ours.content.document, content.document)
    imported = _imported(model, content, superseded=model.pending.number if model.pending else 0)
    if merge.text is None:
        return [
            imported,
            facts.MergeConflicted(
                model_name=model.name,
                revision=ours.number,
                against=imported.revision,
                paths=tuple(conflict.path for conflict in merge.conflicts),
            ),
        ]
    if document.same(merge.text, content.document) and ours.content.readme == imported.readme:
        return [imported]
    return [imported, _resubmitted(model, ours, imported, text=merge.text, now=now)]


def _unmerged(model: Model) -> Revision | None:
    """The published revision where upstream has not merged it yet: importing over it must not lose it."""
    if not model.seen_upstream or model.published == model.seen_upstream or model.visibility != PUBLIC:
        return None
    return model.served


def _resubmitted(
    model: Model, ours: Revision, imported: facts.ModelImported, *, text: str, now: int
) -> facts.ModelUpdated:
    """Our change on top of upstream's, by its original submitter; it needs a new verdict."""
    newest = max(model.newest_updated_at, document.newest_updated_at(imported.document) or 0)
    stamped = document.stamp(text, max(now, newest + 1), base_text=imported.document)
    kept = ours.content
    content = facts.RevisionContent(
        model_name=model.name,
        model_type=model.type,
        revision=imported.revision + 1,
        base_revision=imported.revision,
        document=stamped,
        document_sha256=document.sha256(stamped),
        readme=kept.readme,
        visibility=kept.visibility,
        message=kept.message,
        submitter=kept.submitter,
    )
    return facts.ModelUpdated(**asdict(content), checks=getattr(kept, "checks", ()), merged_from=ours.number)


@dataclass(frozen=True, slots=True, kw_only=True)
class Desired:
    """`wanted`: content, removed or nothing; see `shared.contracts.registry.DesiredState`."""

    wanted: str
    reason: str = ""
    revision: Revision | None = None
    withdrawn: bool = False


def desired(model: Model) -> Desired:
    """What upstream should hold for the model now."""
    if model.lifecycle == "archived":
        if model.seen_upstream and model.published and model.visibility == PUBLIC:
            return Desired(wanted="removed", reason="the model is archived", revision=model.served)
        kept = (
            "it is not public, so upstream keeps what it holds" if model.seen_upstream else "upstream does not hold it"
        )
        return Desired(wanted="nothing", reason=f"the model is archived, and {kept}")
    if model.quarantined:
        return Desired(wanted="nothing", reason="the model is quarantined")
    if model.removed_upstream:
        return Desired(wanted="nothing", reason="upstream removed the model; a person decides what follows")
    return _desired_content(model)


def _desired_content(model: Model) -> Desired:
    pending = model.proposed
    served = model.served if model.visibility == PUBLIC else None
    if pending is not None and model.visibility_of(pending) == PUBLIC and not _same_text(pending, served):
        return Desired(wanted="content", revision=pending)
    if served is not None:
        carrier, withdrawal = _carrier(model, served), _withdrawal(model)
        reason = withdrawal or _readme_alone(model, carrier)
        return Desired(wanted="content", revision=carrier, reason=reason, withdrawn=bool(withdrawal))
    if model.served is None and pending is None:
        return Desired(wanted="nothing", reason=_withdrawal(model) or "no submission is waiting or published")
    return Desired(wanted="nothing", reason="the model is not public")


def _withdrawal(model: Model) -> str:
    """Why the newest revision goes nowhere, where everyone could know of it and its submitter took it back."""
    newest = model.revisions[model.latest]
    submitted = isinstance(newest.content, facts.ModelSubmitted | facts.ModelUpdated)
    if newest.state != WITHDRAWN or newest.content.visibility != PUBLIC or not submitted:
        return ""
    reason = f": {newest.said}" if newest.said else ""
    return f"revision {newest.number} was withdrawn in the hub{reason}"


def _readme_alone(model: Model, carrier: Revision) -> str:
    """Why the newest revision needs no request of its own."""
    newest = model.revisions[model.latest]
    submitted = isinstance(newest.content, facts.ModelSubmitted | facts.ModelUpdated)
    if not submitted or newest.number == carrier.number or not _same_text(newest, carrier):
        return ""
    if newest.state not in (SUBMITTED, PUBLISHED) or newest.content.readme == carrier.content.readme:
        return ""
    return f"revision {newest.number} changes the README alone, which upstream does not hold"


def _same_text(revision: Revision, other: Revision | None) -> bool:
    return other is not None and revision.content.document_sha256 == other.content.document_sha256


def _carrier(model: Model, served: Revision) -> Revision:
    """The first public revision with the served text: later ones change the README, which upstream does not hold."""
    same = (
        revision
        for revision in model.revisions.values()
        if revision.state == PUBLISHED
        and revision.number > model.narrowed_at
        and revision.content.visibility == PUBLIC
        and _same_text(revision, served)
    )
    return min(same, key=lambda revision: revision.number, default=served)
