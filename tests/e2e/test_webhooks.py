"""What GitHub tells comes back at once, and is looked up: what is forged, old, doubled or lying changes nothing.

The hub of these tests looks by itself only once an hour.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any, cast
from uuid import uuid4

import pytest

from services.pr_bot.upstream.github_calls import GitHubCalls
from tests.support.github import FakeGitHub, fake_github
from tests.support.github.webhooks import Webhooks
from tests.support.hub import small_catalogue
from tests.support.running import TestHub, running_hub, until
from tests.support.stages import approved, registered

TOKEN, SECRET = "ghp_" + "b" * 36, "between us"


@pytest.fixture(scope="module")
def github(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FakeGitHub]:
    with fake_github(tmp_path_factory.mktemp("github"), small_catalogue()) as made:
        made.user("hub-bot", token=TOKEN)
        yield made


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory, github: FakeGitHub) -> Iterator[TestHub]:
    changes: dict[str, Any] = {
        "HUB_UPSTREAM": f"github:{github.main.full_name}",
        "HUB_UPSTREAM_POLL_S": "3600",
        "HUB_GITHUB_API_URL": github.url,
        "HUB_GITHUB_TOKEN": TOKEN,
        "HUB_GITHUB_WEBHOOK_SECRET": SECRET,
    }
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(cast(dict[str, Any], GitHubCalls.__init__.__kwdefaults__), "between_writes_s", 0.0)
        folder = tmp_path_factory.mktemp("webhooks")
        with running_hub(folder, files=small_catalogue(), **changes) as running:
            yield running


@pytest.fixture(scope="module")
def sent(hub: TestHub, github: FakeGitHub) -> Iterator[Webhooks]:
    def receive(headers: Mapping[str, str], content: bytes) -> int:
        answer = hub.app.test_client().post("/webhooks/github", data=content, headers=dict(headers))
        return answer.status_code

    sender = github.webhooks(receive, SECRET)
    yield sender
    sender.close()


@pytest.fixture(scope="module")
def number(hub: TestHub, github: FakeGitHub, sent: Webhooks) -> int:
    """An open pull request, ready to be merged."""
    hub.look_upstream()
    made = registered(hub, "heard", visibility="public")
    approved(hub, "heard", 1, made["document_sha256"])
    is_in(hub, "open")
    return github.pulls()[0].number


def is_in(hub: TestHub, state: str) -> dict[str, Any]:
    def look() -> dict[str, Any] | None:
        found: dict[str, Any] = hub.api("max").get("/models/heard/pull-request").get_json() or {}
        return found if found.get("state") == state else None

    return until(look, what=f"the pull request is {state}")


def stays(hub: TestHub, sent: Webhooks, state: str) -> None:
    sent.settle()
    hub.settled()
    assert hub.api("max").get("/models/heard/pull-request").get_json()["state"] == state


def test_every_delivery_of_the_hubs_own_work_was_taken(hub: TestHub, sent: Webhooks, number: int) -> None:
    sent.settle()
    assert {delivery.status for delivery in sent.deliveries} == {202}
    assert {"create", "pull_request"} <= {delivery.event for delivery in sent.deliveries}


def test_a_lie_changes_nothing_signed_or_not(hub: TestHub, sent: Webhooks, number: int) -> None:
    """GitHub itself says that it is open."""
    truth = next(each for each in sent.deliveries if (each.event, each.action) == ("pull_request", "opened"))
    lie = {
        "action": "closed",
        "number": number,
        "pull_request": {"number": number, "state": "closed", "merged": True, "head": {"ref": "x", "sha": "0" * 40}},
        "repository": {"full_name": "xorbitsai/inference"},
    }
    assert [sent.forge("pull_request", lie, signed=signed).status for signed in ("sha256=" + "0" * 64, None)] == [
        401
    ] * 2
    stolen = truth.headers["X-Hub-Signature-256"]
    assert sent.forge("pull_request", lie, signed=stolen).status == 401
    told = sent.deliver("pull_request", lie)
    stays(hub, sent, "open")
    assert told.status == 202
    # The bot's own comment, branch or draft flag would show that somebody had believed it.
    assert hub.api("max").get("/models/heard/pull-request").get_json()["draft"] is False


def test_what_a_person_closes_is_closed_here_and_doubled_it_is_no_other(
    hub: TestHub, github: FakeGitHub, sent: Webhooks, number: int
) -> None:
    sent.double()
    github.close_pull(number)
    is_in(hub, "closed")
    stays(hub, sent, "closed")


def test_out_of_order_the_last_state_is_what_github_holds(
    hub: TestHub, github: FakeGitHub, sent: Webhooks, number: int
) -> None:
    sent.settle()
    sent.reorder(3)
    github.reopen_pull(number)
    github.close_pull(number)
    github.reopen_pull(number)
    is_in(hub, "open")
    stays(hub, sent, "open")


def test_an_old_one_sent_again_changes_nothing(hub: TestHub, sent: Webhooks, number: int) -> None:
    """Under its own id, and under a new one, by somebody who has recorded it."""
    of_closing = [each for each in sent.deliveries if (each.event, each.action) == ("pull_request", "closed")]
    for delivery in [each for each in of_closing if each.status == 202]:
        replayed = replace(delivery, headers={**delivery.headers, "X-GitHub-Delivery": str(uuid4())})
        assert [sent.again(each) for each in (delivery, replayed)] == [202, 202]
    stays(hub, sent, "open")


def test_what_was_lost_is_found_by_looking(hub: TestHub, github: FakeGitHub, sent: Webhooks, number: int) -> None:
    sent.lose(2)
    github.close_pull(number)
    stays(hub, sent, "open")
    hub.look_upstream()
    is_in(hub, "closed")
    github.reopen_pull(number)
    hub.look_upstream()
    is_in(hub, "open")


def test_a_merge_comes_back_at_once(hub: TestHub, github: FakeGitHub, sent: Webhooks, number: int) -> None:
    github.merge(number, method="squash")
    is_in(hub, "merged")
    hub.sound()


def test_another_repositorys_news_wake_nobody(hub: TestHub, github: FakeGitHub, sent: Webhooks, number: int) -> None:
    hub.settled()
    asked = len(github.calls)
    told = sent.deliver("push", {"ref": "refs/heads/main", "repository": {"full_name": "somebody/else"}})
    sent.settle()
    hub.settled()
    assert told.status == 202
    assert len(github.calls) == asked
