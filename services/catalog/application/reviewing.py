"""The review page: one submitted revision beside what it is compared with."""

from __future__ import annotations

from dataclasses import replace

from sqlalchemy import RowMapping

from services.catalog.application import pages
from services.catalog.application.diffs import diff_between
from services.catalog.application.lists import require_reviewer
from services.catalog.application.view import RevisionNotFound, SeenModel, View
from services.catalog.projection.review_line import ReviewLine
from shared.contracts.catalog import (
    ReadRevision,
    ReviewComment,
    ReviewComments,
    ReviewDetail,
    ReviewNeighbours,
    ReviewPlace,
    RevisionRow,
)

QUOTED = 300
"""Characters of a line that are shown beside a comment on it."""


def read_review(view: View, request: ReadRevision) -> ReviewDetail:
    """For reviewers and operators, and for owners, who answer comments."""
    seen = _seen(view, request)
    row = _submitted(seen, request, seen.find_revision(request.revision))
    histories = view.generation.histories
    comments = _comments(seen, request.revision)
    now = [comment for comment in comments if comment.revision == request.revision]
    base = _base(seen, row)
    named = {**row, "name": seen.name, "type": seen.row["type"]}
    card = view.generation.models.cards(view.connection, [seen.id])[seen.id]
    judged = replace(card, revision=row["revision"], document_sha256=row["document_sha256"])
    pull = histories.pull(view.connection, seen.id)
    newest = seen.row["newest_submitted"]
    return ReviewDetail(
        row=pages.review_row(named, now=view.now, comments=len(now)),
        base=base["revision"] if base is not None else 0,
        document=row["document"],
        document_sha256=row["document_sha256"],
        readme=row["readme"],
        diff=diff_between(base, row, stale=False),
        feed=view.feeds.judged(view.connection, view.generation, judged),
        newer_revision=newest if newest > request.revision else 0,
        feedback=row["feedback"] or "",
        owners=list(seen.access.owners),
        comments=now,
        earlier=[comment for comment in comments if comment.revision < request.revision],
        history=_history(seen),
        pull_request=pages.pull_request(pull, name=seen.name, model_type=seen.row["type"], whole=True)
        if pull is not None
        else None,
        stale=view.stale,
    )


def read_comments(view: View, request: ReadRevision) -> ReviewComments:
    """As the review page has them, and of that nothing else."""
    seen = _seen(view, request)
    _submitted(seen, request, seen.open_rows.get(request.revision))
    return ReviewComments(items=_comments(seen, request.revision, alone=True), stale=view.stale)


def read_neighbours(view: View, request: ReadRevision) -> ReviewNeighbours:
    """Found among all that waits, however much that is; none of their documents is read."""
    require_reviewer(view)
    seen = view.model(request.name)
    row = _submitted(seen, request, seen.open_rows.get(request.revision))
    line = ReviewLine(view.generation.tables, view.connection)
    at = line.asked_at(seen.id, request.revision)
    here = (row["submitted_at"] if at is None else at, seen.id, request.revision)
    waits = at is not None and row["review_state"] == "pending"
    after = line.after(here)
    return ReviewNeighbours(
        previous=_place(line.before(here) if waits else None),
        next=_place(after if after or waits else line.after(None)),
        place=line.count(before=here) + 1 if waits else 0,
        total=line.count(),
        stale=view.stale,
    )


def _place(found: tuple[str, int] | None) -> ReviewPlace | None:
    return ReviewPlace(name=found[0], revision=found[1]) if found else None


def _seen(view: View, request: ReadRevision) -> SeenModel:
    seen = view.model(request.name)
    if not seen.manages:
        require_reviewer(view)
    return seen


def _submitted(seen: SeenModel, request: ReadRevision, row: RowMapping | None) -> RowMapping:
    if row is None:
        raise RevisionNotFound(f"model {seen.name}: it has no revision {request.revision} that you may see")
    if not row["submitted"]:
        raise RevisionNotFound(f"model {seen.name}: revision {request.revision} was not submitted yet")
    return row


def _history(seen: SeenModel) -> list[RevisionRow]:
    return [pages.revision_row(row, served=seen.is_served(number)) for number, row in seen.open_rows.items()]


def _comments(seen: SeenModel, upto: int, *, alone: bool = False) -> list[ReviewComment]:
    """What was said of this and earlier revisions that the viewer may see, with the lines it was said of.

    `alone`: of this one. Only documents of which a line was spoken about are read.
    """
    said = seen.view.generation.histories.comments(seen.view.connection, seen.id, upto)
    rows = [row for row in said if row["revision"] in seen.open_rows and not (alone and row["revision"] < upto)]
    numbers = {row["against"] or row["revision"] for row in rows if row["line"]}
    found = {number: seen.find_revision(number) for number in numbers}
    lines = {number: revision["document"].split("\n") for number, revision in found.items() if revision is not None}
    return [
        pages.comment(row, quote=_quote(lines.get(row["against"] or row["revision"], []), row["line"])) for row in rows
    ]


def _quote(lines: list[str], line: int) -> str:
    return lines[line - 1].strip()[:QUOTED] if 0 < line <= len(lines) else ""


def _base(seen: SeenModel, row: RowMapping) -> RowMapping | None:
    """What clients have now; for the published revision itself, what it was made from."""
    published = seen.row["published_revision"]
    number = published if published not in (0, row["revision"]) else row["base_revision"]
    return seen.find_revision(number) if number else None
