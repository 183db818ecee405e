"""A step may die at each call of GitHub: one request, one branch and the right content come of it all the same."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
from github.Requester import Requester

from tests.integration.pr_bot.test_reconcile import LAYOUTS
from tests.support.github import fake_github
from tests.support.pr_bot_tokens import TokenWorld
from tests.support.pr_bot_world import World, opened_world
from tests.support.registry_fake import model

Ask = Callable[..., tuple[int, dict[str, Any], str]]


class Killed(BaseException):
    """kill -9: nothing of the process goes on."""


def dies_before(ask: Ask, *arguments: Any, **named: Any) -> Any:
    raise Killed


def dies_after(ask: Ask, *arguments: Any, **named: Any) -> Any:
    ask(*arguments, **named)
    raise Killed


def answer_lost(ask: Ask, *arguments: Any, **named: Any) -> Any:
    ask(*arguments, **named)
    raise requests.ConnectionError("the answer")


def fails_before(ask: Ask, *arguments: Any, **named: Any) -> Any:
    return 502, {}, ""


def fails_after(ask: Ask, *arguments: Any, **named: Any) -> Any:
    ask(*arguments, **named)
    return 502, {}, ""


ENDS = (dies_before, dies_after, answer_lost, fails_before, fails_after)


class Failing:
    """Within, the `at`-th call of GitHub, whoever makes it, ends as `end` has it; `met` says whether there was one."""

    def __init__(self, *, at: int, end: Callable[..., Any]) -> None:
        self._ask: Ask = Requester.requestJson
        self._left = at
        self._end = end
        self.met = False

    def __enter__(self) -> Failing:
        failing = self

        def asked(requester: Requester, *arguments: Any, **named: Any) -> Any:
            failing._left -= 1
            if failing._left:
                return failing._ask(requester, *arguments, **named)
            failing.met = True
            return failing._end(failing._ask, requester, *arguments, **named)

        Requester.requestJson = asked  # type: ignore[assignment,method-assign]
        return self

    def __exit__(self, *_: object) -> None:
        Requester.requestJson = self._ask  # type: ignore[method-assign]


def survives(world: World, name: str, *, at: int, end: Callable[..., Any], ask: str = "") -> bool:
    """Works on the model with the failure in the way, then as a new process or at the next try; whether it was met."""
    with Failing(at=at, end=end) as failing:
        try:
            world.work(name, ask=ask)
        except Killed:
            world.restart()
        world.now += 10
        world.work()
    assert world.records.rows.due_count() == 0
    return failing.met


def stands(world: World, name: str, *, size: int, draft: bool) -> None:
    """One request of one commit on main, its branch at that commit."""
    github = world.github
    assert github is not None
    branch = f"chore/models-sync/{name}"
    (pull,) = [pull for pull in github.pulls() if pull.head_ref == branch]
    assert (pull.state, pull.draft, len(pull.comments)) == ("open", draft, 0)
    assert github.main.git.branch(branch) == pull.head_sha
    assert world.git.commit(pull.head_sha).parents == (world.git.head(),)
    assert world.record(name, "llm", pull.head_sha)["size"] == size
    assert pull.body is not None
    assert pull.head_sha in pull.body
    state = world.state(name)
    assert (state.number, state.state) == (pull.number, "draft" if draft else "open")
    assert state.last is not None
    assert (state.last.head_sha, state.last.body.strip()) == (pull.head_sha, pull.body.strip())


@pytest.fixture
def world(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[World]:
    layout = "aggregate" if request.node.callspec.params["end"] in ENDS[::2] else "per_model"
    with opened_world(tmp_path, LAYOUTS[layout], on="github") as made:
        yield made


@pytest.mark.parametrize("end", ENDS)
def test_every_call_of_a_new_request_and_of_an_update_may_be_the_last(world: World, end: Callable[..., Any]) -> None:
    for at in itertools.count(1):
        name = f"m{at}"
        world.registry.submitted(name, "llm", model(name, size=1, updated_at=200))
        met = survives(world, name, at=at, end=end)
        stands(world, name, size=1, draft=True)
        world.registry.submitted(name, "llm", model(name, size=2, updated_at=300), is_published=True)
        met |= survives(world, name, at=at, end=end)
        stands(world, name, size=2, draft=False)
        if not met:
            break
    assert at > 7


@pytest.mark.parametrize("end", ENDS)
def test_every_call_of_a_withdrawal_may_be_the_last(world: World, end: Callable[..., Any]) -> None:
    github = world.github
    assert github is not None
    for at in itertools.count(1):
        name = f"m{at}"
        world.registry.submitted(name, "llm", model(name, size=1, updated_at=200))
        world.work(name)
        world.registry.change(name, wanted="nothing", reason="withdrawn")
        met = survives(world, name, at=at, end=end)
        (pull,) = [pull for pull in github.pulls() if pull.head_ref == f"chore/models-sync/{name}"]
        assert (pull.state, len(pull.comments)) == ("closed", 1)
        assert github.main.git.branch(pull.head_ref) is None
        assert (world.state(name).is_open, world.state(name).closed_by) == (False, "hub")
        if not met:
            break
    assert at > 5


@pytest.mark.parametrize("end", [dies_after, answer_lost])
def test_every_call_of_a_reopening_may_be_the_last(world: World, end: Callable[..., Any]) -> None:
    github = world.github
    assert github is not None
    for at in itertools.count(1):
        name = f"m{at}"
        world.registry.submitted(name, "llm", model(name, size=1, updated_at=200))
        world.work(name)
        (pull,) = [pull for pull in github.pulls() if pull.head_ref == f"chore/models-sync/{name}"]
        github.close_pull(pull.number)
        github.delete_branch(pull.head_ref)
        world.work(name)
        assert world.state(name).is_held_closed
        met = survives(world, name, at=at, end=end, ask="reopen")
        stands(world, name, size=1, draft=True)
        if not met:
            break
    assert at > 5


@pytest.mark.parametrize("end", [dies_after, answer_lost])
def test_every_call_of_another_account_taking_over_may_be_the_last(tmp_path: Path, end: Callable[..., Any]) -> None:
    """From a fork of the owner, whose token is revoked, to the default."""
    with fake_github(tmp_path, LAYOUTS["per_model"]) as github:
        world = TokenWorld(tmp_path, {}, github=github)
        for at in itertools.count(1):
            name = f"m{at}"
            token = world.stores("u1", "ada", push=False, default_allowed=True)
            world.registry.submitted(name, "llm", model(name, size=1, updated_at=200), owners=["u1"])
            met = survives(world, name, at=at, end=end)
            (first,) = [pull for pull in github.pulls() if pull.head_ref.endswith(f"/{name}")]
            assert (first.head_repository.full_name, first.state) == ("ada/inference", "open")
            github.revoke(token)
            world.registry.submitted(name, "llm", model(name, size=2, updated_at=300), owners=["u1"])
            met |= survives(world, name, at=at, end=end)
            first, second = [pull for pull in github.pulls() if pull.head_ref.endswith(f"/{name}")]
            assert (first.state, len(first.comments), second.state) == ("closed", 1, "open")
            assert (second.head_ref, second.head_sha) == (
                f"chore/models-sync/{name}",
                github.main.git.branch(second.head_ref),
            )
            assert world.record(name, "llm", second.head_sha)["size"] == 2
            assert (world.state(name).state, world.state(name).number) == ("draft", second.number)
            if not met:
                break
        assert at > 8
        world.close()
