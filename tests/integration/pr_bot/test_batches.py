"""Several models of one owner in one request, over both adapters and in both layouts."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from services.pr_bot.domain import Controls
from services.pr_bot.reconcile.batches import PENDING, REJECTED
from services.pr_bot.upstream import Pull
from shared import upstream_layout
from shared.contracts.common import Caller
from tests.integration.pr_bot.test_reconcile import LAYOUTS
from tests.support.pr_bot_world import World, opened_world
from tests.support.registry_fake import model

WORLDS = [("local", "aggregate"), ("github", "per_model")]
BRANCH = "chore/models-sync/batch-u1"


def switch(world: World, *, on: bool = True) -> None:
    world.records.control(Controls(batch=on), Caller(user_id="olga"), at=world.now)


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


def test_until_an_operator_switches_it_on_each_model_has_its_own(world: World) -> None:
    switch(world, on=False)
    publish(world, "A-1", "A-2")
    assert [world.pull(name).branch for name in ("A-1", "A-2")] == [f"chore/models-sync/a-{n}" for n in (1, 2)]
    assert not world.pulls(BRANCH)


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
    assert world.git.branch_head(BRANCH) == world.state("A-4").last.head_sha  # type: ignore[union-attr]


def close(world: World) -> None:
    if world.github is not None:
        world.github.close_pull(world.pulls(BRANCH)[-1].number)
    else:
        world.person().delete(BRANCH)
    world.look()
    world.work()


def test_closed_by_a_person_stays_closed_for_all_until_one_of_them_is_reopened(world: World) -> None:
    publish(world, "A-1", "A-2")
    number = pull_of(world, "A-1", "A-2").number
    close(world)
    assert all(world.state(name).is_held_closed for name in ("A-1", "A-2"))
    world.work("A-1", "A-2")
    assert [pull.state for pull in world.pulls(BRANCH)] == ["closed"]
    world.work("A-2", ask="reopen")
    assert pull_of(world, "A-1", "A-2").number == number
    assert world.names("A-1")[-2:] == ["Closed", "Reopened"]


def test_what_is_published_after_a_closing_goes_in_a_new_request_that_a_reopened_one_joins(world: World) -> None:
    publish(world, "A-1", "A-2")
    close(world)
    publish(world, "A-3")
    number = pull_of(world, "A-3").number
    world.work("A-1", ask="reopen")
    assert pull_of(world, "A-1", "A-3").number == number
    assert world.state("A-2").is_held_closed


def test_a_person_reopens_it_for_all(tmp_path: Path) -> None:
    with opened_world(tmp_path, LAYOUTS["per_model"], on="github") as world:
        assert world.github is not None
        switch(world)
        publish(world, "A-1", "A-2")
        close(world)
        world.github.reopen_pull(1)
        world.now += 130
        world.look()
        world.work()
        pull_of(world, "A-1", "A-2")


def test_checks_and_remarks_are_every_models_and_asked_for_once(tmp_path: Path) -> None:
    with opened_world(tmp_path, LAYOUTS["per_model"], on="github") as world:
        assert world.github is not None
        switch(world)
        publish(world, "A-1", "A-2")
        world.github.check(pull_of(world, "A-1", "A-2").head_sha, "docs")
        world.look()
        world.work()
        calls = len(world.github.calls)
        world.now += 130
        world.look()
        asked = [path for _, path, _ in world.github.calls[calls:] if "/check-runs" in path]
        assert len(asked) == 1
        world.github.comment(1, "Why?", by="qinxuye")
        world.look()
        world.work()
        for name in ("A-1", "A-2"):
            assert {"Checked", "Remarked"} <= set(world.names(name))


def test_a_pending_revision_waits_and_joins_once_it_is_approved(world: World) -> None:
    publish(world, "A-1", "A-2")
    world.registry.submitted("A-1", "llm", document("A-1", 12), owners=["u1"])
    world.registry.submitted("A-3", "llm", document("A-3", 12), owners=["u1"])
    world.work("A-1", "A-3")
    pull_of(world, "A-2")
    for name in ("A-1", "A-3"):
        assert (world.state(name).state, world.state(name).reason) == ("queued", PENDING)
    world.registry.rejected("A-3", "no")
    world.work("A-3")
    assert world.state("A-3").reason == REJECTED
    before = [world.names(name) for name in ("A-1", "A-2", "A-3")]
    world.work("A-1", "A-2", "A-3")
    assert before == [world.names(name) for name in ("A-1", "A-2", "A-3")]
    world.registry.approved("A-1")
    world.registry.change("A-3", is_published=True, rejected_revision=0)
    world.work("A-1", "A-3")
    pull_of(world, "A-1", "A-2", "A-3")


def test_switched_off_what_is_open_goes_on_and_nothing_joins(world: World) -> None:
    publish(world, "A-1", "A-2")
    world.registry.submitted("A-3", "llm", document("A-3"), owners=["u1"])
    world.work("A-3")
    switch(world, on=False)
    world.work("A-3")
    assert (world.state("A-3").state, world.pull("A-3").branch) == ("draft", "chore/models-sync/a-3")
    publish(world, "A-1", size=13)
    pull_of(world, "A-1", "A-2")
    world.registry.submitted("A-2", "llm", document("A-2", 14), owners=["u1"])
    world.work("A-2")
    pull_of(world, "A-1")
    world.work()
    assert (world.state("A-2").state, world.pulls("chore/models-sync/a-2")[-1].draft) == ("draft", True)


def test_a_persons_commit_pauses_all_and_one_rebuild_takes_the_branch_back(world: World) -> None:
    publish(world, "A-1", "A-2")
    theirs = world.person().commit({"note.txt": "mine\n"}, "a change of mine", branch=BRANCH)
    world.look()
    world.work()
    assert [world.state(name).state for name in ("A-1", "A-2")] == ["paused", "paused"]
    publish(world, "A-3")
    assert (world.state("A-3").state, world.git.branch_head(BRANCH)) == ("paused", theirs)
    world.registry.change("A-2", wanted="nothing", reason="withdrawn")
    world.work("A-2")
    assert (world.state("A-2").is_open, world.git.branch_head(BRANCH)) == (True, theirs)
    world.work("A-1", ask="rebuild")
    world.work("A-2")
    pull_of(world, "A-1", "A-3")
    assert world.state("A-2").reason == "withdrawn"


def test_a_batch_counts_once_among_what_may_be_open(world: World) -> None:
    publish(world, "A-1", "A-2", "A-3")
    rows = world.records.rows
    assert (rows.open_count(), rows.limits.opened_lately(world.now)) == (1, 1)
    assert rows.turns.by_person("open") == {}
    with world.database.write() as connection:
        rows.limits.keep_controls(connection, Controls(batch=True, most_open=2, most_per_hour=2))
    publish(world, "B-1", owner="u2")
    pull_of(world, "B-1", owner="u2")
    publish(world, "C-1", owner="u3")
    assert world.state("C-1").state == "none"
