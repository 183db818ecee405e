"""The pull request of one model, folded from what was recorded, and what a look at upstream adds to that.

A step reports what it saw or did; these functions answer which events that is, none where the
stream says it already. So doing a step twice records it once.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from shared.events import pr_bot as events
from shared.events.pr_bot import PullRequestFacts

FIRST_RETRY_S = 2
LONGEST_RETRY_S = 900
QUIET_ATTEMPTS = 3

DEFAULT_ACCOUNT = "default"
"""What acts upstream where no personal account does; as which a request says it was opened."""
ENDED = ("merged", "closed", "superseded")
REMARK_CHARS = 4_000

# A commit whose checks are of several minds is as good as the first of these.
_WORST_FIRST = ("failure", "pending", "success", "neutral")


@dataclass(frozen=True, slots=True, kw_only=True)
class Merged:
    """What was merged and is in no release yet."""

    number: int
    merge_sha: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PullRequest:
    """`state` is INTERFACE's; `is_open`: upstream has an open request, whatever `state` says of the bot's work.

    `last` is the request as last recorded. `closed_by` is `hub` or `upstream`. `revision` is the
    newest one that anything was recorded of. `checked` is the last word of upstream's automation on this
    request, `remarks` what people said on it, by id; `unreleased` what waits for upstream's next release.
    """

    state: str = "none"
    reason: str = ""
    revision: int = 0
    is_open: bool = False
    closed_by: str = ""
    last: PullRequestFacts | None = None
    checked: events.PullRequestChecked | None = None
    remarks: Mapping[str, events.PullRequestRemarked] = field(default_factory=dict)
    unreleased: tuple[Merged, ...] = ()

    @property
    def number(self) -> int:
        return self.last.number if self.last else 0

    @property
    def is_held_closed(self) -> bool:
        """A person closed it upstream: it stays so until a person reopens it."""
        return self.state == "closed" and self.closed_by == "upstream"


@dataclass(frozen=True, slots=True, kw_only=True)
class MainContent:
    """What upstream's main was last told to hold for a model; `document_sha256` is empty where nothing."""

    document_sha256: str = ""
    commit: str = ""
    told: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Controls:
    """What operators allow; 0 is no cap. `batch`: one request for what is published of one owner."""

    paused: bool = False
    most_open: int = 0
    most_per_hour: int = 0
    reason: str = ""
    batch: bool = False


CONTROLS_STREAM = "pullrequests"


def stream_of(model: str) -> str:
    return f"pullrequest-{model.lower()}"


def upstream_stream_of(model: str) -> str:
    return f"upstream-{model.lower()}"


def evolve(state: PullRequest, event: Any) -> PullRequest:
    match event:
        case events.PullRequestQueued():
            revision = max(event.revision, state.revision)
            return dataclasses.replace(state, state="queued", reason=event.reason, revision=revision)
        case PullRequestFacts():
            return _standing(state, event)
        case events.PullRequestSkipped():
            revision = max(event.revision, state.revision)
            return dataclasses.replace(state, state=event.state, reason=event.reason, revision=revision)
        case events.PullRequestMerged():
            merged = Merged(number=event.number, merge_sha=event.merge_sha)
            waiting = (*state.unreleased, merged)
            return dataclasses.replace(state, state="merged", reason="", is_open=False, unreleased=waiting)
        case events.PullRequestClosed():
            return dataclasses.replace(state, state=event.state, reason=event.reason, is_open=False, closed_by=event.by)
        case events.PullRequestFailed():
            return dataclasses.replace(state, state="failed", reason=event.reason)
        case events.PullRequestPaused():
            return dataclasses.replace(state, state=event.state, reason=event.reason)
        case _:
            return _returned(state, event)


def _returned(state: PullRequest, event: Any) -> PullRequest:
    """What came back from upstream moves no state of the request."""
    match event:
        case events.PullRequestChecked():
            return dataclasses.replace(state, checked=event)
        case events.PullRequestRemarked():
            return dataclasses.replace(state, remarks={**state.remarks, event.remark_id: event})
        case events.ReleasedUpstream():
            left = tuple(merged for merged in state.unreleased if merged.number != event.number)
            return dataclasses.replace(state, unreleased=left)
        case _:
            return state


def _standing(state: PullRequest, event: PullRequestFacts) -> PullRequest:
    if event.number != state.number:
        state = dataclasses.replace(state, checked=None, remarks={})
    return dataclasses.replace(
        state,
        state="draft" if event.draft else "open",
        reason="",
        revision=max(event.revision, state.revision),
        is_open=True,
        closed_by="",
        last=event,
    )


def evolve_main(state: MainContent, event: Any) -> MainContent:
    match event:
        case events.UpstreamChanged():
            return MainContent(document_sha256=event.document_sha256, commit=event.commit, told=True)
        case _:
            return state


def evolve_controls(state: Controls, event: Any) -> Controls:
    match event:
        case events.PullRequestsControlled():
            return Controls(
                paused=event.paused,
                most_open=event.most_open,
                most_per_hour=event.most_per_hour,
                reason=event.reason,
                batch=event.batch,
            )
        case _:
            return state


def evolve_told(told: bool, event: Any) -> bool:
    """Whether anyone may read a request's events: since its revision was published for everyone, as far as it tells.

    A request stops being a draft when the model is published. The hub closes it, or needs none, where
    the model is for fewer again; that may also have other reasons, and then the next request tells.
    """
    match event:
        case PullRequestFacts(draft=False):
            return True
        case events.PullRequestClosed(by="hub") | events.PullRequestSkipped(state="none"):
            return False
        case _:
            return told


def tells(told: bool, event: Any) -> bool:
    """What upstream holds says nothing of whether the hub's own model of that name is public; controls are of none."""
    return told and not isinstance(event, events.UpstreamChanged | events.PullRequestsControlled)


def queue(state: PullRequest, *, model: str, revision: int) -> Sequence[Any]:
    """A new revision waits for the bot; an open request, or one a person closed, says more than `queued` would."""
    if state.is_open or state.is_held_closed or revision <= state.revision:
        return []
    return [events.PullRequestQueued(model_name=model, revision=revision)]


def wait(state: PullRequest, *, model: str, revision: int, reason: str) -> Sequence[Any]:
    """The revision goes in a request that it cannot be in yet, as `reason` says."""
    if (state.state, state.reason) == ("queued", reason) and revision <= state.revision:
        return []
    return [events.PullRequestQueued(model_name=model, revision=revision, reason=reason)]


def stand(state: PullRequest, *, seen: PullRequestFacts) -> Sequence[Any]:
    """The request stands open as `seen`."""
    fields = _facts(seen)
    if state.number != seen.number:
        return [events.PullRequestOpened(**fields)]
    if not state.is_open:
        return [events.PullRequestReopened(**fields)]
    before = state.last
    if state.state == ("draft" if seen.draft else "open") and before is not None and _facts(before) == fields:
        return []
    if before is not None and before.draft and not seen.draft:
        return [events.PullRequestReady(**fields)]
    return [events.PullRequestUpdated(**fields)]


def skip(state: PullRequest, *, model: str, revision: int, as_state: str, reason: str) -> Sequence[Any]:
    """No request is needed. A merged or closed one stays what it is until there is a newer revision."""
    if state.state in ENDED and revision <= state.revision:
        return []
    if (state.state, state.reason) == (as_state, reason) and revision <= state.revision:
        return []
    return [events.PullRequestSkipped(model_name=model, revision=revision, state=as_state, reason=reason)]


def merge(state: PullRequest, *, model: str, number: int, merge_sha: str) -> Sequence[Any]:
    if not state.is_open or state.number != number:
        return []
    revision = state.last.revision if state.last else state.revision
    return [events.PullRequestMerged(model_name=model, number=number, merge_sha=merge_sha, revision=revision)]


def close(
    state: PullRequest, *, model: str, number: int, by: str, reason: str, as_state: str = "closed"
) -> Sequence[Any]:
    if not state.is_open or state.number != number:
        return []
    return [events.PullRequestClosed(model_name=model, number=number, by=by, state=as_state, reason=reason)]


def fail(
    state: PullRequest, *, model: str, revision: int, reason: str, attempts: int, next_try_at: int
) -> Sequence[Any]:
    """Each failed attempt is recorded, so that the page can say when the next one is."""
    return [
        events.PullRequestFailed(
            model_name=model,
            revision=max(revision, state.revision),
            reason=reason,
            attempts=attempts,
            next_try_at=next_try_at,
        )
    ]


def pause(
    state: PullRequest, *, model: str, revision: int, as_state: str, reason: str, cause: str = ""
) -> Sequence[Any]:
    if (state.state, state.reason) == (as_state, reason):
        return []
    return [events.PullRequestPaused(model_name=model, revision=revision, state=as_state, reason=reason, cause=cause)]


def check(
    state: PullRequest, *, model: str, number: int, head_sha: str, checks: Iterable[events.CheckResult]
) -> Sequence[Any]:
    """Upstream's checks of the request's head, where they say something new; none at all says nothing."""
    results = tuple(sorted(checks, key=lambda result: result.name))
    before = state.checked.checks if state.checked and state.checked.head_sha == head_sha else ()
    if state.number != number or not results or results == before:
        return []
    found = {result.state for result in results}
    worst = next((name for name in _WORST_FIRST if name in found), "neutral")
    return [events.PullRequestChecked(model_name=model, number=number, head_sha=head_sha, state=worst, checks=results)]


def remark(state: PullRequest, *, number: int, said: Iterable[events.PullRequestRemarked]) -> Sequence[Any]:
    """What people said on the request since, oldest first; each once, and again where it was edited."""
    if state.number != number:
        return []
    cut = [dataclasses.replace(one, text=one.text[:REMARK_CHARS]) for one in said if one.number == number]
    new = [one for one in cut if state.remarks.get(one.remark_id) != one]
    return sorted(new, key=lambda one: (one.at, one.remark_id))


def release(state: PullRequest, *, model: str, number: int, release: str) -> Sequence[Any]:
    """A release of upstream's carries what was merged."""
    merged = next((merged for merged in state.unreleased if merged.number == number), None)
    if merged is None or not release:
        return []
    told = events.ReleasedUpstream(model_name=model, number=number, merge_sha=merged.merge_sha, release=release)
    return [told]


def control(state: Controls, *, wanted: Controls) -> Sequence[Any]:
    """Operators' word for all requests, where it changes anything."""
    if dataclasses.replace(state, reason=wanted.reason) == wanted:
        return []
    return [events.PullRequestsControlled(**dataclasses.asdict(wanted))]


def tell(state: MainContent, *, seen: events.UpstreamChanged) -> Sequence[Any]:
    """Main holds `seen` for a model: told once for each content, and once more for each commit it is told from."""
    if state.told and (state.document_sha256, state.commit) == (seen.document_sha256, seen.commit):
        return []
    return [seen]


def retry_after_s(attempts: int) -> int:
    """Seconds until the next try after `attempts` failures (from 1): doubling, capped."""
    return int(min(FIRST_RETRY_S * 2 ** min(attempts - 1, 20), LONGEST_RETRY_S))


def _facts(event: PullRequestFacts) -> dict[str, Any]:
    return {field.name: getattr(event, field.name) for field in dataclasses.fields(PullRequestFacts)}
