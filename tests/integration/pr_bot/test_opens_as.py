"""Before anything is submitted people are told as whom its pull request will be opened; nobody is told of others."""

from __future__ import annotations

from pathlib import Path

import pytest

from shared.contracts.common import Caller
from shared.contracts.pr_bot import OpensAs, OpensAsQuery
from shared.errors import Forbidden, NotFound
from tests.integration.pr_bot.test_application import NEW, OWNER, REVIEWER, STRANGER, Hub
from tests.support.pr_bot_tokens import sealed, token_of

GITHUB = {"HUB_UPSTREAM": "github:o/r", "HUB_GITHUB_API_URL": "http://127.0.0.1:9"}
TOKEN = "ghp_" + "d" * 36


def opens_as(hub: Hub, caller: Caller = OWNER, *, name: str = "") -> OpensAs:
    return hub.pr_bot.opens_as(OpensAsQuery(name=name), caller)


def test_a_repository_has_no_accounts_and_off_has_no_pull_requests(tmp_path: Path) -> None:
    assert opens_as(Hub(tmp_path)).kind == "local"
    assert opens_as(Hub(tmp_path, HUB_UPSTREAM="off")).kind == "off"


def test_ones_own_token_comes_before_the_default(tmp_path: Path) -> None:
    hub = Hub(tmp_path, **GITHUB, HUB_GITHUB_TOKEN=TOKEN)
    assert opens_as(hub) == OpensAs(kind="default")
    hub.identity.sealed["u1"] = sealed(token_of("ada"), "ada")
    assert opens_as(hub) == OpensAs(kind="personal", login="ada")
    assert opens_as(hub, STRANGER) == OpensAs(kind="default")


def test_without_any_token_it_says_what_to_do(tmp_path: Path) -> None:
    seen = opens_as(Hub(tmp_path, **GITHUB))
    assert (seen.kind, "User Center" in seen.note) == ("paused", True)


def test_of_a_model_its_owner_and_reviewers_hear_and_nobody_else(tmp_path: Path) -> None:
    hub = Hub(tmp_path, **GITHUB, HUB_GITHUB_TOKEN=TOKEN)
    hub.registry.submits("GLM-5", NEW)
    hub.registry.change("glm-5", owners=["u1"])
    hub.registry.owners["glm-5"] = "u1"
    hub.identity.sealed["u1"] = sealed(token_of("ada"), "ada")
    assert opens_as(hub, name="GLM-5").login == "ada"
    assert opens_as(hub, REVIEWER, name="GLM-5").login == "ada"
    with pytest.raises(Forbidden):
        opens_as(hub, STRANGER, name="GLM-5")
    with pytest.raises(NotFound):
        opens_as(hub, Caller(), name="GLM-5")
    with pytest.raises(Forbidden):
        opens_as(hub, Caller())
