"""A model's own pages: detail, revisions, diff, timeline, pull request."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

from sqlalchemy import RowMapping, true

from services.catalog.application import pages
from services.catalog.application.diffs import diff_between
from services.catalog.application.lists import visible_pulls
from services.catalog.application.view import SeenModel, View
from services.catalog.domain import ENTERPRISE, PUBLIC, belongs
from services.catalog.projection.models import Card
from services.catalog.projection.summary import summary_from
from shared.contracts.catalog import (
    ChangedPlace,
    ChangesOfRevisions,
    Diff,
    ModelDetail,
    PullRequest,
    ReadDiff,
    ReadModel,
    ReadRevision,
    ReadRevisionChanges,
    ReadTimeline,
    Revision,
    RevisionChanges,
    Revisions,
    Timeline,
)
from shared.document import diff_by_field


def read_model(view: View, request: ReadModel) -> ModelDetail:
    """The published revision; where there is none, the latest that the viewer may see."""
    seen = view.model(request.name)
    model = seen.row
    shown = seen.revision(_shown_revision(seen))
    card = _card(seen, shown)
    presence = view.feeds.presences(view.connection, view.generation, [card])[seen.id]
    waiting = seen.find_revision(model["submitted_revision"]) if model["submitted_revision"] else None
    pending = pages.pending_revision(waiting) if waiting is not None and waiting["state"] == "submitted" else None
    withheld = not presence.served and card.audience == PUBLIC
    return ModelDetail(
        name=seen.name,
        type=model["type"],
        visibility=model["visibility"],
        state=model["state"],
        revision=shown["revision"],
        revision_state=shown["state"],
        latest_revision=model["latest_revision"] if seen.manages else shown["revision"],
        document=shown["document"],
        document_sha256=shown["document_sha256"],
        readme=shown["readme"],
        updated_at=shown["updated_at"],
        summary=pages.model_row(card, pending=pending.revision if pending else 0, withheld=withheld),
        feed=presence,
        maintainers=list(seen.access.owners),
        groups=list(seen.access.groups) if seen.manages or seen.reviews else [],
        pending=pending,
        pull_request=_pull_request(view, seen, whole=False),
        origin=model["origin"],
        reason=model["reason"],
        replacement=model["replacement"],
        notices=pages.notices(model) if seen.manages else [],
        stale=view.stale,
    )


def read_revisions(view: View, request: ReadModel) -> Revisions:
    seen = view.model(request.name)
    items = [pages.revision_row(row, served=seen.is_served(number)) for number, row in seen.open_rows.items()]
    return Revisions(items=items, total=len(items), stale=view.stale)


def read_revision(view: View, request: ReadRevision) -> Revision:
    seen = view.model(request.name)
    row = seen.revision(request.revision)
    return Revision(
        name=seen.name,
        type=seen.row["type"],
        row=pages.revision_row(row, served=seen.is_served(row["revision"])),
        document=row["document"],
        readme=row["readme"],
        updated_at=row["updated_at"],
        checks=pages.checks_of(row),
        stale=view.stale,
    )


def read_diff(view: View, request: ReadDiff) -> Diff:
    """Without `against` the base is taken; one that the viewer may not see counts as nothing."""
    seen = view.model(request.name)
    after = seen.revision(request.revision)
    before: RowMapping | None = None
    if request.against is None:
        before = seen.find_revision(after["base_revision"])
    elif request.against:
        before = seen.revision(request.against)
    return diff_between(before, after, stale=view.stale)


def read_revision_changes(view: View, request: ReadRevisionChanges) -> ChangesOfRevisions:
    """Each document is read once: a revision's base is mostly another one that is asked for."""
    seen = view.model(request.name)
    find = cache(seen.find_revision)
    items = []
    for number in request.revisions:
        after = find(number)
        before = find(after["base_revision"]) if after is not None else None
        if after is None or before is None:
            continue
        changes = diff_by_field(before["document"], after["document"])
        places = [ChangedPlace(path=change.path, op=change.op) for change in changes]
        items.append(RevisionChanges(revision=number, against=before["revision"], places=places))
    return ChangesOfRevisions(items=items, stale=view.stale)


def read_timeline(view: View, request: ReadTimeline) -> Timeline:
    """Managers see every line, others those of revisions that they may see and of the model's public life."""
    seen = view.model(request.name)
    histories = view.generation.histories
    audiences = [PUBLIC]
    if seen.reviews or (seen.access.audience == ENTERPRISE and belongs(seen.access, view.viewer)):
        audiences.append(ENTERPRISE)
    condition = true() if seen.manages else histories.open_lines(audiences=audiences, submitted=seen.reviews)
    offset = (request.page - 1) * request.per_page
    rows, total = histories.timeline(
        view.connection, seen.id, condition=condition, offset=offset, limit=request.per_page
    )
    items = [pages.timeline_entry(row) for row in rows]
    return Timeline(items=items, total=total, page=request.page, per_page=request.per_page, stale=view.stale)


def read_pull_request(view: View, request: ReadModel) -> PullRequest:
    """State `none` where the model has none, or none that the viewer may see."""
    seen = view.model(request.name)
    found = _pull_request(view, seen, whole=True)
    return replace(found or PullRequest(name=seen.name, type=seen.row["type"]), stale=view.stale)


def _pull_request(view: View, seen: SeenModel, *, whole: bool) -> PullRequest | None:
    row = view.generation.histories.pull(view.connection, seen.id) if seen.shows_pull_request else None
    if row is None:
        return None
    said = view.generation.histories.remarks(view.connection, seen.id, row["number"]) if whole else ()
    found = pages.pull_request(row, name=seen.name, model_type=seen.row["type"], whole=whole, remarks=said)
    if not whole:
        return found
    sharing = view.generation.histories.sharing(view.connection, row, visible=visible_pulls(view))
    return replace(found, together_with=sharing)


def _shown_revision(seen: SeenModel) -> int:
    model = seen.row
    number: int = model["published_revision"]
    if not number or seen.find_revision(number) is None:
        number = model["latest_revision"] if seen.manages else model["newest_submitted"]
    return number


def _card(seen: SeenModel, shown: RowMapping) -> Card:
    """The model's card as the shown revision says it."""
    cards = seen.view.generation.models.cards(seen.view.connection, [seen.id])
    return replace(
        cards[seen.id],
        revision=shown["revision"],
        document_sha256=shown["document_sha256"],
        summary=summary_from(shown["facts"]),
    )
