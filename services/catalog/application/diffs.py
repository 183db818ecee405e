"""What changed between two revisions, as text and by field."""

from __future__ import annotations

from sqlalchemy import RowMapping

from shared.contracts.catalog import Change, Diff
from shared.document import diff_by_field, unified


def diff_between(before: RowMapping | None, after: RowMapping, *, stale: bool) -> Diff:
    """`before` None compares with nothing: everything is added."""
    old = before["document"] if before is not None else None
    return Diff(
        text=unified(old or "", after["document"]),
        readme=unified(
            before["readme"] if before is not None else "",
            after["readme"],
            from_name="a/README.md",
            to_name="b/README.md",
        ),
        changes=[
            Change(path=change.path, op=change.op, before=change.before, after=change.after, label=change.label)
            for change in diff_by_field(old, after["document"])
        ],
        against=before["revision"] if before is not None else 0,
        stale=stale,
    )
