"""A GitHub token is tested before it is sealed: what cannot serve is refused with what to do, and nothing tells it."""

from __future__ import annotations

import base64
import threading
from pathlib import Path

import pytest
from nacl.public import PrivateKey, SealedBox

import shared.github_token
from gateway.sealing import sealed_token
from shared.contracts.identity import StoreGitHubToken
from shared.errors import HubError, Unavailable
from shared.github_token import TokenUnfit
from tests.support.running import settings_in
from tests.support.token_tests import CLASSIC, FINE, REPOSITORY, Answer, GitHub, github

KEY = PrivateKey.generate()


def sealed(place: GitHub, folder: Path, token: str = CLASSIC) -> StoreGitHubToken:
    settings = settings_in(folder, HUB_UPSTREAM="github:xorbitsai/inference", HUB_GITHUB_API_URL=place.url)
    return sealed_token(token, settings, bytes(KEY.public_key))


def refusal(place: GitHub, folder: Path, kind: type[HubError], token: str = CLASSIC) -> HubError:
    """The refusal, which holds the token nowhere: not in its words, nor in what it came from."""
    with pytest.raises(kind) as refused:
        sealed(place, folder, token)
    error: BaseException | None = refused.value
    assert token not in str(refused.value.details)
    while error is not None:
        assert token not in f"{error!r} {error}"
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    return refused.value


def test_a_token_is_sealed_for_pr_bot_with_what_it_may_do(tmp_path: Path) -> None:
    with github(scopes="repo, workflow") as place:
        stored = sealed(place, tmp_path)
    assert (stored.github_login, stored.scopes, stored.way) == ("ada-l", ["repo", "workflow"], "fork")
    assert stored.masked == "ghp_…cccc"
    assert SealedBox(KEY).decrypt(base64.b64decode(stored.sealed)) == CLASSIC.encode()
    assert place.asked == [("/user", f"Bearer {CLASSIC}"), ("/repos/xorbitsai/inference", f"Bearer {CLASSIC}")]


@pytest.mark.parametrize("push", [True, False])
@pytest.mark.parametrize("token", [CLASSIC, FINE])
def test_whoever_may_push_needs_no_fork(tmp_path: Path, token: str, push: bool) -> None:
    known = Answer({**REPOSITORY, "permissions": {"push": push}})
    with github(repository=known, scopes=None if token == FINE else "public_repo") as place:
        stored = sealed(place, tmp_path, token)
    assert (stored.way, stored.scopes) == ("direct" if push else "fork", [] if token == FINE else ["public_repo"])


@pytest.mark.parametrize(
    ("scopes", "private", "missing"),
    [
        ("", False, "repo or public_repo"),
        ("gist, read:org", False, "repo or public_repo"),
        ("repo:status", False, "repo or public_repo"),
        ("public_repo, workflow", True, "repo"),
    ],
)
def test_the_missing_scope_is_named(tmp_path: Path, scopes: str, private: bool, missing: str) -> None:
    with github(repository=Answer({**REPOSITORY, "private": private}), scopes=scopes) as place:
        error = refusal(place, tmp_path, TokenUnfit)
    assert (error.details["why"], error.details["missing"]) == ("scope", missing)
    assert f"the scope {missing}" in error.message
    assert error.details["errors"][0]["path"] == "/token"


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (Answer({"message": "Bad credentials"}, 401), "unknown"),
        (Answer({"message": "Forbidden"}, 403), "refused"),
        (Answer({"message": "SSO"}, 403, {"X-GitHub-SSO": "required; url=https://example.org"}), "sso"),
    ],
)
def test_what_github_refuses_is_refused(tmp_path: Path, answer: Answer, why: str) -> None:
    with github(user=answer) as place:
        assert refusal(place, tmp_path, TokenUnfit).details["why"] == why
        assert len(place.asked) == 1


def test_a_token_that_does_not_see_upstream_is_refused(tmp_path: Path) -> None:
    with github(repository=Answer({"message": "Not Found"}, 404)) as place:
        error = refusal(place, tmp_path, TokenUnfit, FINE)
    assert (error.details["why"], error.details["repository"]) == ("unseen", "xorbitsai/inference")


@pytest.mark.parametrize(
    "answer",
    [
        Answer({"message": "oops"}, 500),
        Answer({"message": "oops"}, 502),
        Answer(b"<html>", 200),
        Answer(["ada-l"], 200, {"X-OAuth-Scopes": "repo"}),
        Answer({"message": "limit"}, 429),
        Answer({"message": "limit"}, 403, {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "1764064800"}),
        Answer({"message": "secondary limit"}, 403, {"Retry-After": "60"}),
        Answer({"message": "moved"}, 304),
        Answer(cut=True),
    ],
)
def test_where_github_does_not_say_nothing_is_sealed(tmp_path: Path, answer: Answer) -> None:
    with github(user=answer) as place:
        assert refusal(place, tmp_path, Unavailable).message.startswith("GitHub token: ")
    if answer.status != 200:
        with github(repository=answer) as place:
            refusal(place, tmp_path, Unavailable)


def test_a_rate_limit_says_until_when(tmp_path: Path) -> None:
    limited = Answer({"message": "limit"}, 403, {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "1764064800"})
    with github(user=limited) as place:
        assert "10:00 UTC" in refusal(place, tmp_path, Unavailable).message


def test_a_github_that_hangs_or_is_away_is_waited_for_briefly(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shared.github_token, "TIMEOUT_S", 0.2)
    started, over = threading.Event(), threading.Event()
    with github() as place:
        answer = place.answer

        def late(path: str, authorization: str) -> Answer:
            started.set()
            over.wait(5)
            return answer(path, authorization)

        place.answer = late  # type: ignore[method-assign]
        refusal(place, tmp_path, Unavailable)
        over.set()
    assert started.is_set()
    refusal(place, tmp_path, Unavailable)


@pytest.mark.parametrize(
    "token", ["", "nonsense", "hub_" + "x" * 40, "ghp_short", CLASSIC + "\n" + CLASSIC, "ghp_" + "é" * 36]
)
def test_what_is_no_token_is_not_sent_anywhere(tmp_path: Path, token: str) -> None:
    with github() as place:
        with pytest.raises(TokenUnfit) as refused:
            sealed(place, tmp_path, token)
        assert place.asked == []
    assert refused.value.details["why"] == "shape"
    assert not token or token not in refused.value.message


def test_a_netrc_file_puts_no_other_account_in_its_place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "netrc").write_text("machine 127.0.0.1 login other password secret\n")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    with github() as place:
        sealed(place, tmp_path)
    assert {authorization for _, authorization in place.asked} == {f"Bearer {CLASSIC}"}


def test_a_hub_without_github_asks_nobody(tmp_path: Path) -> None:
    with github() as place:
        local = settings_in(tmp_path, HUB_GITHUB_API_URL=place.url)
        stored = sealed_token(f" {CLASSIC}\n", local, bytes(KEY.public_key))
    assert (stored.github_login, stored.scopes, stored.way, place.asked) == ("", [], "", [])
