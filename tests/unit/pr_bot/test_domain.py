"""What a look at upstream adds to a pull request's stream."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Callable, Sequence
from typing import Any

import pytest

from services.pr_bot import domain
from services.pr_bot.domain import MainContent, PullRequest
from shared.events import pr_bot as events

SEEN = events.PullRequestFacts(
    model_name="GLM-5",
    number=7,
    url="",
    branch="chore/models-sync/glm-5",
    base="main",
    title="t",
    body="b",
    draft=True,
    head_sha="h1",
    base_sha="b1",
    revision=1,
    document_sha256="d1",
    diff="+",
)


def facts(**changes: Any) -> events.PullRequestFacts:
    return dataclasses.replace(SEEN, **changes)


def opened(**changes: Any) -> events.PullRequestOpened:
    return events.PullRequestOpened(**dataclasses.asdict(facts(**changes)))


def given(*history: Any) -> PullRequest:
    return functools.reduce(domain.evolve, history, PullRequest())


def names(decided: Sequence[Any]) -> list[str]:
    return [type(event).__name__ for event in decided]


CLOSED_BY_PERSON = events.PullRequestClosed(
    model_name="GLM-5", number=7, by="upstream", state="closed", reason="closed upstream"
)
CLOSED_BY_HUB = dataclasses.replace(CLOSED_BY_PERSON, by="hub", reason="withdrawn")
MERGED = events.PullRequestMerged(model_name="GLM-5", number=7, merge_sha="m", revision=1)
FAILED = events.PullRequestFailed(model_name="GLM-5", revision=1, reason="down", attempts=1, next_try_at=9)
QUEUED = events.PullRequestQueued(model_name="GLM-5", revision=1)


@pytest.mark.parametrize(
    ("history", "seen", "decided"),
    [
        ([], facts(), ["PullRequestOpened"]),
        ([QUEUED], facts(), ["PullRequestOpened"]),
        ([opened()], facts(), []),
        ([opened()], facts(draft=False), ["PullRequestReady"]),
        ([opened(draft=False)], facts(draft=True, revision=2, head_sha="h2"), ["PullRequestUpdated"]),
        ([opened()], facts(base_sha="b2", head_sha="h2"), ["PullRequestUpdated"]),
        ([opened(), FAILED], facts(), ["PullRequestUpdated"]),
        ([opened(), CLOSED_BY_PERSON], facts(), ["PullRequestReopened"]),
        ([opened(), MERGED], facts(number=8), ["PullRequestOpened"]),
    ],
)
def test_a_standing_request_is_recorded_by_what_is_new_about_it(
    history: list[Any], seen: events.PullRequestFacts, decided: list[str]
) -> None:
    assert names(domain.stand(given(*history), seen=seen)) == decided


@pytest.mark.parametrize(
    ("history", "state", "is_open"),
    [
        ([], "none", False),
        ([QUEUED], "queued", False),
        ([opened()], "draft", True),
        ([opened(draft=False)], "open", True),
        ([opened(), FAILED], "failed", True),
        ([opened(), MERGED], "merged", False),
        ([opened(), CLOSED_BY_HUB], "closed", False),
        ([opened(), CLOSED_BY_PERSON], "closed", False),
    ],
)
def test_state_follows_the_events(history: list[Any], state: str, is_open: bool) -> None:
    assert (given(*history).state, given(*history).is_open) == (state, is_open)


def test_only_a_person_closing_it_holds_it_closed() -> None:
    assert given(opened(), CLOSED_BY_PERSON).is_held_closed
    assert not given(opened(), CLOSED_BY_HUB).is_held_closed


def test_a_new_revision_is_queued_only_where_nothing_says_more() -> None:
    queue = functools.partial(domain.queue, model="GLM-5")
    assert names(queue(given(), revision=1)) == ["PullRequestQueued"]
    assert names(queue(given(QUEUED), revision=1)) == []
    assert names(queue(given(opened()), revision=2)) == []
    assert names(queue(given(opened(), CLOSED_BY_PERSON), revision=2)) == []
    assert names(queue(given(opened(), MERGED), revision=2)) == ["PullRequestQueued"]


def test_a_merged_request_stays_merged_until_a_newer_revision_needs_none() -> None:
    skip = functools.partial(domain.skip, model="GLM-5", as_state="noop", reason="already there")
    state = given(opened(), MERGED)
    assert skip(state, revision=1) == []
    assert names(skip(state, revision=2)) == ["PullRequestSkipped"]
    assert skip(given(*skip(given(), revision=2)), revision=2) == []


@pytest.mark.parametrize(
    "decide",
    [
        functools.partial(domain.merge, model="GLM-5", merge_sha="m"),
        functools.partial(domain.close, model="GLM-5", by="hub", reason="withdrawn"),
    ],
)
def test_what_has_ended_ends_once(decide: Callable[..., Sequence[Any]]) -> None:
    first = decide(given(opened()), number=7)
    assert len(first) == 1
    assert decide(given(opened(), *first), number=7) == []
    assert decide(given(opened()), number=6) == []


def test_a_pause_is_said_once_for_each_reason() -> None:
    pause = functools.partial(domain.pause, model="GLM-5", revision=1, as_state="paused")
    first = pause(given(opened()), reason="Alice committed")
    state = given(opened(), *first)
    assert (state.state, state.reason, state.is_open) == ("paused", "Alice committed", True)
    assert pause(state, reason="Alice committed") == []
    assert len(pause(state, reason="Bob committed")) == 1


def test_failures_are_tried_again_ever_later_up_to_a_quarter_of_an_hour() -> None:
    delays = [domain.retry_after_s(attempts) for attempts in (1, 2, 3, 9, 10, 1000)]
    assert delays == [2, 4, 8, 512, 900, 900]


def test_main_is_told_of_once_for_each_content_and_commit() -> None:
    seen = events.UpstreamChanged(
        model_name="a", model_type="llm", document="[]", document_sha256="x", path="p", commit="c1", order=0
    )
    state = functools.reduce(domain.evolve_main, domain.tell(MainContent(), seen=seen), MainContent())
    assert domain.tell(state, seen=seen) == []
    assert domain.tell(state, seen=dataclasses.replace(seen, commit="c2")) != []


def test_streams_are_named_by_the_lower_cased_model() -> None:
    assert domain.stream_of("GLM-5") == "pullrequest-glm-5"
    assert domain.upstream_stream_of("GLM-5") == "upstream-glm-5"
