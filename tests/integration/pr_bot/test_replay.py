"""Upstream's own changes, replayed: the branch holds the real outcome, and its diff is as small as git can make it."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest

from shared.document import same
from tests.support.pr_bot_world import World
from tests.support.real_data import aggregate_files, replay_rows

UPSTREAM_CI = re.compile(r"^chore/models-sync/[A-Za-z0-9._/-]+$")
TITLES = {
    "add": "FEAT: [model] {} support",
    "update": 'ENH: update model "{}" JSON',
    "remove": "FEAT: [model] {} removed",
}


def canonical(value: Any) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False)


def aggregate_tree(row: dict[str, Any]) -> dict[str, str]:
    """The real files of 2026-08-23 with `before` in the model's place."""
    files = dict(aggregate_files())
    records = json.loads(files[row["file"]])
    files[row["file"]] = canonical(replaced(records, row["model_name"], row["before"])) + "\n"
    return {row["file"]: files[row["file"]]}


def per_model_tree(row: dict[str, Any]) -> dict[str, str]:
    folder = f"xinference/model/{row['model_type']}/models"
    files = {f"{folder}/some-other.json": canonical([{"model_name": "some-other"}]) + "\n"}
    if row["before"] is not None:
        files[f"{folder}/{row['model_name']}.json"] = canonical([row["before"]]) + "\n"
    return files


def replaced(records: list[Any], name: str, record: Any) -> list[Any]:
    """Where the model was, or last; without it for None."""
    places = [place for place, known in enumerate(records) if known["model_name"] == name]
    if record is None:
        return [known for known in records if known["model_name"] != name]
    if not places:
        return [*records, record]
    kept = [known for place, known in enumerate(records) if place not in places[1:]]
    kept[places[0]] = record
    return kept


def changed_lines(repository: Path, before: str, after: str) -> int:
    command = ["git", f"--git-dir={repository}", "diff", "--numstat", before, after]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    return sum(int(count) for line in done.stdout.splitlines() for count in line.split("\t")[:2])


def least_lines(folder: Path, before: str | None, after: str | None) -> int:
    """What `git diff` needs for the canonical files."""
    files = [folder / "before.json", folder / "after.json"]
    for file, text in zip(files, (before, after), strict=True):
        file.write_text(text or "", encoding="utf-8")
    command = ["git", "diff", "--no-index", "--numstat", "--", *map(str, files)]
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    return sum(int(count) for line in done.stdout.splitlines() for count in line.split("\t")[:2])


def outcome(row: dict[str, Any], files: dict[str, str], layout: str) -> tuple[str, str | None, str | None]:
    """(path, canonical text before, canonical text after) of the file the change is in."""
    if layout == "per_model":
        path = f"xinference/model/{row['model_type']}/models/{row['model_name']}.json"
        return path, files.get(path), None if row["after"] is None else canonical([row["after"]]) + "\n"
    before = files[row["file"]]
    after = replaced(json.loads(before), row["model_name"], row["after"])
    return row["file"], before, canonical(after) + "\n"


@pytest.mark.parametrize("layout", ["aggregate", "per_model"])
def test_every_real_change_becomes_the_smallest_pull_request(layout: str, tmp_path: Path) -> None:
    rows = replay_rows()
    extra, noops, passed = 0, 0, 0
    for number, row in enumerate(rows):
        folder = tmp_path / str(number)
        files = aggregate_tree(row) if layout == "aggregate" else per_model_tree(row)
        world = World(folder, files, imported=False)
        if row["before"] is not None:
            world.registry.holds(row["model_name"], row["model_type"], canonical(row["before"]))
        if is_no_change(row):
            noops += noop(world, row)
        else:
            extra += max(0, replay(world, row, outcome(row, files, layout)))
        world.git.close()
        world.database.close()
        passed += 1
    print(f"replay {layout}: {passed} of {len(rows)} passed, {noops} need no request, {extra} lines over git's least")
    assert (passed, extra) == (len(rows), 0)


def is_no_change(row: dict[str, Any]) -> bool:
    """Upstream's history has bumps of `updated_at` alone: the hub opens no request for them."""
    return None not in (row["before"], row["after"]) and same(canonical(row["before"]), canonical(row["after"]))


def noop(world: World, row: dict[str, Any]) -> int:
    world.registry.submitted(row["model_name"], row["model_type"], canonical(row["after"]))
    world.work(row["model_name"])
    assert (world.state(row["model_name"]).state, world.state(row["model_name"]).last) == ("noop", None)
    return 1


def replay(world: World, row: dict[str, Any], real: tuple[str, str | None, str | None]) -> int:
    """Lines of the branch's diff beyond the least."""
    name, (path, before, after) = row["model_name"], real
    if row["after"] is None:
        world.registry.change(name, wanted="removed", revision=2, submitter="u1")
    else:
        world.registry.submitted(name, row["model_type"], canonical(row["after"]))
    world.work(name)
    last = world.state(name).last
    assert last is not None, (name, world.state(name))
    assert last.title == TITLES[row["op"]].format(name)
    assert UPSTREAM_CI.fullmatch(last.branch)
    main = world.git.head()
    assert world.git.commit(last.head_sha).parents == (main,)
    assert world.git.changed(main, last.head_sha) == [path]
    text = world.git.text(last.head_sha, path)
    assert (json.loads(text) if text is not None else None) == (json.loads(after) if after is not None else None)
    return changed_lines(world.repository, main, last.head_sha) - least_lines(world.folder, before, after)
