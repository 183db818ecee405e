"""Which of a pull request's events other programs may read."""

from __future__ import annotations

from typing import Any

from services.pr_bot.domain import evolve_told, tells
from shared.events import pr_bot as events


def request(kind: type[events.PullRequestFacts], *, draft: bool) -> events.PullRequestFacts:
    return kind(
        model_name="M",
        number=1,
        url="",
        branch="b",
        base="main",
        title="t",
        body="",
        draft=draft,
        head_sha="h",
        base_sha="b",
        revision=1,
        document_sha256="d",
        diff="",
    )


OPENED = request(events.PullRequestOpened, draft=True)
READY = request(events.PullRequestReady, draft=False)
UPDATED = request(events.PullRequestUpdated, draft=True)
CLOSED = events.PullRequestClosed(model_name="M", number=1, by="hub", state="closed", reason="no longer public")
MERGED = events.PullRequestMerged(model_name="M", number=1, merge_sha="s", revision=1)
UPSTREAM = events.UpstreamChanged(
    model_name="M", model_type="LLM", document="{}", document_sha256="d", path="p", commit="c", order=0
)


def told(*recorded: Any) -> list[bool]:
    state, answers = False, []
    for event in recorded:
        state = evolve_told(state, event)
        answers.append(tells(state, event))
    return answers


def test_a_request_is_told_of_once_its_revision_is_published() -> None:
    assert told(OPENED, READY, UPDATED, MERGED) == [False, True, True, True]


def test_a_request_the_hub_closed_is_told_of_no_more() -> None:
    assert told(READY, CLOSED, OPENED) == [True, False, False]


def test_what_upstream_holds_is_not_told() -> None:
    assert told(UPSTREAM) == [False]
