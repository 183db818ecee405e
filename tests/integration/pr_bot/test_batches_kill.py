"""A step of a batch that is killed at any act or call and taken again: one request, one branch, the right models."""

from __future__ import annotations

from itertools import count
from pathlib import Path
from typing import cast

from services.pr_bot.upstream import Upstream
from tests.integration.pr_bot.test_batches import publish, pull_of, switch
from tests.integration.pr_bot.test_github_kill import Failing, dies_after
from tests.integration.pr_bot.test_github_kill import Killed as KilledAtCall
from tests.integration.pr_bot.test_kill import Dying, Killed
from tests.integration.pr_bot.test_reconcile import LAYOUTS
from tests.support.pr_bot_world import World, opened_world


def survived(world: World, *names: str, at: int) -> bool:
    """Works on them with a process that dies after that act, then with a new one; whether the first died."""
    world.restart(wrap=lambda upstream: cast(Upstream, Dying(upstream, at=at, after=True)))
    died = False
    try:
        world.work(*names)
    except Killed:
        died = True
    if died:
        world.restart()
        world.work()
        # What the others have not been told of, the next look finds.
        world.look()
        world.work()
    return died


def test_opening_joining_and_leaving_may_be_killed_after_every_act(tmp_path: Path) -> None:
    with opened_world(tmp_path, LAYOUTS["aggregate"], on="local") as world:
        switch(world)
        for at in count(1):
            owner, first, second = f"o{at}", f"a{at}", f"b{at}"
            publish(world, first, second, owner=owner, work=False)
            died = survived(world, first, second, at=at)
            number = pull_of(world, first, second, owner=owner).number
            world.registry.change(first, wanted="nothing", reason="withdrawn")
            died |= survived(world, first, at=at)
            assert pull_of(world, second, owner=owner).number == number
            assert (world.state(first).state, world.state(first).reason) == ("closed", "withdrawn")
            world.registry.change(second, wanted="nothing", reason="withdrawn")
            died |= survived(world, second, at=at)
            branch = f"chore/models-sync/batch-{owner}"
            assert [pull.state for pull in world.pulls(branch)] == ["closed"]
            assert (world.git.branch_head(branch), world.state(second).state) == (None, "closed")
            if not died:
                break
        assert at > 4


def test_every_call_of_github_may_be_the_last_while_one_joins(tmp_path: Path) -> None:
    with opened_world(tmp_path, LAYOUTS["per_model"], on="github") as world:
        switch(world)
        for at in count(1):
            owner, first, second = f"o{at}", f"a{at}", f"b{at}"
            publish(world, first, owner=owner)
            publish(world, second, owner=owner, work=False)
            with Failing(at=at, end=dies_after) as failing:
                try:
                    world.work(second)
                except KilledAtCall:
                    world.restart()
            world.now += 10
            world.work()
            world.look()
            world.work()
            pull = pull_of(world, first, second, owner=owner)
            assert [one.number for one in world.pulls(pull.branch)] == [pull.number]
            if not failing.met:
                break
        assert at > 7
