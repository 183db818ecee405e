"""A step that is killed at any of its acts and taken again by a new process does everything once."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

import pytest

from services.pr_bot.upstream import Upstream
from tests.integration.pr_bot.test_reconcile import LAYOUTS, NEW
from tests.support.pr_bot_world import World
from tests.support.registry_fake import model

ACTS = ("build", "point", "delete_branch", "open_pull", "edit_pull", "close_pull", "reopen_pull", "comment")
BRANCH = "chore/models-sync/glm-5-1"


class Killed(BaseException):
    """kill -9: nothing of the process goes on."""


class Dying:
    """An adapter whose process dies just before or just after its `at`-th act."""

    def __init__(self, upstream: Upstream, *, at: int, after: bool) -> None:
        self._upstream = upstream
        self._left = at
        self._after = after

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._upstream, name)
        return self._act(found) if name in ACTS else found

    def _act(self, act: Callable[..., Any]) -> Callable[..., Any]:
        def acted(*arguments: Any, **named: Any) -> Any:
            self._left -= 1
            if self._left == 0 and not self._after:
                raise Killed
            answer = act(*arguments, **named)
            if self._left == 0:
                raise Killed
            return answer

        return acted


def submit(world: World) -> None:
    world.registry.submitted("GLM-5.1", "llm", NEW)


def revise_and_publish(world: World) -> None:
    world.registry.submitted("GLM-5.1", "llm", model("GLM-5.1", size=2, updated_at=300))
    world.registry.change("glm-5.1", is_published=True)


def withdraw(world: World) -> None:
    world.registry.change("glm-5.1", wanted="nothing", reason="withdrawn")


def reopen(world: World) -> None:
    world.due("glm-5.1", ask="reopen")


def survive(world: World, *, at: int, after: bool) -> bool:
    """Works with a process that dies at that act, then with a new one; whether the first died."""
    world.restart(wrap=lambda upstream: cast(Upstream, Dying(upstream, at=at, after=after)))
    died = False
    try:
        world.work("glm-5.1")
    except Killed:
        died = True
    world.restart()
    world.work()
    return died


def check(world: World, *, state: str, draft: bool, size: int) -> None:
    (pull,) = world.git.pulls(BRANCH)
    assert (pull.number, pull.state, pull.draft) == (1, state, draft)
    if state == "open":
        assert world.record("glm-5.1", "llm", pull.head_sha)["size"] == size
        assert world.git.commit(pull.head_sha).parents == (world.git.head(),)
        assert world.state("glm-5.1").last is not None
    else:
        assert world.git.branch_head(BRANCH) is None
        assert not world.state("glm-5.1").is_open
    assert world.records.rows.due_count() == 0


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("layout", sorted(LAYOUTS))
def test_a_killed_step_is_completed_by_the_next_process(tmp_path: Path, layout: str, after: bool) -> None:
    at, died = 0, True
    while died:
        at += 1
        world = World(tmp_path / str(at), LAYOUTS[layout])
        submit(world)
        died = survive(world, at=at, after=after)
        check(world, state="open", draft=True, size=1)
        assert world.names("glm-5.1") == ["Opened"]
        revise_and_publish(world)
        died |= survive(world, at=at, after=after)
        check(world, state="open", draft=False, size=2)
        assert world.names("glm-5.1") == ["Opened", "Ready"]
        withdraw(world)
        died |= survive(world, at=at, after=after)
        check(world, state="closed", draft=False, size=2)
        assert world.names("glm-5.1") == ["Opened", "Ready", "Closed"]
    assert at > 3


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
def test_a_killed_reopening_is_completed_by_the_next_process(tmp_path: Path, after: bool) -> None:
    at, died = 0, True
    while died:
        at += 1
        world = World(tmp_path / str(at), LAYOUTS["per_model"])
        submit(world)
        world.work("glm-5.1")
        world.person().delete(BRANCH)
        world.look()
        world.work()
        reopen(world)
        died = survive(world, at=at, after=after)
        check(world, state="open", draft=True, size=1)
        assert world.names("glm-5.1") == ["Opened", "Closed", "Reopened"]
    assert at > 3


def test_a_look_killed_between_two_models_is_completed_by_the_next(tmp_path: Path) -> None:
    world = World(tmp_path, LAYOUTS["per_model"])
    person = world.person()
    person.commit(
        {f"xinference/model/llm/models/M{number}.json": model(f"M{number}") + "\n" for number in range(4)}, "four"
    )
    tell: Any = world.records.tell
    told: list[Any] = []

    def dying(seen: Any) -> bool:
        if len(told) == 2:
            raise Killed
        told.append(seen)
        return bool(tell(seen))

    world.records.tell = dying  # type: ignore[method-assign]
    with pytest.raises(Killed):
        world.watch.look()
    world.restart()
    world.watch.look()
    assert [len(world.told_of(f"m{number}")) for number in range(4)] == [1, 1, 1, 1]
