"""A request's life between people here and there: rejections, withdrawals, commits that are not the bot's."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from services.pr_bot.reconcile.branches import content_of
from services.pr_bot.upstream.local_git import LocalGit
from shared.contracts.common import ModelRef, system_caller
from shared.contracts.pr_bot import BranchContent
from shared.document import records_of
from shared.event_store.interface import RecordedEvent
from tests.integration.pr_bot.test_github_kill import ENDS, survives
from tests.integration.pr_bot.test_proof import proven
from tests.integration.pr_bot.test_reconcile import LAYOUTS, NEW, publish, submit_new
from tests.support.git_people import Person
from tests.support.pr_bot_world import World, opened_world
from tests.support.registry_fake import model

WORLDS = [("local", "aggregate"), ("github", "per_model")]


@pytest.fixture(params=WORLDS, ids="-".join)
def world(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[World]:
    adapter, layout = request.param
    with opened_world(tmp_path, LAYOUTS[layout], on=adapter) as made:
        yield made


def comments(world: World, number: int) -> list[str]:
    if world.github is not None:
        return [comment.body for comment in world.github.pull(number).comments]
    assert isinstance(world.git, LocalGit)
    return list(world.git.comments(number))


def content(world: World, name: str) -> BranchContent:
    desired = world.registry.desired_state(ModelRef(name=name), system_caller("pr_bot"))
    return content_of(world.git, world.state(name), desired)


def held_in(world: World, branch: str) -> str:
    """The file of the branch that the new model is in."""
    head = world.git.branch_head(branch)
    assert head is not None
    found = world.catalogue(head).find("GLM-5.1", model_type="llm")
    assert found is not None
    return found.path


def alices(world: World, *, note: str, subject: str = "a better note", more: str = "") -> Person:
    """Alice's commit on the branch: the new model gets a note, and another file text, if any."""
    branch = world.pull("glm-5.1").branch
    path, person = held_in(world, branch), world.person()
    text = person.read(path, branch=branch).replace(
        '"updated_at": 200', f'"updated_at": 200, "note": {json.dumps(note)}'
    )
    person.commit({path: text, **({"docs.txt": more} if more else {})}, subject, branch=branch)
    world.work("glm-5.1")
    assert world.state("glm-5.1").state == "paused"
    return person


def test_a_rejection_is_said_once_on_the_draft_with_its_feedback(world: World) -> None:
    submit_new(world)
    publish(world, "glm-5.1")
    world.registry.submitted("GLM-5.1", "llm", model("GLM-5.1", size=2, updated_at=300))
    world.work("glm-5.1")
    world.registry.rejected("GLM-5.1", "Say what it is for, @maintainers")
    world.work("glm-5.1")
    world.restart()
    world.work("glm-5.1")
    pull = world.pull("glm-5.1")
    assert (pull.state, pull.draft) == ("open", True)
    (said,) = comments(world, pull.number)
    assert "rejected revision 2" in said
    assert "Say what it is for, @\u200bmaintainers" in said
    assert "Rejected by a reviewer" in pull.body
    world.registry.submitted("GLM-5.1", "llm", model("GLM-5.1", size=3, updated_at=400))
    world.work("glm-5.1")
    world.registry.approved("GLM-5.1", reviewer="u1")
    world.work("glm-5.1")
    assert not world.pull("glm-5.1").draft
    assert "approved by `Ada`" in world.pull("glm-5.1").body
    assert len(comments(world, pull.number)) == 1


def test_a_withdrawn_change_of_a_published_model_closes_with_its_reason(world: World) -> None:
    world.registry.submitted("Old-Model", "llm", model("Old-Model", size=2, updated_at=200))
    world.work("old-model")
    number = world.pull("old-model").number
    upstream_has = world.registry.wanted["old-model"].upstream_document
    world.registry.change(
        "old-model",
        document=upstream_has,
        is_published=True,
        withdrawn=True,
        reason="revision 2 was withdrawn in the hub: wrong @size",
    )
    world.work("old-model")
    assert world.pull("old-model").state == "closed"
    assert world.state("old-model").state == "closed"
    (said,) = comments(world, number)
    assert "revision 2 was withdrawn in the hub: wrong @\u200bsize" in said


def test_a_person_finds_who_committed_what_to_the_branch(world: World) -> None:
    submit_new(world)
    assert content(world, "glm-5.1").commits == []
    alices(world, note="faster")
    found = content(world, "glm-5.1")
    assert [(commit.author, commit.subject) for commit in found.commits] == [("Alice", "a better note")]
    assert found.commits[0].sha == found.head_sha == world.git.branch_head(found.branch)
    assert records_of(found.document) == [{**json.loads(NEW)[0], "note": "faster"}]
    assert "+" in found.diff
    assert "note" in found.diff
    assert (found.problem, found.beyond) == ("", [])


def test_what_was_taken_over_is_rebuilt_as_one_commit_of_the_bots(world: World, tmp_path: Path) -> None:
    submit_new(world)
    alices(world, note="faster")
    taken = content(world, "glm-5.1").document
    world.registry.submitted("GLM-5.1", "llm", taken, submitter="u1", message="Taken over from Alice")
    world.work("glm-5.1", ask="rebuild")
    pull = world.pull("glm-5.1")
    assert world.state("glm-5.1").state == "draft"
    assert world.git.commit(pull.head_sha).parents == (world.git.head(),)
    assert world.record("GLM-5.1", "llm", pull.head_sha)["note"] == "faster"
    assert "Taken over from Alice" in pull.body
    proven(world, "glm-5.1", tmp_path / "clone")


def test_what_lies_beyond_the_record_is_named(world: World) -> None:
    submit_new(world)
    alices(world, note="faster", more="by hand\n")
    assert content(world, "glm-5.1").beyond == ["docs.txt"]


def test_another_models_record_in_the_same_file_lies_beyond_it(tmp_path: Path) -> None:
    with opened_world(tmp_path, LAYOUTS["aggregate"], on="local") as world:
        submit_new(world)
        branch = world.pull("glm-5.1").branch
        path, person = held_in(world, branch), world.person()
        text = person.read(path, branch=branch)
        person.commit({path: text.replace('"Other"', '"Another"')}, "rename", branch=branch)
        world.work("glm-5.1")
        found = content(world, "glm-5.1")
        assert (found.beyond, records_of(found.document)) == ([path], json.loads(NEW))


def test_a_branch_that_cannot_be_read_says_why(world: World) -> None:
    submit_new(world)
    branch = world.pull("glm-5.1").branch
    path, person = held_in(world, branch), world.person()
    person.commit(
        {path: person.read(path, branch=branch).replace('"GLM-5.1"', '"GLM-5.1" oops')}, "typo", branch=branch
    )
    world.work("glm-5.1")
    found = content(world, "glm-5.1")
    assert (found.document, len(found.commits)) == ("", 1)
    assert "xpected" in found.problem
    person.commit({path: None}, "gone", branch=branch)
    found = content(world, "glm-5.1")
    assert [commit.subject for commit in found.commits] == ["gone", "typo"]
    assert "does not hold GLM-5.1" in found.problem


def test_an_amended_commit_is_found_as_its_persons(world: World) -> None:
    submit_new(world)
    world.person().amend(world.pull("glm-5.1").branch, "mine now")
    world.work("glm-5.1")
    found = content(world, "glm-5.1")
    assert [commit.subject for commit in found.commits] == ["mine now"]
    assert records_of(found.document) == json.loads(NEW)


def test_a_model_that_is_not_public_any_more_has_its_request_closed_with_the_reason(world: World) -> None:
    submit_new(world)
    publish(world, "glm-5.1")
    number = world.pull("glm-5.1").number
    world.registry.change("glm-5.1", wanted="nothing", reason="the model is not public")
    world.work("glm-5.1")
    assert (world.state("glm-5.1").state, world.state("glm-5.1").reason) == ("closed", "the model is not public")
    assert "the model is not public" in comments(world, number)[0]


def test_a_rebuild_that_is_asked_for_during_a_step_is_not_lost(world: World) -> None:
    rows = world.records.rows
    world.due("glm-5.1")
    (taken,) = rows.due_now(world.now, limit=1)
    world.due("glm-5.1", ask="rebuild")
    with world.database.write() as connection:
        rows.done(connection, taken)
    (left,) = rows.due_now(world.now, limit=1)
    assert left.ask == "rebuild"
    world.due("glm-5.1")
    with world.database.write() as connection:
        rows.done(connection, left)
    (once,) = rows.due_now(world.now, limit=1)
    assert once.ask == ""


@pytest.mark.parametrize("end", ENDS[::2])
def test_every_call_of_a_rejection_may_be_the_last(tmp_path: Path, end: Callable[..., Any]) -> None:
    with opened_world(tmp_path, LAYOUTS["per_model"], on="github") as world:
        for at in count(1):
            name = f"m{at}"
            world.registry.submitted(name, "llm", model(name, size=1, updated_at=200), is_published=True)
            world.work(name)
            world.registry.submitted(name, "llm", model(name, size=2, updated_at=300))
            world.registry.rejected(name, "Say what it is for.")
            met = survives(world, name, at=at, end=end)
            pull = world.pull(name)
            assert (pull.state, pull.draft, len(comments(world, pull.number))) == ("open", True, 1)
            assert world.state(name).state == "draft"
            if not met:
                break
        assert at > 6


def test_a_quiet_step_reads_the_stream_once_to_look_and_once_to_record(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    submit_new(world)
    read, asked = world.store.read_stream, []

    def counted(stream: str, **more: Any) -> list[RecordedEvent]:
        asked.append(stream)
        return read(stream, **more)

    monkeypatch.setattr(world.store, "read_stream", counted)
    before = world.names("glm-5.1")
    asked.clear()
    world.work("glm-5.1")
    assert asked == ["pullrequest-glm-5.1"] * 2
    assert world.names("glm-5.1") == before
