"""The contract's messages out of the read model's rows."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from services.catalog.projection.models import Card
from shared.contracts.catalog import (
    ModelRow,
    PendingRevision,
    PullCheck,
    PullRemark,
    PullRequest,
    ReviewComment,
    ReviewRow,
    RevisionRow,
    TimelineEntry,
)

Row = Mapping[Any, Any]

_PULL_FIELDS = (
    *("state", "number", "url", "branch", "base", "title", "draft", "head_sha", "base_sha", "reason"),
    *("next_try_at", "revision", "opened_as", "opened_at", "changed_at", "checks_state"),
)
_COMMENT_FIELDS = ("author", "text", "at", "path", "line", "side", "against", "revision")
_REMARK_FIELDS = ("text", "at", "kind", "url", "path", "verdict", "edited")


def model_row(card: Card, *, pending: int, withheld: bool) -> ModelRow:
    summary = card.summary
    return ModelRow(
        name=card.name,
        type=card.type,
        description=summary.description,
        visibility=card.visibility,
        state=card.state,
        revision=card.revision,
        updated_at=summary.updated_at,
        featured=card.featured,
        pending=pending,
        abilities=list(summary.abilities),
        languages=list(summary.languages),
        formats=list(summary.formats),
        quantizations=list(summary.quantizations),
        sources=list(summary.sources),
        engines=list(summary.engines),
        sizes_b=list(summary.sizes_b),
        least_gb=summary.least_gb,
        remote_code=summary.remote_code,
        context_length=summary.context_length,
        withheld=withheld,
    )


def revision_row(row: Row, *, served: bool) -> RevisionRow:
    return RevisionRow(
        revision=row["revision"],
        state=row["state"],
        submitter=row["submitter"],
        created_at=row["created_at"],
        message=row["message"],
        visibility=row["visibility"],
        document_sha256=row["document_sha256"],
        base_revision=row["base_revision"],
        served=served,
        origin=row["origin"],
        feedback=row["feedback"] or "",
        reviewer=row["reviewer"] or "",
    )


def checks_of(row: Row) -> list[dict[str, Any]]:
    checks: list[dict[str, Any]] = json.loads(row["checks"])
    return checks


def pending_revision(row: Row) -> PendingRevision:
    return PendingRevision(
        revision=row["revision"],
        state=row["state"],
        submitter=row["submitter"],
        submitted_at=row["submitted_at"],
        visibility=row["visibility"],
        message=row["message"],
        document_sha256=row["document_sha256"],
    )


def pull_request(row: Row, *, name: str, model_type: str, whole: bool, remarks: Sequence[Row] = ()) -> PullRequest:
    """`whole`: with body, diff, checks and `remarks`, which may be long."""
    texts: dict[str, Any] = {}
    if whole:
        checks = [PullCheck(**check) for check in json.loads(row["checks"] or "[]")]
        said = [
            PullRemark(by=remark["author"], **{field: remark[field] for field in _REMARK_FIELDS}) for remark in remarks
        ]
        texts = {"body": row["body"], "diff": row["diff"], "checks": checks, "remarks": said}
    return PullRequest(
        name=name,
        type=model_type,
        first_release=row["release"] if row["release_number"] == row["number"] else "",
        **{field: row[field] for field in _PULL_FIELDS},
        **texts,
    )


def review_row(row: Row, *, now: float, comments: int) -> ReviewRow:
    """`row` is a revision with its verdict, and the model's `name` and `type`."""
    return ReviewRow(
        name=row["name"],
        revision=row["revision"],
        type=row["type"],
        submitter=row["submitter"],
        submitted_at=row["submitted_at"],
        age_s=max(0, int(now - row["submitted_at"])),
        state=row["review_state"],
        visibility=row["visibility"],
        message=row["message"],
        new=row["first"],
        claimed_by=row["claimed_by"] or "",
        reviewer=row["reviewer"] or "",
        comments=comments,
        checks=checks_of(row),
    )


def comment(row: Row, *, quote: str = "") -> ReviewComment:
    return ReviewComment(quote=quote, **{field: row[field] for field in _COMMENT_FIELDS})


def timeline_entry(row: Row) -> TimelineEntry:
    return TimelineEntry(
        at=row["at"],
        actor=row["actor"],
        what=row["what"],
        why=row["why"],
        revision=row["revision"],
        position=f"{row['source']}:{row['position']}",
        model_name=row["name"],
        subject=row["subject"],
    )


def notices(model: Row) -> list[str]:
    """`<slug>: <detail>` for the model's managers: removed-upstream, import-blocked, merge-conflict."""
    found = []
    if model["removed_upstream"]:
        found.append(f"removed-upstream: {model['removed_upstream']}")
    if model["import_blocked"]:
        found.append(f"import-blocked: {model['import_blocked']}")
    if model["conflict_revision"]:
        paths = ", ".join(json.loads(model["conflict_paths"] or "[]"))
        found.append(f"merge-conflict: revision {model['conflict_revision']}: {paths}")
    return found
