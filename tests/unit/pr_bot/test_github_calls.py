"""What GitHub says is obeyed, told apart and never repeated with a token in it."""

from __future__ import annotations

import json
from typing import Any

import pytest

from services.pr_bot.upstream import RateLimited, TokenRefused, UpstreamFailed
from services.pr_bot.upstream.github_calls import GitHubCalls, path_of

TOKEN = "ghp_" + "s" * 36
Said = tuple[int, dict[str, str], Any]


class Clock:
    now = 1_000_000.0

    def __call__(self) -> float:
        return self.now


class Script:
    """Calls whose answers are written here; what was asked is kept."""

    def __init__(self, *said: Said, token: str = TOKEN) -> None:
        self.clock = Clock()
        self.calls = GitHubCalls(token=token, account="ada", api_url="", between_writes_s=0.0, now=self.clock)
        self.said = list(said)
        self.asked: list[tuple[str, str, dict[str, str]]] = []
        self.calls._requester.requestJson = self._answer  # type: ignore[assignment,method-assign]

    def _answer(self, verb: str, url: str, *, headers: dict[str, str], input: Any) -> tuple[int, dict[str, str], str]:
        self.asked.append((verb, url, headers))
        status, told, body = self.said.pop(0)
        return status, told, json.dumps(body) if body is not None else ""


def limit(remaining: int, reset: int) -> dict[str, str]:
    return {
        "x-ratelimit-limit": "5000",
        "x-ratelimit-remaining": str(remaining),
        "x-ratelimit-reset": str(reset),
        "x-ratelimit-resource": "core",
    }


def test_what_is_known_is_asked_for_by_its_tag() -> None:
    script = Script((200, {"etag": '"a"'}, {"x": 1}), (304, {}, None), (200, {"etag": '"b"'}, {"x": 2}))
    assert [script.calls.get("/repos/o/r") for _ in range(3)] == [{"x": 1}, {"x": 1}, {"x": 2}]
    assert [headers.get("If-None-Match") for _, _, headers in script.asked] == [None, '"a"', '"a"']


def test_nothing_is_asked_once_the_last_call_was_spent() -> None:
    script = Script((200, limit(0, 1_000_100), {}), (200, limit(4_999, 1_003_600), {}))
    script.calls.get("/a")
    with pytest.raises(RateLimited) as limited:
        script.calls.get("/b")
    assert (limited.value.retry_at, limited.value.account, limited.value.why) == (1_000_100, "ada", "budget")
    assert len(script.asked) == 1
    script.clock.now = 1_000_100
    assert script.calls.get("/b") == {}


@pytest.mark.parametrize("status", [403, 429])
def test_a_secondary_limit_says_how_long(status: int) -> None:
    said = {"message": "You have exceeded a secondary rate limit. Please wait a few minutes before you try again."}
    script = Script((status, {"retry-after": "77"}, said))
    with pytest.raises(RateLimited) as limited:
        script.calls.write("POST", "/repos/o/r/pulls", {})
    assert (limited.value.retry_at, limited.value.why) == (script.clock.now + 77, "pace")
    with pytest.raises(RateLimited):
        script.calls.get("/b")
    assert len(script.asked) == 1


def test_a_secondary_limit_without_a_time_is_waited_out_longer_each_time() -> None:
    said = {"message": "You have exceeded a secondary rate limit."}
    script = Script((403, {}, said), (403, {}, said), (200, {}, {}), (403, {}, said))
    waits = []
    for _ in range(2):
        with pytest.raises(RateLimited) as limited:
            script.calls.get("/a")
        waits.append(limited.value.retry_at - script.clock.now)
        script.clock.now = limited.value.retry_at
    assert script.calls.get("/a") == {}
    with pytest.raises(RateLimited) as limited:
        script.calls.get("/a")
    assert [*waits, limited.value.retry_at - script.clock.now] == [60, 120, 60]


def test_graphql_has_a_limit_of_its_own() -> None:
    told = {**limit(0, 1_000_100), "x-ratelimit-resource": "graphql"}
    script = Script(
        (200, told, {"errors": [{"type": "RATE_LIMITED", "message": "API rate limit exceeded"}]}), (200, {}, {})
    )
    with pytest.raises(RateLimited):
        script.calls.mutate("mutation { x }")
    assert script.calls.get("/a") == {}
    with pytest.raises(RateLimited):
        script.calls.mutate("mutation { x }")
    assert len(script.asked) == 2


@pytest.mark.parametrize(
    ("verb", "said", "expected"),
    [
        ("GET", (401, {}, {"message": f"Bad credentials {TOKEN}"}), TokenRefused),
        ("POST", (401, {}, {"message": f"Bad credentials {TOKEN}"}), TokenRefused),
        ("POST", (403, {}, {"message": f"Resource not accessible by {TOKEN}"}), TokenRefused),
        ("POST", (404, {}, {"message": "Not Found"}), TokenRefused),
        ("PATCH", (404, {}, {"message": f"Not Found {TOKEN}"}), UpstreamFailed),
        ("POST", (422, {}, {"message": "Validation Failed", "errors": [{"message": f"no {TOKEN}"}]}), UpstreamFailed),
        ("POST", (500, {}, None), UpstreamFailed),
    ],
)
def test_refusals_are_told_apart_and_name_no_token(verb: str, said: Said, expected: type[Exception]) -> None:
    script = Script(said)
    with pytest.raises(expected) as refused:
        script.calls.get("/a") if verb == "GET" else script.calls.write(verb, "/a", {})
    assert TOKEN not in str(refused.value)


def test_without_a_token_nothing_is_sent() -> None:
    script = Script(token="")
    with pytest.raises(TokenRefused, match="HUB_GITHUB_TOKEN"):
        script.calls.write("POST", "/repos/o/r/git/refs", {})
    assert script.asked == []


def test_pages_are_followed_to_the_last() -> None:
    script = Script((200, {}, list(range(100))), (200, {}, [100]))
    assert list(script.calls.pages("/a")) == list(range(101))


def test_hostile_parts_stay_parts_of_a_path() -> None:
    assert path_of("repos", "o/r", "git/ref/heads", "a b?x#y/..%2f") == "/repos/o/r/git/ref/heads/a%20b%3Fx%23y/..%252f"


def test_people_go_beside_the_api() -> None:
    addresses = {
        "": "https://github.com",
        "https://api.github.com": "https://github.com",
        "https://git.example.invalid/api/v3": "https://git.example.invalid",
    }
    for api_url, site in addresses.items():
        assert GitHubCalls(token="", account="default", api_url=api_url, between_writes_s=0.0).site == site
