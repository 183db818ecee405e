"""Upstream's own changes through the API: each pull request is the real outcome, as small as git can tell it.

The recorded changes are those beside the project; without them they are generated from the wheel, and stdout says so.
Two of the recorded ones added what the newest release rejects, so the hub refuses them; they are submitted with the
revision that upstream gave them later.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from services.pr_bot.upstream.local_git import LocalGit
from shared.client_release_table import packaged_table
from shared.client_releases import hard_refusals
from tests.support.real_data import aggregate_files, replay_rows
from tests.support.refusals import refused
from tests.support.replay import (
    TITLES,
    UPSTREAM_CI,
    Row,
    canonical,
    changed_lines,
    is_no_change,
    least_lines,
    replaced,
    rounds_of,
)
from tests.support.running import MODES, TestHub, running_hub

OTHER = "xinference/model/{}/models/some-other.json"
PARTS = {"llm": lambda row: row["model_type"] == "llm", "others": lambda row: row["model_type"] != "llm"}


@dataclass
class Tally:
    passed: int = 0
    unchanged: int = 0
    refused: int = 0
    extra: int = 0


def aggregate_tree(rows: list[Row]) -> dict[str, str]:
    """The real files with each row's `before` in its model's place."""
    files = {row["file"]: json.loads(aggregate_files()[row["file"]]) for row in rows}
    for row in rows:
        files[row["file"]] = replaced(files[row["file"]], row["model_name"], row["before"])
    return {path: canonical(records) + "\n" for path, records in files.items()}


def per_model_tree(rows: list[Row]) -> dict[str, str]:
    files = {OTHER.format(row["model_type"]): canonical([{"model_name": "some-other"}]) + "\n" for row in rows}
    return files | {path_of(row): canonical([row["before"]]) + "\n" for row in rows if row["before"] is not None}


def path_of(row: Row) -> str:
    return f"xinference/model/{row['model_type']}/models/{row['model_name']}.json"


@pytest.mark.parametrize(
    ("mode", "layout", "part"),
    [
        pytest.param(mode, layout, part, marks=pytest.mark.xdist_group(f"replay-{mode}-{layout}-{part}"))
        for mode in MODES
        for layout in ("aggregate", "per_model")
        for part in PARTS
    ],
)
def test_every_real_change_becomes_the_smallest_pull_request(mode: str, layout: str, part: str, tmp_path: Path) -> None:
    rows = [row for row in replay_rows() if PARTS[part](row)]
    tally = Tally()
    for number, rows_of_round in enumerate(rounds_of(rows)):
        files = aggregate_tree(rows_of_round) if layout == "aggregate" else per_model_tree(rows_of_round)
        folder = tmp_path / str(number)
        folder.mkdir()
        with running_hub(folder, files=files, mode=mode) as hub:
            replay(hub, rows_of_round, files, layout, folder, tally)
            hub.sound()
    print(
        f"replay through the API, {mode}, {layout}, {part}: {tally.passed} of {len(rows)} passed, "
        f"{tally.unchanged} need no request, {tally.refused} only after mending, {tally.extra} lines over git's least"
    )
    assert (tally.passed, tally.extra) == (len(rows), 0)


def replay(hub: TestHub, rows: list[Row], files: dict[str, str], layout: str, folder: Path, tally: Tally) -> None:
    hub.settled()
    rows = [accepted(hub, row, tally) for row in rows]
    submitted = {row["model_name"]: submit(hub, row) for row in rows}
    hub.settled()
    git = LocalGit(hub.repository, durable=False)
    try:
        for row in rows:
            if is_no_change(row):
                assert submitted[row["model_name"]]["unchanged"] is True
                assert pull_request(hub, row)["state"] in ("none", "noop")
                tally.unchanged += 1
            else:
                tally.extra += max(0, extra_lines(hub, git, row, files, layout, folder))
            tally.passed += 1
    finally:
        git.close()


def accepted(hub: TestHub, row: Row, tally: Tally) -> Row:
    """The row; where the newest release rejects what it adds, the hub refuses it, and it is mended."""
    if row["after"] is None or not hard_refusals(packaged_table(), row["model_type"], [row["after"]]):
        return row
    problem = refused(hub.api("max").post("/models", body_of(row)), 422)
    assert problem["type"].endswith("/document-refused")
    tally.refused += 1
    sources = {place: {"model_revision": "master"} | source for place, source in row["after"]["model_src"].items()}
    return {**row, "after": {**row["after"], "model_src": sources}}


def submit(hub: TestHub, row: Row) -> dict[str, Any]:
    """The recorded change as a person makes it: olga changes and archives what was imported, max adds."""
    name = row["model_name"]
    if row["after"] is None:
        return hub.api("olga").made(f"/models/{name}/archive", {"reason": row["title"]})
    if row["before"] is None:
        return hub.api("max").made("/models", body_of(row))
    return hub.api("olga").made(f"/models/{name}/revisions", body_of(row) | {"base_revision": 1})


def body_of(row: Row) -> dict[str, Any]:
    return {
        "type": row["model_type"],
        "document": canonical(row["after"]),
        "readme": "",
        "visibility": "public",
        "message": row["title"],
    }


def pull_request(hub: TestHub, row: Row) -> dict[str, Any]:
    found: dict[str, Any] = hub.api("olga").get(f"/models/{row['model_name']}/pull-request").get_json()
    return found


def extra_lines(hub: TestHub, git: LocalGit, row: Row, files: dict[str, str], layout: str, folder: Path) -> int:
    """Lines of the branch's diff beyond the least; fails where the branch is not the recorded outcome."""
    request, main = pull_request(hub, row), git.head()
    assert request["state"] == ("open" if row["after"] is None else "draft"), (row["model_name"], request)
    assert request["title"] == TITLES[row["op"]].format(row["model_name"])
    assert UPSTREAM_CI.fullmatch(request["branch"])
    assert git.branch_head(request["branch"]) == request["head_sha"]
    assert git.commit(request["head_sha"]).parents == (main,)
    path = row["file"] if layout == "aggregate" else path_of(row)
    assert git.changed(main, request["head_sha"]) == [path]
    before, text = files.get(path), git.text(request["head_sha"], path)
    after = expected(row, before, text, layout)
    assert (json.loads(text) if text is not None else None) == (json.loads(after) if after is not None else None)
    return changed_lines(hub.repository, main, request["head_sha"]) - least_lines(folder, before, after)


def expected(row: Row, before: str | None, text: str | None, layout: str) -> str | None:
    """The file after the recorded change, canonical, with the hub's `updated_at` in the changed record."""
    if row["after"] is None:
        gone = (
            None if layout == "per_model" else canonical(replaced(json.loads(before or "[]"), row["model_name"], None))
        )
        return gone if gone is None else gone + "\n"
    assert text is not None
    stamps = [record["updated_at"] for record in json.loads(text) if record["model_name"] == row["model_name"]]
    after = row["after"] | {"updated_at": stamps[0]}
    if layout == "per_model":
        return canonical([after]) + "\n"
    return canonical(replaced(json.loads(before or "[]"), row["model_name"], after)) + "\n"
