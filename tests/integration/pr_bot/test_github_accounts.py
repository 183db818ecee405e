"""Whose pull request it is: the owner's own account, its fork, the default's; and what a refused token comes to."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from nacl.public import PrivateKey

from services.pr_bot.tokens import Tokens
from services.pr_bot.upstream import TokenRefused
from tests.integration.pr_bot.test_reconcile import LAYOUTS, NEW
from tests.support.github import FakeGitHub, fake_github
from tests.support.pr_bot_tokens import TokenWorld, sealed, token_of
from tests.support.pr_bot_world import BOT, TOKEN
from tests.support.registry_fake import model

OWN = "chore/models-sync/user-ada/glm-5-1"
DEFAULTS = "chore/models-sync/glm-5-1"


@pytest.fixture
def github(tmp_path: Path) -> Iterator[FakeGitHub]:
    with fake_github(tmp_path, LAYOUTS["per_model"]) as made:
        yield made


@pytest.fixture
def world(tmp_path: Path, github: FakeGitHub) -> Iterator[TokenWorld]:
    made = TokenWorld(tmp_path, LAYOUTS["per_model"], github=github)
    yield made
    made.close()


def submit(world: TokenWorld, *, size: int = 1) -> None:
    document = model("GLM-5.1", size=size, updated_at=200 + size)
    world.registry.submitted("GLM-5.1", "llm", document, owners=["u1"])
    world.work("glm-5.1")


def standing(world: TokenWorld) -> tuple[str, str]:
    """(state, whose)."""
    state = world.state("glm-5.1")
    return state.state, state.last.opened_as if state.last else ""


def told(world: TokenWorld) -> str:
    """Everything that was recorded, as it is stored."""
    raw = (world.folder / "pr_bot.db").read_bytes() + (world.folder / "pr_bot.db-wal").read_bytes()
    return raw.decode("latin-1")


def test_without_a_personal_token_the_default_opens_it(world: TokenWorld, github: FakeGitHub) -> None:
    submit(world)
    (pull,) = github.pulls()
    assert (pull.user.login, pull.head_ref, pull.head_repository) == (BOT, DEFAULTS, github.main)
    assert standing(world) == ("draft", "default")


def test_whose_token_there_is_is_not_asked_while_the_defaults_request_stands(world: TokenWorld) -> None:
    submit(world)
    world.identity.asked.clear()
    world.work("glm-5.1")
    assert (standing(world), world.identity.asked) == (("draft", "default"), [])


def test_the_owners_token_opens_it_on_a_branch_of_their_own(world: TokenWorld, github: FakeGitHub) -> None:
    world.stores("u1", "ada")
    submit(world)
    (pull,) = github.pulls()
    assert (pull.user.login, pull.head_ref, pull.head_repository) == ("ada", OWN, github.main)
    assert standing(world) == ("draft", "ada")
    assert "Co-authored-by: Ada" in world.git.commit(pull.head_sha).message


def test_the_first_owners_token_where_the_submitter_owns_nothing(world: TokenWorld, github: FakeGitHub) -> None:
    world.stores("u2", "bob")
    world.stores("u1", "ada")
    world.registry.submitted("GLM-5.1", "llm", NEW, owners=["u2"], submitter="u1")
    world.work("glm-5.1")
    assert [pull.user.login for pull in github.pulls()] == ["bob"]


def test_an_owners_limit_holds_up_nothing_else_of_the_submitter(world: TokenWorld, github: FakeGitHub) -> None:
    world.stores("u2", "bob")
    world.stores("u1", "ada")
    for name, owner in (("GLM-5.1", "u2"), ("qwen9", "u1"), ("llama9", "u2")):
        document = model(name, size=1, updated_at=200)
        world.registry.submitted(name, "llm", document, owners=[owner], submitter="u1")
        with world.database.write() as connection:
            world.records.rows.turns.submitted_by(connection, name.lower(), "u1")
        world.records.rows.accounts.keep_owners(name.lower(), [owner])
    github.faults.secondary("POST", "/git/trees", retry_after_s=600)
    world.due("glm-5.1")
    world.now += 1
    world.work("llama9", "qwen9")
    assert [pull.user.login for pull in github.pulls()] == ["ada"]
    assert [(row.model, row.next_try_at > world.now) for row in world.records.rows.turns.waiting(world.now)] == [
        ("glm-5.1", True),
        ("llama9", True),
    ]


def test_an_account_that_may_not_push_comes_from_its_fork(world: TokenWorld, github: FakeGitHub) -> None:
    world.stores("u1", "ada", push=False)
    submit(world)
    github.commit({"README.md": "moved\n"}, "main moves")
    world.look()
    submit(world, size=2)
    (pull,) = github.pulls()
    assert (pull.head_repository.full_name, pull.head_ref, pull.user.login) == ("ada/inference", OWN, "ada")
    assert github.main.git.branch(OWN) is None
    assert world.git.commit(pull.head_sha).parents == (world.git.head(),)
    assert [method for method, path, _ in github.calls if path.endswith("/forks")] == ["POST"]
    world.registry.change("glm-5.1", is_published=True)
    world.work("glm-5.1")
    assert (github.pulls()[0].draft, standing(world)) == (False, ("open", "ada"))
    world.merge(OWN)
    world.look()
    world.work()
    assert world.state("glm-5.1").state == "merged"
    assert pull.head_repository.git.branch(OWN) is None


def test_a_default_that_may_not_push_has_a_fork_too(world: TokenWorld, github: FakeGitHub) -> None:
    github.user(BOT, token=TOKEN, push=False)
    world.restart()
    submit(world)
    (pull,) = github.pulls()
    assert (pull.head_repository.full_name, pull.head_ref) == (f"{BOT}/inference", DEFAULTS)
    world.restart()
    world.merge(DEFAULTS)
    world.work("glm-5.1")
    assert world.names("glm-5.1") == ["Opened", "Merged"]
    assert pull.head_repository.git.branch(DEFAULTS) is None


def test_a_fork_that_is_there_is_taken_and_one_that_comes_late_is_waited_for(
    world: TokenWorld, github: FakeGitHub
) -> None:
    github.fork_appears_after = 2
    world.stores("u1", "ada", push=False)
    submit(world)
    assert world.state("glm-5.1").state == "failed"
    for _ in range(3):
        world.now += 10
        world.work()
    assert standing(world) == ("draft", "ada")
    world.restart()
    submit(world, size=2)
    assert (len(github.pulls()), standing(world)) == (1, ("draft", "ada"))


def test_where_nothing_may_be_forked_its_owner_is_told(world: TokenWorld, github: FakeGitHub) -> None:
    github.forking = False
    world.stores("u1", "ada", push=False)
    submit(world)
    assert world.state("glm-5.1").state == "paused"
    assert "ada" in world.state("glm-5.1").reason


def test_a_revoked_token_pauses_it_and_says_what_to_do(world: TokenWorld, github: FakeGitHub) -> None:
    token = world.stores("u1", "ada")
    submit(world)
    github.revoke(token)
    submit(world, size=2)
    state = world.state("glm-5.1")
    assert state.state == "paused"
    assert "ada" in state.reason
    assert "User Center" in state.reason
    world.identity.sealed["u1"] = sealed(token_of("ada2"), "ada")
    github.user("ada", token=token_of("ada2"))
    world.work("glm-5.1")
    assert standing(world) == ("draft", "ada")
    assert world.record("GLM-5.1", "llm", github.pull(1).head_sha)["size"] == 2


def test_a_weak_token_pauses_it(world: TokenWorld, github: FakeGitHub) -> None:
    world.stores("u1", "ada")
    github.user("ada", token=token_of("ada"), scopes=("read:user",))
    submit(world)
    assert (world.state("glm-5.1").state, github.pulls()) == ("paused", [])
    fine = "github_pat_" + "f" * 40
    github.user("ada", token=fine, scopes=("contents",))
    world.identity.sealed["u1"] = sealed(fine, "ada")
    world.work("glm-5.1")
    assert (world.state("glm-5.1").state, github.pulls()) == ("paused", [])
    assert "Resource not accessible" in world.state("glm-5.1").reason


def test_the_default_steps_in_only_where_the_owner_allows_it(world: TokenWorld, github: FakeGitHub) -> None:
    token = world.stores("u1", "ada")
    submit(world)
    github.revoke(token)
    submit(world, size=2)
    assert "allow" in world.state("glm-5.1").reason
    world.identity.sealed["u1"] = sealed(token, "ada", default_allowed=True)
    world.work("glm-5.1")
    assert standing(world) == ("draft", "default")
    first, second = github.pulls()
    assert (first.state, second.state, second.user.login) == ("closed", "open", BOT)
    assert len(first.comments) == 1
    assert (github.main.git.branch(OWN), second.head_ref) == (None, DEFAULTS)
    assert world.names("glm-5.1")[-2:] == ["Closed", "Opened"]


def test_an_open_request_stays_with_the_account_that_opened_it(world: TokenWorld, github: FakeGitHub) -> None:
    submit(world)
    world.stores("u1", "ada")
    submit(world, size=2)
    (pull,) = github.pulls()
    assert (pull.user.login, standing(world)) == (BOT, ("draft", "default"))


def test_a_persons_commit_keeps_another_account_from_taking_over(world: TokenWorld, github: FakeGitHub) -> None:
    token = world.stores("u1", "ada", default_allowed=True)
    submit(world)
    theirs = github.commit({"note.txt": "mine\n"}, "a change of mine", branch=OWN)
    github.revoke(token)
    submit(world, size=2)
    (pull,) = github.pulls()
    assert (pull.state, pull.head_sha, world.state("glm-5.1").state) == ("open", theirs, "paused")


def test_without_any_token_it_waits_for_one(world: TokenWorld, github: FakeGitHub) -> None:
    world.default_token = ""
    github.user("guest", token="", push=False)
    world.restart()
    submit(world)
    assert (world.state("glm-5.1").state, github.pulls()) == ("paused", [])
    assert "HUB_GITHUB_TOKEN" in world.state("glm-5.1").reason
    world.stores("u1", "ada")
    world.work("glm-5.1")
    assert standing(world) == ("draft", "ada")


def test_a_token_sealed_for_another_key_asks_for_a_new_one(world: TokenWorld, github: FakeGitHub) -> None:
    world.stores("u1", "ada")
    world.identity.sealed["u1"] = sealed(token_of("ada"), "ada", key=PrivateKey.generate())
    submit(world)
    assert world.state("glm-5.1").state == "paused"
    assert "another key" in world.state("glm-5.1").reason


def test_a_default_that_is_refused_is_for_operators(world: TokenWorld, github: FakeGitHub) -> None:
    submit(world)
    github.revoke(TOKEN)
    submit(world, size=2)
    assert (world.state("glm-5.1").state, "HUB_GITHUB_TOKEN" in world.state("glm-5.1").reason) == ("paused", True)


def test_a_model_that_wants_nothing_says_nothing_of_tokens(world: TokenWorld, github: FakeGitHub) -> None:
    token = world.stores("u1", "ada")
    github.revoke(token)
    world.registry.submitted("GLM-5.1", "llm", NEW, owners=["u1"], wanted="nothing", reason="private")
    world.work("glm-5.1")
    assert (world.state("glm-5.1").state, world.state("glm-5.1").reason) == ("none", "private")


def test_it_is_foreseen_as_whom_it_will_be_opened(world: TokenWorld, github: FakeGitHub) -> None:
    accounts = world.accounts(world.git)
    assert isinstance(accounts, Tokens)
    assert accounts.foresee("u1").kind == "default"
    token = world.stores("u1", "ada")
    assert (accounts.foresee("u1").kind, accounts.foresee("u1").login) == ("personal", "ada")
    assert accounts.foresee("u1", standing="default").kind == "default"
    github.revoke(token)
    submit(world)
    desired = world.registry.wanted["glm-5.1"]
    account = accounts.of(desired)
    with pytest.raises(TokenRefused, match="User Center"):
        accounts.instead(desired, account, "revoked")
    assert accounts.foresee("u1").kind == "paused"
    world.identity.sealed["u1"] = dataclasses.replace(world.identity.sealed["u1"], default_allowed=True)
    assert accounts.foresee("u1").kind == "default"


def test_a_changed_token_concerns_the_models_of_its_owner(world: TokenWorld) -> None:
    submit(world)
    world.registry.submitted("Other-One", "llm", model("Other-One", size=1), owners=["u2"])
    world.work("other-one")
    with world.database.read() as connection:
        rows = world.records.rows.accounts
        assert [rows.waiting_for(connection, person) for person in ("u1", "u2", "u3")] == [
            ["glm-5.1"],
            ["other-one"],
            [],
        ]


def test_no_token_is_kept_or_said_anywhere(
    world: TokenWorld, github: FakeGitHub, capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    tokens = [TOKEN, world.stores("u1", "ada")]
    submit(world)
    github.revoke(tokens[1])
    submit(world, size=2)
    world.identity.sealed["u1"] = sealed(tokens[1], "ada", default_allowed=True)
    world.work("glm-5.1")
    github.revoke(TOKEN)
    submit(world, size=3)
    said = json.dumps([str(event) for event in world.events("glm-5.1")]) + caplog.text + "".join(capsys.readouterr())
    for token in tokens:
        assert token not in said
        assert token not in told(world)
