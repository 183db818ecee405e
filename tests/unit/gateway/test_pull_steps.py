"""Which buttons a pull request's page has."""

from __future__ import annotations

import pytest
from flask import Flask
from flask_babel import Babel

from gateway.pull_steps import actions_of
from shared.contracts.catalog import PullRequest
from shared.contracts.pr_bot import CLOSED_UPSTREAM, BranchCommit, BranchContent

COMMIT = BranchCommit(sha="a" * 40, author="Alice", at=1, subject="mine")
HELD = BranchContent(name="x", commits=[COMMIT], document="{}")


def names(pull: PullRequest, branch: BranchContent | None = None, *, manages: bool = True) -> list[str]:
    app = Flask(__name__)
    Babel(app)
    with app.test_request_context():
        return [action.name for action in actions_of(pull, branch=branch, manages=manages)]


@pytest.mark.parametrize(
    ("reason", "expected"), [(CLOSED_UPSTREAM, ["reopen"]), ("the model is not public", []), ("", [])]
)
def test_what_the_hub_closed_is_not_reopened(reason: str, expected: list[str]) -> None:
    assert names(PullRequest(name="x", state="closed", reason=reason)) == expected


def test_a_strangers_commit_is_taken_over_by_owners_and_rebuilt_over_by_reviewers_too() -> None:
    paused = PullRequest(name="x", state="paused")
    assert names(paused, HELD) == ["take-over", "retry", "rebuild"]
    assert names(paused, HELD, manages=False) == ["retry", "rebuild"]


def test_what_cannot_be_read_is_not_taken_over() -> None:
    broken = BranchContent(name="x", commits=[COMMIT], problem="no JSON")
    assert names(PullRequest(name="x", state="paused"), broken) == ["retry", "rebuild"]
