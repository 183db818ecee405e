"""The review page: one submitted revision beside what it is compared with."""

from __future__ import annotations

from dataclasses import replace

from sqlalchemy import RowMapping

from services.catalog.application import pages
from services.catalog.application.diffs import diff_between
from services.catalog.application.lists import require_reviewer
from services.catalog.application.view import RevisionNotFound, SeenModel, View
from shared.contracts.catalog import ReadRevision, ReviewComment, ReviewDetail, RevisionRow

QUOTED = 300
"""Characters of a line that are shown beside a comment on it."""


def read_review(view: View, request: ReadRevision) -> ReviewDetail:
    """For reviewers and operators, and for owners, who answer comments."""
    seen = view.model(request.name)
    if not seen.manages:
        require_reviewer(view)
    row = seen.revision(request.revision)
    if not row["submitted"]:
        raise RevisionNotFound(f"model {seen.name}: revision {request.revision} was not submitted yet")
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


def _history(seen: SeenModel) -> list[RevisionRow]:
    rows = seen.view.generation.histories.revisions(seen.view.connection, seen.id)
    return [pages.revision_row(row, served=seen.is_served(row["revision"])) for row in rows if seen.open_revision(row)]


def _comments(seen: SeenModel, upto: int) -> list[ReviewComment]:
    """What was said of this and earlier revisions that the viewer may see, with the lines it was said of."""
    rows = seen.view.generation.histories.comments(seen.view.connection, seen.id, upto)
    numbers = {row["revision"] for row in rows} | {row["against"] for row in rows if row["line"]} - {0}
    found = {number: seen.find_revision(number) for number in numbers}
    lines = {number: revision["document"].split("\n") for number, revision in found.items() if revision is not None}
    return [
        pages.comment(row, quote=_quote(lines.get(row["against"] or row["revision"], []), row["line"]))
        for row in rows
        if row["revision"] in lines
    ]


def _quote(lines: list[str], line: int) -> str:
    return lines[line - 1].strip()[:QUOTED] if 0 < line <= len(lines) else ""


def _base(seen: SeenModel, row: RowMapping) -> RowMapping | None:
    """What clients have now; for the published revision itself, what it was made from."""
    published = seen.row["published_revision"]
    number = published if published not in (0, row["revision"]) else row["base_revision"]
    return seen.find_revision(number) if number else None
