"""Upstream's history as two-way traffic: nobody's work is undone, and main is what the hub believes it to be."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import pytest

from shared.document import same
from tests.support.real_data import replay_rows
from tests.support.registry_fake import model
from tests.support.replay import canonical
from tests.support.two_way import Layout, TwoWay, hub_world, of_one_type, two_way


@pytest.mark.parametrize(
    ("layout", "on", "most"),
    [("aggregate", "local", 99), ("per_model", "github", 99), ("per_model", "local", 20), ("aggregate", "github", 20)],
)
def test_people_and_the_hub_change_upstream_by_turns_and_no_work_is_lost(
    layout: Layout, on: Literal["local", "github"], most: int, tmp_path: Path
) -> None:
    rows = of_one_type(replay_rows())[:most]
    with two_way(tmp_path, rows, layout, on=on) as traffic:
        traffic.play(rows)
        print(f"two-way {layout} on {on}: {len(rows)} changes, {dict(traffic.told)}")
        last = {row["model_name"]: row for row in rows}
        main = traffic.main()
        for name, row in last.items():
            if row["after"] is None:
                assert name not in main
            else:
                assert same(main[name], canonical([row["after"]])), name
        assert_hub_agrees(traffic, main)


def assert_hub_agrees(traffic: TwoWay, main: dict[str, str]) -> None:
    """What the hub last saw upstream, and what it publishes, is what main holds."""
    for name in traffic.registry.names():
        model = traffic.registry.model(name)
        if name not in main:
            assert model.removed_upstream or model.lifecycle == "archived", name
            continue
        seen = model.revision(model.seen_upstream)
        assert seen is not None, name
        assert same(seen.content.document, main[name]), name
        assert model.served is not None, name
        assert same(model.served.content.document, main[name]), name
        assert model.pending is None, name
    assert set(main) <= set(traffic.registry.names())


PATH = "xinference/model/llm/models/GLM-5.json"
FILES = {PATH: model("GLM-5", size=1, license="MIT", updated_at=100) + "\n"}


@pytest.mark.parametrize("on", ["local", "github"])
def test_while_a_person_has_to_merge_nothing_goes_upstream(on: Literal["local", "github"], tmp_path: Path) -> None:
    with hub_world(tmp_path, FILES, on=on) as (world, registry):
        registry.submits("GLM-5", "llm", model("GLM-5", size=2, license="MIT"))
        world.work("GLM-5")
        before = world.pull("GLM-5")
        theirs = model("GLM-5", size=3, license="MIT", updated_at=200) + "\n"
        world.person().commit({PATH: theirs}, "by hand")
        world.look()
        world.work("GLM-5")
        assert (world.state("GLM-5").state, world.pull("GLM-5")) == ("conflicted", before)
        registry.submits("GLM-5", "llm", model("GLM-5", size=4, license="MIT"))
        world.work("GLM-5")
        assert world.record("GLM-5", "llm", world.pull("GLM-5").head_sha)["size"] == 4
        assert world.git.commit(world.pull("GLM-5").head_sha).parents == (world.git.head(),)


@pytest.mark.parametrize("on", ["local", "github"])
def test_what_people_and_the_hub_change_in_other_fields_goes_upstream_as_both(
    on: Literal["local", "github"], tmp_path: Path
) -> None:
    with hub_world(tmp_path, FILES, on=on) as (world, registry):
        registry.submits("GLM-5", "llm", model("GLM-5", size=2, license="MIT"))
        registry.approves("GLM-5")
        world.work("GLM-5")
        theirs = model("GLM-5", size=1, license="Apache-2.0", updated_at=200) + "\n"
        world.person().commit({PATH: theirs}, "by hand")
        world.look()
        world.work("GLM-5")
        pull = world.pull("GLM-5")
        record = world.record("GLM-5", "llm", pull.head_sha)
        assert (record["size"], record["license"], pull.draft) == (2, "Apache-2.0", True)
        assert world.state("GLM-5").revision == 4
