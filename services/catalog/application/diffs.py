"""What changed between two revisions, as text and by field."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from sqlalchemy import RowMapping

from shared.contracts.catalog import Change, Diff
from shared.document import diff_by_field, unified

KEPT = 16
"""Differences that are kept: a page is looked at in more than one view, and comparing long texts takes a second."""


@dataclass(frozen=True, slots=True)
class _Made:
    text: str
    readme: str
    changes: tuple[Change, ...]


def diff_between(before: RowMapping | None, after: RowMapping, *, stale: bool) -> Diff:
    """`before` None compares with nothing: everything is added."""
    made = _made(
        before["document"] if before is not None else None,
        after["document"],
        before["readme"] if before is not None else "",
        after["readme"],
    )
    return Diff(
        text=made.text,
        readme=made.readme,
        changes=list(made.changes),
        against=before["revision"] if before is not None else 0,
        stale=stale,
    )


@lru_cache(maxsize=KEPT)
def _made(old: str | None, new: str, old_readme: str, new_readme: str) -> _Made:
    return _Made(
        text=unified(old or "", new),
        readme=unified(old_readme, new_readme, from_name="a/README.md", to_name="b/README.md"),
        changes=tuple(
            Change(path=change.path, op=change.op, before=change.before, after=change.after, label=change.label)
            for change in diff_by_field(old, new)
        ),
    )
