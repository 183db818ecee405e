"""Limits, faults and webhooks come as a test orders them, and as GitHub words them."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping

import pytest
import requests

from tests.support.github import FakeGitHub
from tests.support.github.asking import Client
from tests.support.github.webhooks import Webhooks, signature

BLOB = {"content": "x"}


def test_primary_limit_counts_until_the_hour_is_over(github: FakeGitHub, hub: Client, uma: Client) -> None:
    github.limit.per_hour = 2
    github.set_clock(lambda: 1_800_000_000.0)
    first = hub.ask("GET", "")
    assert (first.headers["X-RateLimit-Remaining"], first.headers["X-RateLimit-Reset"]) == ("1", "1800003600")
    same = hub.ask("GET", "", if_none_match=first.headers["ETag"])
    assert (same.status_code, same.content, same.headers["X-RateLimit-Remaining"]) == (304, b"", "1")
    assert hub.ask("GET", "").headers["X-RateLimit-Remaining"] == "0"
    refused = hub.ask("GET", "")
    assert (refused.status_code, refused.headers["X-RateLimit-Remaining"]) == (403, "0")
    assert refused.json()["message"].startswith("API rate limit exceeded for user ID")
    assert hub.get("//rate_limit")["rate"] == {"limit": 2, "remaining": 0, "reset": 1_800_003_600, "used": 2}
    assert uma.ask("GET", "").status_code == 200
    github.advance(3_600)
    assert hub.ask("GET", "").status_code == 200


def test_graphql_has_a_limit_of_its_own_and_says_so_in_its_way(github: FakeGitHub, hub: Client) -> None:
    github.limit.graphql_per_hour, github.limit.content_per_minute = 1, 1
    asked = {"query": "{ viewer { login } }"}
    first, second = (hub.ask("POST", "//graphql", asked) for _ in range(2))
    assert first.json() == {"data": {"viewer": {"login": "hub"}}}
    assert (second.status_code, second.json()["errors"][0]["type"]) == (200, "RATE_LIMITED")
    assert (second.headers["X-RateLimit-Resource"], second.headers["X-RateLimit-Remaining"]) == ("graphql", "0")
    # Asking is no content.
    assert hub.ask("POST", "/git/blobs", BLOB).status_code == 201


def test_without_a_token_one_may_look_sixty_times(github: FakeGitHub) -> None:
    answer = requests.get(f"{github.url}/repos/xorbitsai/inference", timeout=10)
    assert (answer.status_code, answer.headers["X-RateLimit-Limit"]) == (200, "60")
    assert answer.json()["permissions"]["push"] is False
    asked = [("GET", "/user", None), ("POST", "/repos/xorbitsai/inference/git/blobs", BLOB)]
    for method, path, body in [*asked, ("POST", "/graphql", {"query": "{ viewer { login } }"})]:
        assert requests.request(method, github.url + path, json=body, timeout=10).status_code == 401


def test_secondary_limit_counts_content_a_minute(github: FakeGitHub, hub: Client) -> None:
    github.limit.content_per_minute = 2
    assert [hub.ask("POST", "/git/blobs", BLOB).status_code for _ in range(3)] == [201, 201, 403]
    refused = hub.ask("POST", "/git/blobs", BLOB)
    assert refused.json()["message"].startswith("You have exceeded a secondary rate limit")
    assert refused.headers["Retry-After"] == "60"
    assert hub.ask("GET", "").status_code == 200
    github.advance(61)
    assert hub.ask("POST", "/git/blobs", BLOB).status_code == 201
    assert github.limit.refusals == 2


def test_fault_comes_before_or_after_the_act(github: FakeGitHub, hub: Client) -> None:
    main = hub.head()
    fault = github.faults.before("POST", "/git/refs")
    assert hub.refused("POST", "/git/refs", {"ref": "refs/heads/x", "sha": main})[0] == 502
    assert fault.met == 1
    assert hub.refused("GET", "/git/ref/heads/x")[0] == 404
    github.faults.after("POST", "/git/refs", status=500)
    assert hub.refused("POST", "/git/refs", {"ref": "refs/heads/x", "sha": main})[0] == 500
    assert hub.head("x") == main
    github.faults.secondary("GET", "/git/ref/*", skip=1)
    assert [hub.ask("GET", "/git/ref/heads/x").status_code for _ in range(3)] == [200, 403, 200]
    github.faults.too_many("GET", "/git/ref/*", retry_after_s=7)
    assert hub.ask("GET", "/git/ref/heads/x").headers["Retry-After"] == "7"
    github.faults.unauthorized("GET", "/user")
    assert hub.refused("GET", "//user")[0] == 401


@pytest.mark.parametrize("done", [False, True])
def test_connection_is_cut_before_or_after_the_act(github: FakeGitHub, hub: Client, done: bool) -> None:
    main = hub.head()
    github.faults.cut("POST", "/git/refs", done=done)
    with pytest.raises(requests.ConnectionError):
        hub.ask("POST", "/git/refs", {"ref": "refs/heads/x", "sha": main})
    assert github.calls[-1][2] == 0
    assert (hub.ask("GET", "/git/ref/heads/x").status_code == 200) is done


def test_hanging_answer_outlasts_the_client(github: FakeGitHub) -> None:
    github.faults.hang("GET", "/user", seconds=30)
    with pytest.raises(requests.ReadTimeout):
        Client(github, "ghp_hub", timeout_s=0.1).ask("GET", "//user")


def test_stale_read_shows_what_was_before_the_last_write(github: FakeGitHub, hub: Client) -> None:
    main = hub.head()
    hub.pull("topic")
    reference, pulls = github.faults.stale("/git/ref/heads/*"), github.faults.stale("/pulls")
    assert len(hub.get("/pulls?state=all")) == 1
    sha = github.commit({"a.json": "[2]\n"}, "Later")
    assert [hub.head(), hub.head()] == [main, sha]
    assert (reference.met, pulls.met) == (1, 1)
    github.faults.stale("/pulls/1")
    hub.made("PATCH", "/pulls/1", {"title": "New"})
    assert [hub.get("/pulls/1")["title"] for _ in range(2)] == ["topic", "New"]


class Heard:
    """(event, action, delivery) of what came with a right signature; how many had none."""

    def __init__(self) -> None:
        self.messages: list[tuple[str, str, str]] = []
        self.wrong = 0

    def __call__(self, headers: Mapping[str, str], content: bytes) -> int:
        if headers.get("X-Hub-Signature-256") != signature("secret", content):
            self.wrong += 1
            return 401
        action = json.loads(content).get("action", "")
        self.messages.append((headers["X-GitHub-Event"], action, headers["X-GitHub-Delivery"]))
        return 204

    def names(self) -> list[str]:
        return [f"{event}.{action}" if action else event for event, action, _ in self.messages]


@pytest.fixture
def heard() -> Heard:
    return Heard()


@pytest.fixture
def webhooks(github: FakeGitHub, heard: Heard) -> Iterator[Webhooks]:
    made = github.webhooks(heard, "secret")
    yield made
    made.settle()


def test_webhooks_tell_what_happens_in_its_order(
    github: FakeGitHub, hub: Client, webhooks: Webhooks, heard: Heard
) -> None:
    hub.pull("topic", draft=True)
    github.commit({"a.json": "[3]\n"}, "More", branch="topic")
    github.edit_pull(1, title="Better")
    hub.made("POST", "/issues/1/labels", {"labels": ["model"]})
    said = github.comment(1, "well")
    hub.made("PATCH", f"/issues/comments/{said.id}", {"body": "very well"})
    github.review(1, "approved", "good")
    github.line_comment(1, "a.json", "here")
    github.check(hub.head("topic"), "lint")
    github.close_pull(1)
    github.reopen_pull(1)
    github.merge(1)
    github.delete_branch("topic")
    github.tag("v1")
    github.ping()
    webhooks.settle()
    assert heard.names() == [
        *("create", "push", "pull_request.opened", "push", "pull_request.synchronize", "pull_request.edited"),
        *("pull_request.labeled", "issue_comment.created", "issue_comment.edited"),
        *("pull_request_review.submitted", "pull_request_review.submitted", "pull_request_review_comment.created"),
        *("check_run.completed", "check_suite.completed"),
        *("pull_request.closed", "pull_request.reopened", "pull_request.ready_for_review"),
        *("pull_request.closed", "push", "push", "create", "push"),
        *("release.created", "release.published", "release.released", "ping"),
    ]
    assert heard.wrong == 0


def test_webhooks_are_lost_doubled_and_out_of_order(
    github: FakeGitHub, hub: Client, webhooks: Webhooks, heard: Heard
) -> None:
    hub.pull("topic")
    webhooks.settle()
    heard.messages.clear()
    webhooks.lose()
    github.comment(1, "lost")
    webhooks.double()
    github.close_pull(1)
    webhooks.reorder(2)
    github.reopen_pull(1)
    github.comment(1, "after")
    webhooks.settle()
    assert heard.names() == [
        *("pull_request.closed", "pull_request.closed", "issue_comment.created", "pull_request.reopened")
    ]
    assert heard.messages[0] == heard.messages[1]
    assert [lost.event for lost in webhooks.lost] == ["issue_comment"]


def test_forged_webhook_has_no_signature_of_ours(github: FakeGitHub, webhooks: Webhooks, heard: Heard) -> None:
    payload = {"action": "closed", "number": 1}
    assert webhooks.forge("pull_request", payload).status == 401
    assert webhooks.forge("pull_request", payload, signed=None).status == 401
    assert heard.messages == []
    github.tag("v1", release=False)
    webhooks.settle()
    assert webhooks.again(webhooks.deliveries[-1]) == 204
    assert heard.messages[-1] == heard.messages[-2]
