"""Real changes written into both layouts: right content, and no changed line that git could do without."""

from __future__ import annotations

import json
import subprocess
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from shared import document, upstream_layout
from shared.upstream_layout import Layout
from tests.support.real_data import aggregate_files, environment_without_git_config, replay_rows

ROWS = list(replay_rows())
IDS = [f"{number}-{row['op']}-{row['model_name']}" for number, row in enumerate(ROWS)]


def canonical_text(value: Any) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False) + "\n"


def as_document(record: dict[str, Any]) -> str:
    return json.dumps(record, indent=2, ensure_ascii=False)


def with_record(records: list[Any], name: str, record: dict[str, Any] | None) -> list[Any]:
    """The records after the change, made the plain way: replaced in place, last when new, all gone when removed."""
    slots = [n for n, found in enumerate(records) if found["model_name"].lower() == name.lower()]
    changed = list(records)
    if record is None or not slots:
        return [found for n, found in enumerate(changed) if n not in slots] + ([record] if record else [])
    changed[slots[0]] = record
    return [found for n, found in enumerate(changed) if n not in slots[1:]]


def changed_lines(folder: Path, before: str, after: str) -> int:
    for name, text in (("before", before), ("after", after)):
        (folder / name).write_bytes(text.encode())
    command = ["git", "diff", "--no-index", "--numstat", "before", "after"]
    printed = subprocess.run(
        command, cwd=folder, capture_output=True, text=True, check=False, env=environment_without_git_config()
    )
    counts = printed.stdout.split("\t")[:2] if printed.stdout else ["0", "0"]
    return sum(int(count) for count in counts)


@cache
def records_of(file: str) -> list[Any]:
    records: list[Any] = json.loads(aggregate_files()[file])
    return records


def tree_before(row: dict[str, Any], layout: Layout) -> tuple[dict[str, str], str]:
    """(the tree with the row's `before` on main, path of the file the change falls into)."""
    if layout == "aggregate":
        records = with_record(records_of(row["file"]), row["model_name"], row["before"])
        return {row["file"]: canonical_text(records)}, row["file"]
    path = upstream_layout.path_of("per_model", row["model_type"], row["model_name"])
    return ({path: canonical_text([row["before"]])} if row["before"] else {}), path


def write(files: dict[str, str], row: dict[str, Any], layout: Layout) -> dict[str, str | None]:
    wanted = as_document(row["after"]) if row["after"] else None
    return upstream_layout.write_model(layout, files, type=row["model_type"], name=row["model_name"], document=wanted)


@pytest.mark.parametrize("layout", ["aggregate", "per_model"])
@pytest.mark.parametrize("row", ROWS, ids=IDS)
def test_real_change_is_written_with_the_fewest_lines(row: dict[str, Any], layout: Layout, tmp_path: Path) -> None:
    files, path = tree_before(row, layout)
    changed = write(files, row, layout)
    assert set(changed) == {path}
    before, after = files.get(path, ""), changed[path] or ""
    expected = with_record(json.loads(before) if before else [], row["model_name"], row["after"])
    assert (json.loads(after) if after else []) == expected
    plain = canonical_text(expected) if expected or layout == "aggregate" else ""
    assert changed_lines(tmp_path, before, after) <= changed_lines(tmp_path, before, plain)
    assert write({path: after} if after else {}, row, layout) == {}


@pytest.mark.parametrize("row", ROWS, ids=IDS)
def test_real_change_reads_back_and_its_diff_is_accepted_by_git(row: dict[str, Any], tmp_path: Path) -> None:
    files, path = tree_before(row, "aggregate")
    after = write(files, row, "aggregate")[path] or ""
    models = {model.name: model for model in upstream_layout.read_models("aggregate", {path: after})}
    assert not [model for model in models.values() if model.problem]
    if row["after"] is None:
        assert row["model_name"] not in models
    else:
        assert document.same(models[row["model_name"]].document, as_document(row["after"]), ignoring=())
    assert applied_by_git(tmp_path, files[path], after) == after


def applied_by_git(folder: Path, before: str, after: str) -> str:
    (folder / "spec.json").write_bytes(before.encode())
    diff = document.unified(before, after, from_name="a/spec.json", to_name="b/spec.json")
    environment = {**environment_without_git_config(), "GIT_CEILING_DIRECTORIES": str(folder.parent)}
    subprocess.run(["git", "apply", "-"], cwd=folder, input=diff.encode(), check=True, env=environment)
    return (folder / "spec.json").read_bytes().decode()


@pytest.mark.parametrize(
    ("before", "after"),
    [("[\n1\n]", "[\n1,\n2\n]\n"), ("{}\n", "{}"), ("{}\r\n", "[\r\n]\r\n"), ('{"a": "\u2028"}\n', '{"a": "b"}\n')],
)
def test_diff_with_odd_line_ends_is_accepted_by_git(before: str, after: str, tmp_path: Path) -> None:
    assert applied_by_git(tmp_path, before, after) == after
