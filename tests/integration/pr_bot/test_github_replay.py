"""Upstream's own changes through GitHub: as small as git can make them, in no more calls than promised."""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import groupby
from pathlib import Path

import pytest

from tests.integration.pr_bot.test_replay import noop, outcome, per_model_tree, replay
from tests.support.pr_bot_world import opened_world
from tests.support.real_data import aggregate_files, replay_rows
from tests.support.replay import Row, canonical, is_no_change, replaced, rounds_of

MOST_CALLS = 10


def mains_of(rows: list[Row], layout: str) -> Iterator[list[Row]]:
    """Changes that start from one main: of one file where a file holds many models, some of which moved later."""
    for taken in rounds_of(rows):
        if layout == "per_model":
            yield taken
        else:
            by_file = sorted(taken, key=lambda row: row["file"])
            yield from (list(found) for _, found in groupby(by_file, key=lambda row: row["file"]))


def tree(rows: list[Row], layout: str) -> dict[str, str]:
    """A main that holds what each of the changes started from."""
    if layout == "per_model":
        return {path: text for row in rows for path, text in per_model_tree(row).items()}
    touched = {row["file"] for row in rows}
    return {path: _before(path, text, rows) for path, text in aggregate_files().items() if path in touched}


def _before(path: str, text: str, rows: list[Row]) -> str:
    records = json.loads(text)
    for row in rows:
        if row["file"] == path:
            records = replaced(records, row["model_name"], row["before"])
    return canonical(records) + "\n"


@pytest.mark.parametrize("layout", ["aggregate", "per_model"])
def test_every_real_change_becomes_the_smallest_pull_request_on_github(layout: str, tmp_path: Path) -> None:
    rows = replay_rows()
    passed, extra, noops, most = 0, 0, 0, 0
    for number, taken in enumerate(mains_of(rows, layout)):
        files = tree(taken, layout)
        with opened_world(tmp_path / str(number), files, on="github", imported=False) as world:
            # As in a hub that runs: main has been read.
            assert all(world.catalogue().texts.values())
            for row in taken:
                if row["before"] is not None:
                    world.registry.holds(row["model_name"], row["model_type"], canonical(row["before"]))
                if is_no_change(row):
                    noops += noop(world, row)
                else:
                    extra += max(0, replay(world, row, outcome(row, files, layout)))
                most = max(most, world.calls_taken)
                passed += 1
    print(
        f"replay on github, {layout}: {passed} of {len(rows)} passed, {noops} need no request, "
        f"{extra} lines over git's least, at most {most} calls each"
    )
    assert (passed, extra) == (len(rows), 0)
    assert most <= MOST_CALLS
