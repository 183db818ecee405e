"""What comes back from upstream beside main's content: checks, what people say, and releases."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from services.pr_bot import domain
from services.pr_bot.domain import PullRequest
from services.pr_bot.projection import Due
from services.pr_bot.reconcile.records import Records
from services.pr_bot.upstream import CheckRun, Pull, Remark, Upstream
from shared.events import pr_bot as events


class Returns:
    """Records what is new of it; asked twice, it is recorded once."""

    def __init__(self, records: Records) -> None:
        self._records = records

    def look(self, due: Due, *, model: str, state: PullRequest, pull: Pull | None, upstream: Upstream) -> PullRequest:
        """Asks for all that is said of the model's last request; `pull` is that request where it is known already."""
        if state.last is None:
            return state
        head = pull.head_sha if pull and pull.number == state.number else state.last.head_sha
        checks = results(upstream.checks(head))
        said = [_remarked(model, state.number, remark) for remark in upstream.remarks(state.number)]

        def decide(now: PullRequest) -> Sequence[Any]:
            checked = domain.check(now, model=model, number=state.number, head_sha=head, checks=checks)
            return [*checked, *domain.remark(now, number=state.number, said=said)]

        return self._records.record(due, decide) if checks or said else state

    def checked(self, model: str, head_sha: str, checks: Sequence[events.CheckResult]) -> None:
        """Upstream's automation says this of a commit: news of the model's request where that has not moved since."""
        state = self._records.pull_request(model)
        if state.last is None or not state.is_open or state.last.head_sha != head_sha:
            return
        last = state.last
        decide = partial(domain.check, model=last.model_name, number=last.number, head_sha=head_sha, checks=checks)
        if decide(state):
            self._records.record(of_upstream(model, f"checks/{head_sha}"), decide)

    def released(self, model: str, number: int, release: str) -> None:
        """A release carries what was merged as `number`."""
        last = self._records.pull_request(model).last
        name = last.model_name if last else model
        decide = partial(domain.release, model=name, number=number, release=release)
        self._records.record(of_upstream(model, f"release/{release}"), decide)


def of_upstream(model: str, what: str) -> Due:
    """Something that nobody of the hub caused."""
    cause = str(uuid5(NAMESPACE_URL, f"upstream/{what}"))
    return Due(
        model=model.lower(),
        since=0.0,
        attempts=0,
        marks=0,
        ask="",
        cause=cause,
        correlation=cause,
        actor="system:pr_bot",
    )


def results(checks: Sequence[CheckRun]) -> list[events.CheckResult]:
    return [events.CheckResult(name=check.name, state=check.state, url=check.url) for check in checks]


def _remarked(model: str, number: int, remark: Remark) -> events.PullRequestRemarked:
    return events.PullRequestRemarked(
        model_name=model,
        number=number,
        remark_id=remark.id,
        kind=remark.kind,
        author=remark.author,
        text=remark.text,
        url=remark.url,
        at=remark.at,
        path=remark.path,
        verdict=remark.verdict,
    )
