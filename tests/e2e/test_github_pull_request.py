"""The main job with pull requests on GitHub, opened as the maintainer, and what is done there coming back."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.support.github import FakeGitHub, fake_github
from tests.support.hub import small_catalogue
from tests.support.models import llm
from tests.support.running import TestHub, running_hub, until

BOT_TOKEN = "ghp_" + "b" * 36
OWN_TOKEN = "ghp_" + "m" * 36


@pytest.fixture(scope="module")
def github(tmp_path_factory: pytest.TempPathFactory, mode: str) -> Iterator[FakeGitHub]:
    with fake_github(tmp_path_factory.mktemp(f"github-{mode}"), small_catalogue()) as made:
        made.user("hub-bot", token=BOT_TOKEN)
        made.user("octomax", token=OWN_TOKEN, push=False)
        yield made


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory, mode: str, github: FakeGitHub) -> Iterator[TestHub]:
    settings: dict[str, Any] = {
        "HUB_UPSTREAM": f"github:{github.main.full_name}",
        "HUB_GITHUB_API_URL": github.url,
        "HUB_GITHUB_TOKEN": BOT_TOKEN,
    }
    folder = tmp_path_factory.mktemp("github-hub")
    with running_hub(folder, files=small_catalogue(), mode=mode, **settings) as running:
        yield running


def test_a_model_goes_to_github_as_its_maintainer_and_comes_back_merged(hub: TestHub, github: FakeGitHub) -> None:
    hub.look_upstream()
    stored = hub.api("max").put("/me/github-token", {"token": OWN_TOKEN})
    assert stored.status_code == 200, stored.text
    made = hub.api("max", "write").made(
        "/models", {"type": "llm", "document": llm("Tiny-1.5"), "visibility": "public", "message": "New"}
    )
    draft = pull_request(hub, "draft")
    (pull,) = github.pulls()
    assert (pull.user.login, pull.head_repository.full_name) == ("octomax", "octomax/inference")
    assert (pull.draft, draft["number"], draft["branch"]) == (True, pull.number, pull.head_ref)
    verdict = {"document_sha256": made["document_sha256"], "feedback": "Good."}
    answer = hub.api("rita", "write").post("/models/tiny-1.5/revisions/1/approve", verdict)
    assert answer.status_code == 200, answer.text
    pull_request(hub, "open")
    github.merge(pull.number, method="squash")
    hub.look_upstream()
    pull_request(hub, "merged")
    hub.sound()


def test_a_revoked_token_stops_the_next_one_until_there_is_another(hub: TestHub, github: FakeGitHub) -> None:
    github.revoke(OWN_TOKEN)
    hub.api("max", "write").made(
        "/models", {"type": "llm", "document": llm("Tiny-2"), "visibility": "public", "message": "New"}
    )
    paused = pull_request(hub, "paused", name="tiny-2")
    assert "octomax" in paused["reason"]
    assert OWN_TOKEN not in json.dumps(paused)
    hub.api("max").delete("/me/github-token")
    pull_request(hub, "draft", name="tiny-2")
    assert github.pulls()[-1].user.login == "hub-bot"


def pull_request(hub: TestHub, state: str, *, name: str = "tiny-1.5") -> dict[str, Any]:
    def look() -> dict[str, Any] | None:
        found: dict[str, Any] = hub.api("max").get(f"/models/{name}/pull-request").json or {}
        return found if found.get("state") == state else None

    return until(look, what=f"the pull request of {name} is {state}")
