from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from flask import Flask
from flask_babel import Babel

from gateway.github_words import in_words, opening, token_facts, token_note
from shared.contracts.identity import GitHubTokenState
from shared.contracts.pr_bot import OpensAs
from shared.errors import Conflict, Unavailable
from shared.github_token import SILENT, unfit


@pytest.fixture(autouse=True)
def language() -> Iterator[None]:
    app = Flask(__name__)
    Babel(app)
    with app.test_request_context():
        yield


@pytest.mark.parametrize(
    ("found", "tone", "sentence", "note"),
    [
        (OpensAs(kind="personal", login="ada-l"), "info", "opened as ada-l.", ""),
        (OpensAs(kind="default"), "info", "by the hub's account.", ""),
        (OpensAs(kind="default", login="bot", note="as you allowed"), "info", "account, bot.", "As you allowed."),
        (OpensAs(kind="local"), "info", "on the local repository.", ""),
        (OpensAs(kind="off", note="HUB_UPSTREAM is off"), "info", "switched off", ""),
        (
            OpensAs(kind="paused", login="ada-l", note="revoked"),
            "warn",
            "No pull request can be opened now.",
            "Revoked.",
        ),
    ],
)
def test_each_account_is_told_beforehand(found: OpensAs, tone: str, sentence: str, note: str) -> None:
    said = opening(found)
    assert (said.tone, sentence in said.sentence, said.note) == (tone, True, note)


def stored(**values: Any) -> GitHubTokenState:
    return GitHubTokenState(present=True, **{"masked": "ghp_…1111", "github_login": "ada-l", **values})


def test_what_a_token_may_do_is_told_as_far_as_it_was_tested() -> None:
    facts = dict(token_facts(stored(scopes=["repo", "workflow"], way="direct")))
    assert facts == {
        "GitHub account": "ada-l",
        "Scopes": "repo, workflow",
        "Pull requests": "from a branch of upstream",
    }
    fine = dict(token_facts(stored(way="fork")))
    assert (fine["Scopes"][:4], fine["Pull requests"]) == ("none", "from a fork in your account")
    assert token_facts(stored(github_login="")) == []


@pytest.mark.parametrize(
    ("state", "words"),
    [
        (stored(way="fork", masked="github_pat_…1111"), "fine-grained"),
        (stored(way="fork", scopes=["public_repo"]), "repo and workflow"),
        (stored(way="fork", scopes=["repo"]), "repo and workflow"),
        (stored(way="fork", scopes=["repo", "workflow"]), ""),
        (stored(way="direct", scopes=["public_repo"]), ""),
        (stored(), ""),
    ],
)
def test_what_may_yet_go_wrong_is_said(state: GitHubTokenState, words: str) -> None:
    note = token_note(state)
    assert words in note
    assert bool(note) == bool(words)


def test_errors_of_tokens_have_words_and_keep_their_places() -> None:
    error = in_words(unfit("scope", "english", missing="repo", scopes=["gist"]))
    assert error.message.startswith("This token has only the scopes gist; pull requests need repo.")
    assert error.details["errors"] == [{"path": "/token", "message": error.message}]
    silent = in_words(Unavailable("x", slug=SILENT, details={"why": "limit", "until": "10:00 UTC"}))
    assert "10:00 UTC" in silent.message
    assert isinstance(silent, Unavailable)


def test_other_errors_stay_as_they_are() -> None:
    for error in (Conflict("taken", details={"why": "scope"}), unfit("new reason", "said by the service")):
        assert in_words(error) is error
