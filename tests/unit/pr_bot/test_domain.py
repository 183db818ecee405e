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


def result(name: str = "lint", state: str = "success") -> events.CheckResult:
    return events.CheckResult(name=name, state=state, url=f"https://ci.test/{name}")


def remarked(**changes: Any) -> events.PullRequestRemarked:
    first = events.PullRequestRemarked(
        model_name="GLM-5",
        number=7,
        remark_id="comment-1",
        kind="comment",
        author="alice",
        text="Please say why.",
        url="https://forge.test/7#1",
        at=100,
    )
    return dataclasses.replace(first, **changes)


def checked(state: PullRequest, *checks: events.CheckResult, number: int = 7, head_sha: str = "h1") -> Sequence[Any]:
    return domain.check(state, model="GLM-5", number=number, head_sha=head_sha, checks=checks)


@pytest.mark.parametrize(
    ("states", "worst"),
    [
        (["success", "failure", "pending"], "failure"),
        (["success", "pending", "neutral"], "pending"),
        (["success", "neutral"], "success"),
        (["neutral"], "neutral"),
    ],
)
def test_a_commit_is_as_good_as_the_worst_of_its_checks(states: list[str], worst: str) -> None:
    (event,) = checked(given(opened()), *(result(str(number), state) for number, state in enumerate(states)))
    assert event.state == worst


def test_checks_are_recorded_where_they_say_something_new() -> None:
    assert checked(given(opened())) == []
    first = checked(given(opened()), result("docs", "pending"), result())
    state = given(opened(), *first)
    assert checked(state, result(), result("docs", "pending")) == []
    assert names(checked(state, result(), result("docs"))) == ["PullRequestChecked"]
    assert names(checked(state, result(), result("docs", "pending"), head_sha="h2")) == ["PullRequestChecked"]
    assert checked(state, result(), number=6) == []


def test_checks_move_no_state_of_the_request() -> None:
    state = given(opened(), *checked(given(opened()), result(state="failure")))
    assert (state.state, state.is_open) == ("draft", True)


def test_each_remark_is_recorded_once_and_again_where_it_was_edited() -> None:
    first = domain.remark(given(opened()), number=7, said=[remarked(remark_id="comment-2", at=200), remarked()])
    assert [event.remark_id for event in first] == ["comment-1", "comment-2"]
    state = given(opened(), *first)
    assert domain.remark(state, number=7, said=first) == []
    (edited,) = domain.remark(state, number=7, said=[*first, remarked(text="Thank you.")])
    assert edited.text == "Thank you."


def test_a_long_remark_is_cut_and_still_recorded_once() -> None:
    long = remarked(text="x" * 5_000)
    first = domain.remark(given(opened()), number=7, said=[long])
    assert len(first[0].text) == domain.REMARK_CHARS
    assert domain.remark(given(opened(), *first), number=7, said=[long]) == []


def test_what_was_said_of_another_request_is_not_this_ones() -> None:
    assert domain.remark(given(opened()), number=6, said=[remarked(number=6)]) == []
    state = given(opened(), remarked(), MERGED, opened(number=8))
    assert (state.remarks, state.checked) == ({}, None)


def test_each_merge_waits_for_its_own_release() -> None:
    release = functools.partial(domain.release, model="GLM-5")
    state = given(opened(), MERGED, opened(number=8), dataclasses.replace(MERGED, number=8, merge_sha="n"))
    (told,) = release(state, number=7, release="v1.0")
    assert (told.number, told.merge_sha, told.release) == (7, "m", "v1.0")
    after = functools.reduce(domain.evolve, [told], state)
    assert release(after, number=7, release="v1.1") == []
    assert [merged.number for merged in after.unreleased] == [8]
    assert release(state, number=8, release="") == []
    assert release(given(opened()), number=7, release="v1.0") == []


def test_what_waits_for_a_shared_request_says_so_once_for_each_revision() -> None:
    wait = functools.partial(domain.wait, model="GLM-5", reason="a reviewer")
    (queued,) = wait(given(QUEUED), revision=1)
    assert (queued.revision, queued.reason) == (1, "a reviewer")
    waiting = given(QUEUED, queued)
    assert (waiting.state, waiting.reason) == ("queued", "a reviewer")
    assert wait(waiting, revision=1) == []
    assert names(wait(waiting, revision=2)) == ["PullRequestQueued"]
    assert names(domain.wait(waiting, model="GLM-5", revision=1, reason="room")) == ["PullRequestQueued"]


def test_a_model_that_left_a_shared_request_may_come_back_to_it() -> None:
    left = given(opened(draft=False), dataclasses.replace(CLOSED_BY_HUB, state="superseded"))
    assert names(domain.stand(left, seen=facts(draft=False, head_sha="h2"))) == ["PullRequestReopened"]
