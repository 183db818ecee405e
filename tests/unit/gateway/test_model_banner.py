from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from flask import Flask
from flask_babel import Babel

from gateway.model_banner import Banner, Standing, banner_of
from gateway.pull_steps import actions_of, steps_of
from shared.contracts.catalog import FeedPresence, ModelDetail, ModelRow, PendingRevision, PullRequest

ROW = ModelRow(name="m", type="llm", description="", visibility="public", state="published", revision=3, updated_at=0)
MODEL = ModelDetail(
    name="m",
    type="llm",
    visibility="public",
    state="published",
    revision=3,
    revision_state="approved",
    latest_revision=3,
    document="{}",
    document_sha256="",
    readme="",
    updated_at=0,
    summary=ROW,
    feed=FeedPresence(served=True),
)
PENDING = PendingRevision(revision=4, state="submitted", submitter="u", submitted_at=0, visibility="public")
OWNER, REVIEWER, ANYONE = Standing(manages=True), Standing(reviews=True), Standing()


@pytest.fixture(autouse=True)
def language() -> Iterator[None]:
    app = Flask(__name__)
    Babel(app)
    with app.test_request_context():
        yield


def banner(standing: Standing = ANYONE, **changes: Any) -> Banner:
    found = banner_of(replace(MODEL, **changes), standing)
    assert found is not None
    return found


def test_all_is_well_needs_no_banner() -> None:
    assert banner_of(MODEL, OWNER) is None


def test_pending_revision_says_what_clients_keep_getting() -> None:
    found = banner(pending=PENDING)
    assert found.strong == "Revision 4 waits for review."
    assert "revision 3" in found.text
    assert found.href == "/models/detail/m/compare?to=4"


def test_reviewer_is_led_to_the_review() -> None:
    assert banner(REVIEWER, pending=PENDING).href == "/reviews/m/4"


def test_archived_model_is_restored_by_its_owner_alone() -> None:
    assert banner(OWNER, state="archived").href == "/models/detail/m/settings/access#restore"
    assert banner(state="archived").href == ""


def test_conflict_names_fields_and_not_pointers() -> None:
    found = banner(OWNER, notices=["merge-conflict: revision 2: /0/context_length, /model_specs/0/model_format"])
    assert found.text == "In revision 2: context_length, model_specs · 0 · model_format."


def test_deprecation_names_the_replacement() -> None:
    found = banner(state="deprecated", reason="Old.", replacement="n")
    assert (found.text, found.href) == ("Old.", "/models/detail/n")


def test_weightier_news_hide_lighter_ones() -> None:
    assert banner(state="quarantined", reason="Bad.", pending=PENDING).tone == "bad"
    assert "Upstream" in banner(OWNER, notices=["removed-upstream: gone"], pending=PENDING).strong


@pytest.mark.parametrize("state", ["draft", "rejected", "withdrawn"])
def test_owner_of_an_unpublished_model_is_told_the_next_step(state: str) -> None:
    changes: dict[str, Any] = {"state": "unpublished", "revision_state": state}
    assert banner(OWNER, **changes).href == "/models/detail/m/settings"
    assert banner_of(replace(MODEL, **changes), ANYONE) is None


def test_withheld_model_says_why() -> None:
    assert banner(feed=FeedPresence(served=False, reason="Xinference 4.1.0: no")).text == "Xinference 4.1.0: no"


def test_stopped_pull_request_is_news_for_those_who_can_act() -> None:
    pull = PullRequest(name="m", state="failed", reason="no network")
    assert banner(OWNER, pull_request=pull).text == "no network"
    assert banner_of(replace(MODEL, pull_request=pull), ANYONE) is None


@pytest.mark.parametrize(
    ("state", "states"),
    [
        ("queued", ["now", "", "", ""]),
        ("draft", ["done", "now", "", ""]),
        ("open", ["done", "done", "now", ""]),
        ("merged", ["done", "done", "done", "done"]),
        ("failed", ["wrong", "", "", ""]),
    ],
)
def test_steps_follow_the_state(state: str, states: list[str]) -> None:
    assert [step["state"] for step in steps_of(PullRequest(name="m", state=state))] == states


def test_steps_stop_where_an_opened_request_stopped() -> None:
    pull = PullRequest(name="m", state="closed", number=7)
    assert [step["state"] for step in steps_of(pull)] == ["done", "done", "wrong", ""]
    assert steps_of(PullRequest(name="m", state="none")) == []


@pytest.mark.parametrize(
    ("state", "names"),
    [
        ("none", []),
        ("queued", ["retry"]),
        ("draft", ["rebuild"]),
        ("failed", ["retry", "rebuild"]),
        ("closed", []),
        ("merged", []),
    ],
)
def test_only_what_makes_sense_can_be_asked_for(state: str, names: list[str]) -> None:
    assert [action.name for action in actions_of(PullRequest(name="m", state=state))] == names
