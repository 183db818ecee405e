from __future__ import annotations

from typing import Any

import pytest

from gateway.webhook_hints import EVENTS, hint, repository_of
from shared.contracts.pr_bot import Heard
from shared.contracts.wire import dump, load

HEAD = {"ref": "chore/models-sync/tiny", "sha": "a" * 40}
PULL = {"number": 7, "head": HEAD}
RUN = {
    "head_sha": "a" * 40,
    "check_suite": {"head_branch": "chore/models-sync/tiny"},
    "pull_requests": [{"number": 7}],
}
SUITE = {"head_sha": "a" * 40, "head_branch": "chore/models-sync/tiny", "pull_requests": []}
SAMPLES: dict[str, tuple[dict[str, Any], tuple[int, str, str]]] = {
    "pull_request": ({"action": "closed", "pull_request": PULL}, (7, "chore/models-sync/tiny", "a" * 40)),
    "pull_request_review": ({"pull_request": PULL}, (7, "chore/models-sync/tiny", "a" * 40)),
    "pull_request_review_comment": ({"pull_request": PULL}, (7, "chore/models-sync/tiny", "a" * 40)),
    "issue_comment": ({"issue": {"number": 7, "pull_request": {}}}, (7, "", "")),
    "check_run": ({"check_run": RUN}, (7, "chore/models-sync/tiny", "a" * 40)),
    "check_suite": ({"check_suite": SUITE}, (0, "chore/models-sync/tiny", "a" * 40)),
    "status": ({"sha": "a" * 40, "branches": [{"name": "main"}]}, (0, "main", "a" * 40)),
    "push": ({"ref": "refs/heads/main", "after": "b" * 40}, (0, "refs/heads/main", "b" * 40)),
    "create": ({"ref": "v3.5.0", "ref_type": "tag"}, (0, "refs/tags/v3.5.0", "")),
    "release": ({"action": "published", "release": {"tag_name": "v3.5.0"}}, (0, "refs/tags/v3.5.0", "")),
}


@pytest.mark.parametrize("event", EVENTS)
def test_each_event_points_at_its_place(event: str) -> None:
    payload, (number, branch, sha) = SAMPLES[event]
    found = hint(event, payload, delivery="d1")
    assert found == Heard(
        event=event, action=payload.get("action", ""), delivery="d1", number=number, branch=branch, sha=sha
    )


def test_other_events_point_nowhere() -> None:
    assert hint("star", {"action": "created"}, delivery="d1") is None


@pytest.mark.parametrize("event", EVENTS)
@pytest.mark.parametrize("wrong", [None, 1, "x", [], {}, "\0", "y" * 300, {"number": -1, "ref": []}, 2**70, True])
def test_another_shape_reads_as_nothing_that_cannot_be_carried(event: str, wrong: Any) -> None:
    keys = ("action", "pull_request", "issue", "check_run", "check_suite", "branches", "sha", "ref", "after", "release")
    for payload in (
        dict.fromkeys(keys, wrong),
        {key: [wrong] for key in keys},
        {key: {"head": wrong} for key in keys},
    ):
        found = hint(event, payload, delivery="d1")
        assert found is not None
        assert load(Heard, dump(found)) == found
        assert found.number == 0


def test_repository_is_named_or_none() -> None:
    assert repository_of({"repository": {"full_name": "Owner/Repo"}}) == "Owner/Repo"
    assert [repository_of(payload) for payload in ({}, {"repository": None}, {"repository": {"full_name": 1}})] == [
        ""
    ] * 3
