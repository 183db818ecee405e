"""Upstream's own changes, replayed: the branch holds the real outcome, and its diff is as small as git can make it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.support.pr_bot_world import World
from tests.support.real_data import aggregate_files, replay_rows
from tests.support.replay import (
    TITLES,
    UPSTREAM_CI,
    canonical,
    changed_lines,
    is_no_change,
    least_lines,
    replaced,
)


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
