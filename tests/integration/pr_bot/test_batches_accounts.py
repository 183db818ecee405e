"""Whose request a batch is: the owner's own account, the default's once that steps in, apart where they differ."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.integration.pr_bot.test_batches import document, switch
from tests.integration.pr_bot.test_reconcile import LAYOUTS
from tests.support.github import FakeGitHub, fake_github
from tests.support.pr_bot_tokens import TokenWorld
from tests.support.pr_bot_world import BOT

OWN = "chore/models-sync/user-ada/batch-u1"
DEFAULTS = "chore/models-sync/batch-u1"


@pytest.fixture
def github(tmp_path: Path) -> Iterator[FakeGitHub]:
    with fake_github(tmp_path, LAYOUTS["per_model"]) as made:
        yield made


@pytest.fixture
def world(tmp_path: Path, github: FakeGitHub) -> Iterator[TokenWorld]:
    made = TokenWorld(tmp_path, LAYOUTS["per_model"], github=github)
    switch(made)
    yield made
    made.close()


def publish(
    world: TokenWorld, *names: str, size: int = 11, submitter: str = "u1", owners: tuple[str, ...] = ()
) -> None:
    for name in names:
        fields = {"owners": [*(owners or ("u1",))], "is_published": True, "submitter": submitter}
        world.registry.submitted(name, "llm", document(name, size), **fields)
    world.work(*names)


def carried(world: TokenWorld, github: FakeGitHub, branch: str) -> tuple[str, list[str]]:
    """(whose, models) of the branch's one open request, as each of the models has recorded it."""
    (pull,) = [pull for pull in github.pulls() if pull.head_ref == branch and pull.state == "open"]
    _, content = pull.head_repository.git.read(pull.head_sha) or ("", b"")
    lines = content.decode().splitlines()
    names = [line.split(": ")[1].split("/")[0] for line in lines if line.startswith("Hub-Revision")]
    for name in names:
        assert (world.state(name).state, world.state(name).number) == ("open", pull.number)
    assert world.records.rows.due_count() == 0
    return pull.user.login, names


def test_the_owners_token_opens_it_on_a_branch_of_their_own(world: TokenWorld, github: FakeGitHub) -> None:
    world.stores("u1", "ada", push=False)
    publish(world, "A-1", "A-2")
    assert carried(world, github, OWN) == ("ada", ["a-1", "a-2"])


def test_a_co_owners_own_token_carries_what_that_person_submits(world: TokenWorld, github: FakeGitHub) -> None:
    world.stores("u1", "ada")
    world.stores("u2", "bob")
    publish(world, "A-1", "A-2")
    publish(world, "A-3", submitter="u2", owners=("u1", "u2"))
    assert carried(world, github, OWN) == ("ada", ["a-1", "a-2"])
    assert carried(world, github, "chore/models-sync/user-bob/batch-u1") == ("bob", ["a-3"])


def test_the_default_takes_it_over_as_one_where_the_owner_allows_it(world: TokenWorld, github: FakeGitHub) -> None:
    token = world.stores("u1", "ada", push=False, default_allowed=True)
    publish(world, "A-1", "A-2")
    github.revoke(token)
    publish(world, "A-1", size=12)
    assert carried(world, github, DEFAULTS) == (BOT, ["a-1", "a-2"])
    assert [pull.state for pull in github.pulls() if pull.head_ref == OWN] == ["closed"]


def test_a_revoked_token_pauses_it_until_there_is_another(world: TokenWorld, github: FakeGitHub) -> None:
    token = world.stores("u1", "ada")
    publish(world, "A-1", "A-2")
    github.revoke(token)
    publish(world, "A-1", size=12)
    assert (world.state("A-1").state, world.events("A-1")[-1].cause) == ("paused", "token")
    world.stores("u1", "ada")
    world.work("A-1", "A-2")
    assert carried(world, github, OWN) == ("ada", ["a-1", "a-2"])


def test_a_model_that_is_handed_over_leaves_for_its_new_owners(world: TokenWorld, github: FakeGitHub) -> None:
    world.stores("u1", "ada")
    world.stores("u2", "bob")
    publish(world, "A-1", "A-2")
    world.registry.change("A-2", owners=["u2"], submitter="u2")
    world.work("A-2")
    assert carried(world, github, OWN) == ("ada", ["a-1"])
    assert carried(world, github, "chore/models-sync/user-bob/batch-u2") == ("bob", ["a-2"])
