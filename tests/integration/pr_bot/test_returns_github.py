"""What people and machines do on GitHub comes back by the poll alone, as if every webhook were lost."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.support.github import FakeGitHub
from tests.support.pr_bot_world import World, opened_world
from tests.support.registry_fake import model

GLM = model("GLM-5", size=1, updated_at=200)
FILES = {"xinference/model/llm/models/other.json": model("other") + "\n"}


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    """One published model's request stands open, and the bot has looked at it since."""
    with opened_world(tmp_path, FILES, on="github") as made:
        made.registry.submitted("GLM-5", "llm", GLM, is_published=True)
        made.work("GLM-5")
        poll(made)
        yield made


def poll(world: World) -> None:
    """What the bot does every minute."""
    world.now += 130
    world.look()
    world.work()


def github(world: World) -> FakeGitHub:
    assert world.github is not None
    return world.github


def comment(world: World) -> None:
    github(world).comment(1, "Why?", by="qinxuye")


def review(world: World) -> None:
    github(world).review(1, "changes_requested", "Sort them, please.", by="qinxuye")


def line(world: World) -> None:
    github(world).line_comment(1, "xinference/model/llm/models/GLM-5.json", "Typo.", by="qinxuye")


def check(world: World) -> None:
    head = world.pull("GLM-5").head_sha
    github(world).check(head, "docs", conclusion="failure")


def merge(world: World) -> None:
    github(world).merge(1, method="squash")


def close(world: World) -> None:
    github(world).close_pull(1)


@pytest.mark.parametrize(
    ("act", "recorded"),
    [
        (comment, "Remarked"),
        (review, "Remarked"),
        (line, "Remarked"),
        (check, "Checked"),
        (merge, "Merged"),
        (close, "Closed"),
    ],
)
def test_what_happens_upstream_is_found_by_the_poll(world: World, act: Callable[[World], None], recorded: str) -> None:
    before = world.names("GLM-5")
    act(world)
    poll(world)
    assert [*before, recorded] == world.names("GLM-5")
    poll(world)
    assert [*before, recorded] == world.names("GLM-5")


def test_a_persons_title_stays_and_their_body_is_written_anew(world: World) -> None:
    body = world.pull("GLM-5").body
    github(world).edit_pull(1, title="Better words", body="nothing")
    poll(world)
    assert (world.pull("GLM-5").title, world.pull("GLM-5").body) == ("Better words", body)
    assert world.names("GLM-5")[-1] == "Updated"


def test_what_a_person_reopens_goes_on_with_the_newest_revision(world: World) -> None:
    github(world).close_pull(1)
    poll(world)
    world.registry.submitted("GLM-5", "llm", model("GLM-5", size=2, updated_at=300), is_published=True)
    world.work("GLM-5")
    assert world.state("GLM-5").state == "closed"
    github(world).reopen_pull(1)
    poll(world)
    assert world.names("GLM-5")[-2:] == ["Closed", "Reopened"]
    assert world.record("GLM-5", "llm", world.pull("GLM-5").head_sha)["size"] == 2


def test_the_first_release_with_the_change_is_found_once_it_is_tagged(world: World) -> None:
    github(world).tag("v9.0.0")
    merged = github(world).merge(1, method="squash")
    poll(world)
    world.now += 3600
    poll(world)
    assert world.names("GLM-5")[-1] == "Merged"
    github(world).tag("v9.1.0", commit=merged)
    github(world).commit({"later": "1"}, "later")
    github(world).tag("v9.2.0")
    world.now += 3600
    poll(world)
    assert world.events("GLM-5")[-1].release == "v9.1.0"


def test_a_look_where_nothing_happened_asks_two_questions_that_cost_nothing(world: World) -> None:
    poll(world)
    calls = len(github(world).calls)
    left = world.git.budget()
    world.now += 60
    world.look()
    asked = github(world).calls[calls:]
    assert [status for _, _, status in asked] == [304, 304]
    after = world.git.budget()
    assert left is not None
    assert after is not None
    assert after.remaining == left.remaining


def test_what_a_person_did_is_not_lost_with_a_look_that_is_killed(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.registry.submitted("Next", "llm", model("Next", size=1, updated_at=300), is_published=True)
    world.work("Next")
    poll(world)
    close(world)
    world.now += 65
    github(world).comment(2, "Thanks.", by="qinxuye")
    world.now += 65
    with monkeypatch.context() as killed:
        killed.setattr(world.records.rows, "mark_due", _dies)
        with pytest.raises(KeyboardInterrupt):
            world.look()
    poll(world)
    assert world.names("GLM-5")[-1] == "Closed"


def _dies(*arguments: object, **named: object) -> None:
    raise KeyboardInterrupt
