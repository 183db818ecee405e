"""Several models of one owner in one request, over both adapters and in both layouts."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from services.pr_bot.domain import Controls
from services.pr_bot.upstream import Pull
from shared import upstream_layout
from tests.integration.pr_bot.test_reconcile import LAYOUTS
from tests.support.pr_bot_world import World, opened_world
from tests.support.registry_fake import model

WORLDS = [("local", "aggregate"), ("github", "per_model")]
BRANCH = "chore/models-sync/batch-u1"


def switch(world: World, *, on: bool = True) -> None:
    with world.database.write() as connection:
        world.records.rows.limits.keep_controls(connection, Controls(batch=on))


@pytest.fixture(params=WORLDS, ids="-".join)
def world(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[World]:
    adapter, layout = request.param
    with opened_world(tmp_path, LAYOUTS[layout], on=adapter) as made:
        switch(made)
        yield made


def document(name: str, size: int = 11) -> str:
    return model(name, size=size, updated_at=200 + size)


def publish(world: World, *names: str, owner: str = "u1", size: int = 11, work: bool = True) -> None:
    """Approved in the hub, each by itself."""
    for name in names:
        world.registry.submitted(
            name, "llm", document(name, size), submitter=owner, owners=[owner], is_published=True, reviewer="r1"
        )
    if work:
        world.work(*names)


def pull_of(world: World, *names: str, owner: str = "u1") -> Pull:
    """The one open request of these models, which carries them and no other, as each of them has recorded it."""
    (pull,) = [pull for pull in world.pulls(f"chore/models-sync/batch-{owner}") if pull.state == "open"]
    commit = world.git.commit(pull.head_sha)
    assert commit.parents == (world.git.head(),)
    carried = [line.split(": ")[1].split("/")[0] for line in commit.message.splitlines() if "Hub-Revision" in line]
    assert carried == sorted(name.lower() for name in names)
    for name in names:
        state = world.state(name)
        assert state.last is not None
        assert (state.state, state.number, state.last.branch) == ("open", pull.number, pull.branch)
        assert (state.last.head_sha, state.last.title, state.last.body) == (pull.head_sha, pull.title, pull.body)
        assert pull.head_sha in pull.body
    assert not pull.draft
    assert world.records.rows.due_count() == 0
    return pull


def alone(world: World, *names: str, size: int = 11) -> dict[str, str | None]:
    """Main's files with these models' own changes, one after the other: nothing else."""
    catalogue = world.catalogue()
    files = dict(catalogue.texts)
    changed: dict[str, str | None] = {}
    for name in sorted(names, key=str.lower):
        new = upstream_layout.write_model(catalogue.layout, files, type="llm", name=name, document=document(name, size))
        files |= {path: text for path, text in new.items() if text is not None}
        changed |= new
    return changed


def test_three_models_of_one_owner_go_in_one_request_with_the_exact_bytes_of_each(world: World) -> None:
    publish(world, "A-1", "b.2", "Old-Model")
    pull = pull_of(world, "A-1", "b.2", "Old-Model")
    assert pull.title == 'ENH: update 3 models JSON ("A-1", "b.2", "Old-Model")'
    expected = alone(world, "A-1", "b.2", "Old-Model")
    assert sorted(world.git.changed(world.git.head(), pull.head_sha)) == sorted(expected)
    for path, text in expected.items():
        assert world.git.text(pull.head_sha, path) == text
    message = world.git.commit(pull.head_sha).message
    assert message.count("Co-authored-by: Ada <u1@users.noreply") == 1
    for name in ("A-1", "b.2", "Old-Model"):
        assert f"### `{name}`" in pull.body


def test_another_owners_models_go_apart(world: World) -> None:
    publish(world, "A-1", "A-2", work=False)
    publish(world, "B-1", "B-2", owner="u2", work=False)
    world.work("A-1", "B-1", "A-2", "B-2")
    assert pull_of(world, "A-1", "A-2").number != pull_of(world, "B-1", "B-2", owner="u2").number


def test_one_more_joins_the_open_request(world: World) -> None:
    publish(world, "A-1", "A-2")
    number = pull_of(world, "A-1", "A-2").number
    publish(world, "A-3")
    assert pull_of(world, "A-1", "A-2", "A-3").number == number
    assert [pull.number for pull in world.pulls(BRANCH)] == [number]
    assert world.names("A-1")[0] == "Opened"
    assert set(world.names("A-1")[1:]) == {"Updated"}


def test_one_that_is_withdrawn_leaves_and_the_last_closes_it(world: World) -> None:
    publish(world, "A-1", "A-2")
    number = pull_of(world, "A-1", "A-2").number
    world.registry.change("A-1", wanted="nothing", reason="withdrawn by its submitter")
    world.work("A-1")
    assert pull_of(world, "A-2").number == number
    assert (world.state("A-1").state, world.state("A-1").reason) == ("closed", "withdrawn by its submitter")
    world.registry.change("A-2", wanted="nothing", reason="archived")
    world.work("A-2")
    (pull,) = world.pulls(BRANCH)
    assert (pull.state, pull.closed_by) == ("closed", "hub")
    assert world.git.branch_head(BRANCH) is None
    assert world.state("A-2").reason == "archived"


def test_merged_upstream_is_merged_for_each(world: World) -> None:
    publish(world, "A-1", "A-2", "Old-Model")
    number = pull_of(world, "A-1", "A-2", "Old-Model").number
    world.squash(BRANCH)
    world.look()
    world.work()
    for name in ("A-1", "A-2", "Old-Model"):
        state = world.state(name)
        assert (state.state, state.number, state.is_open) == ("merged", number, False)
        assert world.record(name, "llm", world.git.head()) == json.loads(document(name))[0]
    assert world.records.rows.due_count() == 0
    publish(world, "A-1", "A-4", size=12)
    assert pull_of(world, "A-1", "A-4").number > number
