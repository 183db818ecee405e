"""What changed between two revisions, as text and by field."""

from __future__ import annotations

import difflib

from sqlalchemy import RowMapping

from shared.contracts.catalog import Diff


def diff_between(before: RowMapping | None, after: RowMapping, *, stale: bool) -> Diff:
    """`before` None compares with nothing."""
    number = before["revision"] if before is not None else 0
    old = (before["document"], before["readme"]) if before is not None else ("", "")
    return Diff(
        text=_unified(old[0], after["document"], "document.json", number, after["revision"]),
        readme=_unified(old[1], after["readme"], "README.md", number, after["revision"]),
        changes=[],
        against=number,
        stale=stale,
    )


def _unified(before: str, after: str, name: str, old: int, new: int) -> str:
    lines = difflib.unified_diff(
        before.splitlines(), after.splitlines(), f"{name} ({old})", f"{name} ({new})", lineterm=""
    )
    return "".join(line + "\n" for line in lines)
