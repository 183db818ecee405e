"""Upstream's recorded changes: what a row makes of the files, and how few lines git needs to tell it."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from shared.document import same

Row = dict[str, Any]
UPSTREAM_CI = re.compile(r"^chore/models-sync/[A-Za-z0-9._/-]+$")
TITLES = {
    "add": "FEAT: [model] {} support",
    "update": 'ENH: update model "{}" JSON',
    "remove": "FEAT: [model] {} removed",
}


def canonical(value: Any) -> str:
    """As upstream writes its files."""
    return json.dumps(value, indent=2, ensure_ascii=False)


def replaced(records: list[Any], name: str, record: Any) -> list[Any]:
    """`record` where the model was, or last; the list without it for None."""
    places = [place for place, known in enumerate(records) if known["model_name"] == name]
    if record is None:
        return [known for known in records if known["model_name"] != name]
    if not places:
        return [*records, record]
    kept = [known for place, known in enumerate(records) if place not in places[1:]]
    kept[places[0]] = record
    return kept


def is_no_change(row: Row) -> bool:
    """Upstream's history has bumps of `updated_at` alone: the hub opens no request for them."""
    return None not in (row["before"], row["after"]) and same(canonical(row["before"]), canonical(row["after"]))


def rounds_of(rows: Sequence[Row]) -> Iterator[list[Row]]:
    """All rows, in rounds that name no model twice."""
    left = list(rows)
    while left:
        taken: dict[str, Row] = {}
        for row in left:
            taken.setdefault(row["model_name"].lower(), row)
        left = [row for row in left if taken[row["model_name"].lower()] is not row]
        yield list(taken.values())


def changed_lines(repository: Path, before: str, after: str) -> int:
    """Lines added and removed between two commits."""
    return _numstat(["git", f"--git-dir={repository}", "diff", "--numstat", before, after], check=True)


def least_lines(folder: Path, before: str | None, after: str | None) -> int:
    """What `git diff` needs for the canonical files."""
    files = [folder / "before.json", folder / "after.json"]
    for file, text in zip(files, (before, after), strict=True):
        file.write_text(text or "", encoding="utf-8")
    return _numstat(["git", "diff", "--no-index", "--numstat", "--", *map(str, files)], check=False)


def _numstat(command: list[str], *, check: bool) -> int:
    done = subprocess.run(command, check=check, capture_output=True, text=True)
    return sum(int(count) for line in done.stdout.splitlines() for count in line.split("\t")[:2])
