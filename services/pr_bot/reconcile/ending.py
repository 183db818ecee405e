"""How a step ends without a standing request: none is needed, or a person decides first."""

from __future__ import annotations

from functools import partial

from services.pr_bot import domain, rules
from services.pr_bot.domain import PullRequest
from services.pr_bot.projection import Due
from services.pr_bot.reconcile.commits import UPSTREAM, Commits
from services.pr_bot.reconcile.records import Records
from services.pr_bot.reconcile.work import Work
from services.pr_bot.upstream import Pull, TokenRefused
from services.pr_bot.upstream.accounts import Account
from shared.contracts.pr_bot import CLOSED_UPSTREAM
from shared.contracts.registry import DesiredState
from shared.errors import Conflict


class LeftAlone(Conflict):
    """A person's commit lies where another account's request would have to go."""

    slug = "left-alone"


class Ending:
    """Closes, clears and pauses; each may be done twice with the same effect as once."""

    def __init__(self, *, commits: Commits, records: Records) -> None:
        self._commits = commits
        self._records = records

    def end(self, work: Work, *, reason: str, noop: bool) -> None:
        """No request is open, and no branch of the bot's own is left."""
        desired = work.desired
        self.close(work, reason=reason, as_state="superseded" if noop and not desired.withdrawn else "closed")
        record_skip(self._records, work.due, desired, as_state="noop" if noop else "none", reason=reason)

    def close(self, work: Work, *, reason: str, as_state: str) -> None:
        """The step's own request is closed and says why, and its branch is cleared."""
        upstream = work.upstream
        if (pull := work.open_pull) is not None:
            upstream.comment(pull.number, f"models-hub:closed:{pull.number}", rules.closing(reason))
            upstream.close_pull(pull.number)
            self._records.record(
                work.due,
                partial(domain.close, model=work.model, number=pull.number, by="hub", reason=reason, as_state=as_state),
            )
        self.clear_branch(work)

    def ended(self, due: Due, desired: DesiredState, pull: Pull) -> PullRequest:
        """Upstream says that the recorded request is open no longer."""
        if pull.state == "merged":
            merged = partial(domain.merge, model=desired.name, number=pull.number, merge_sha=pull.merge_sha)
            return self._records.record(due, merged)
        by_hub = pull.closed_by == "hub"
        reason = (desired.reason or "a newer request replaces it") if by_hub else CLOSED_UPSTREAM
        closed = partial(
            domain.close, model=desired.name, number=pull.number, by=pull.closed_by or "upstream", reason=reason
        )
        return self._records.record(due, closed)

    def give_way(self, due: Due, desired: DesiredState, account: Account, pull: Pull) -> PullRequest:
        """The request of another account makes room for this one's, where this account may close it."""
        upstream = account.upstream
        if stranger := self._commits.stranger_on(upstream, pull.head_sha, base=upstream.head()):
            raise LeftAlone(stranger)
        reason = "a request of another account replaces it"
        try:
            upstream.comment(pull.number, f"models-hub:closed:{pull.number}", rules.closing(reason))
            upstream.close_pull(pull.number)
            if account.login is None:
                upstream.delete_branch(pull.branch)
        except TokenRefused:
            return self._records.pull_request(due.model)
        closed = partial(
            domain.close, model=desired.name, number=pull.number, by="hub", reason=reason, as_state="superseded"
        )
        return self._records.record(due, closed)

    def answer(self, work: Work, pull: Pull) -> None:
        """A reviewer's no, and why, said once on the request that carries the rejected revision."""
        if revision := work.desired.rejected_revision:
            comment = rules.rejection(revision, work.desired.rejected)
            work.upstream.comment(pull.number, f"models-hub:rejected:{revision}", comment)

    def pause(self, due: Due, desired: DesiredState, as_state: str, reason: str, *, cause: str = "") -> None:
        """Until a person does something about it.

        `cause` is `token` where the account's token was refused: its owner is told where to mend it.
        """
        paused = partial(
            domain.pause,
            model=desired.name,
            revision=desired.revision,
            as_state=as_state,
            reason=reason,
            cause=cause,
        )
        self._records.record(due, paused)

    def clear_branch(self, work: Work) -> None:
        """Somebody else's commits stay where they are, and a branch that its account cannot reach any more."""
        if work.branch is None or work.refusal or (head := work.upstream.branch_head(work.branch)) is None:
            return
        if self._commits.stranger_on(work.upstream, head, base=work.upstream.head()) is None:
            work.upstream.delete_branch(work.branch)


def record_skip(records: Records, due: Due, desired: DesiredState, *, as_state: str, reason: str) -> None:
    """No request is needed; hundreds of imported models that were never touched here say nothing."""
    if desired.submitter == UPSTREAM and not records.pull_request(due.model).revision:
        return
    skipped = partial(domain.skip, model=desired.name, revision=desired.revision, as_state=as_state, reason=reason)
    records.record(due, skipped)
