"""One step for one model: what should be, what is, act, and record what then stands.

A step may be killed anywhere and taken again: every act upstream is idempotent, and events follow
from what is seen, not from what was done.
"""

from __future__ import annotations

from functools import partial

from services.pr_bot import domain
from services.pr_bot.domain import DEFAULT_ACCOUNT, PullRequest
from services.pr_bot.projection import Due
from services.pr_bot.projection.batches import Batch
from services.pr_bot.reconcile.batches import AtWork, Batches
from services.pr_bot.reconcile.commits import Commits
from services.pr_bot.reconcile.ending import Ending, LeftAlone, record_skip
from services.pr_bot.reconcile.records import Records
from services.pr_bot.reconcile.requests import Requests, UpstreamAhead, facts_of, loads_of
from services.pr_bot.reconcile.returns import Returns
from services.pr_bot.reconcile.texts import Texts
from services.pr_bot.reconcile.wanted import IN_CONFLICT, desired_of, is_known, is_there, other_type, there_because
from services.pr_bot.reconcile.watch import Watch
from services.pr_bot.reconcile.work import Work
from services.pr_bot.upstream import RateLimited, TokenRefused
from services.pr_bot.upstream.accounts import Account, Accounts, looking_as
from services.pr_bot.upstream.catalogue import Catalogue, Held, ParsedFiles
from shared import upstream_layout
from shared.contracts.registry import DesiredState, Registry

__all__ = ["AtWork", "NoUpstream", "Reconciler", "UpstreamAhead"]

OFF = "HUB_UPSTREAM is off: this hub opens no pull requests"


class Reconciler:
    """Steps for any model; never two for one model at a time."""

    def __init__(
        self,
        *,
        accounts: Accounts,
        registry: Registry,
        commits: Commits,
        watch: Watch,
        records: Records,
        parsed: ParsedFiles,
        public_url: str,
    ) -> None:
        self._accounts = accounts
        self._registry = registry
        self._watch = watch
        self._records = records
        self._parsed = parsed
        self._ending = Ending(commits=commits, records=records)
        texts = Texts(commits=commits, public_url=public_url)
        self._requests = Requests(commits=commits, texts=texts, ending=self._ending)
        self._batches = Batches(
            accounts=accounts,
            registry=registry,
            commits=commits,
            requests=self._requests,
            ending=self._ending,
            watch=watch,
            records=records,
            parsed=parsed,
        )
        self._returns = Returns(records)

    def step(self, due: Due) -> None:
        """Upstream and the stream agree with registry afterwards; raises what is worth another try."""
        desired = desired_of(self._registry, due.model)
        self._records.rows.accounts.keep_owners(due.model, desired.owners)
        with self._batches.turn(due.model, desired) as is_shared:
            # Whoever was at it until now may have changed much.
            self._step(due, desired_of(self._registry, due.model) if is_shared else desired)

    def _step(self, due: Due, desired: DesiredState) -> None:
        state = self._records.pull_request(due.model)
        account = self._account(state, desired)
        while True:
            try:
                self._step_as(account, due, desired, state)
                return
            except RateLimited as limit:
                limit.person = account.person
                raise
            except TokenRefused as refusal:
                state = self._records.pull_request(due.model)
                try:
                    account = self._instead(desired, account, refusal)
                except TokenRefused as final:
                    self._ending.pause(due, desired, "paused", final.message, cause="token")
                    return
            except LeftAlone as stranger:
                self._ending.pause(due, desired, "paused", stranger.message)
                return

    def _step_as(self, account: Account, due: Due, desired: DesiredState, state: PullRequest) -> None:
        batch = self._batches.of(due.model)
        if batch is None:
            work = self._looked(due, desired, account, state)
        else:
            work = self._looked_at(batch, due, desired, account, state)
        if due.heard:
            self._returns.look(due, model=work.model, state=work.state, pull=work.pull, upstream=work.upstream)
        if work.state.is_held_closed and due.ask != "reopen" and not work.was_reopened:
            return
        if batch is not None:
            self._batches.step(work, batch)
        elif desired.wanted == "nothing":
            self._ending.end(work, reason=desired.reason, noop=False)
        else:
            self._towards(work)

    def _account(self, state: PullRequest, desired: DesiredState) -> Account:
        """Of the request that stands, as long as it works; where none does, one that can only look."""
        stands = state.last if state.is_open or state.is_held_closed else None
        standing = stands.opened_as if stands else ""
        try:
            return self._accounts.of(desired, standing=standing)
        except TokenRefused as refusal:
            return looking_as(standing or DEFAULT_ACCOUNT, self._accounts.reader, refusal.message)

    def _instead(self, desired: DesiredState, account: Account, refusal: TokenRefused) -> Account:
        if account.refusal:
            raise refusal
        return self._accounts.instead(desired, account, refusal.message)

    def _looked(self, due: Due, desired: DesiredState, account: Account, state: PullRequest) -> Work:
        """With what ended upstream since the last look recorded, and another account's request out of the way."""
        upstream = account.upstream
        branch = self._records.rows.accounts.known_branch(due.model, account.login)
        last = state.last if state.is_open else None
        seen = last.branch if last else branch
        pulls = upstream.pulls(seen) if seen else ()
        recorded = next((pull for pull in pulls if pull.number == state.number), None)
        if last is not None and recorded is not None and recorded.state != "open":
            state = self._ending.ended(due, desired, recorded)
        elif last is not None and recorded is not None and not account.refusal and last.opened_as != account.opened_as:
            state = self._ending.give_way(due, desired, account, recorded)
        if seen != branch:
            pulls = upstream.pulls(branch) if branch else ()
        return Work(
            due=due,
            desired=desired,
            state=state,
            account=account,
            branch=branch,
            pull=pulls[-1] if pulls else None,
        )

    def _looked_at(self, batch: Batch, due: Due, desired: DesiredState, account: Account, state: PullRequest) -> Work:
        """The request that the model travels in, with what ended since the last look recorded of the model."""
        pulls = account.upstream.pulls(batch.branch)
        recorded = next((pull for pull in pulls if pull.number == state.number), None)
        newest = pulls[-1] if pulls else None
        if due.ask == "reopen" and newest is not None and newest.state != "open":
            newest = recorded
        if state.is_open and recorded is not None and recorded.state != "open":
            state = self._ending.ended(due, desired, recorded)
            if not state.is_held_closed:
                self._batches.ended(due, batch)
        return Work(
            due=due,
            desired=desired,
            state=state,
            account=account,
            branch=batch.branch,
            pull=newest,
            batch=batch,
        )

    def _towards(self, work: Work) -> None:
        """Main lacks or holds what is wanted; a request where it lacks it."""
        desired = work.desired
        catalogue = Catalogue(work.upstream, work.upstream.head(), self._parsed)
        held = catalogue.find(work.model, model_type=desired.type)
        known = is_known(desired, held)
        if desired.merge_conflict and known:
            self._ending.pause(work.due, desired, "conflicted", IN_CONFLICT)
        elif is_there(desired, held):
            self._ending.end(work, reason=there_because(desired), noop=True)
        elif reason := other_type(desired, held):
            self._ending.pause(work.due, desired, "conflicted", reason)
        elif not known:
            self._watch.tell_now(work.model, held, catalogue, model_type=desired.type)
            raise UpstreamAhead.of(work.model, catalogue.commit)
        elif self._batches.takes(work):
            self._batches.join(work, catalogue, held)
        else:
            self._propose(work, catalogue, held)

    def _propose(self, work: Work, catalogue: Catalogue, held: Held | None) -> None:
        """One commit on the current main, and the request that carries it."""
        branch = work.branch or self._records.rows.accounts.branch_of(
            work.due.model,
            work.account.login,
            lambda taken: upstream_layout.branch(work.model, login=work.account.login, taken=taken),
        )
        carried = self._requests.carry(work, branch, catalogue.commit, loads_of(catalogue, [(work.desired, held)]))
        if carried is None:
            return
        self._ending.answer(work, carried.pull)
        self._records.record(
            work.due,
            partial(domain.stand, seen=facts_of(work, carried)),
            also=partial(self._records.rows.returned.see_own, model=work.due.model, updated_at=carried.pull.updated_at),
        )


class NoUpstream:
    """The steps of a hub with HUB_UPSTREAM=off: every model has none, and says why."""

    def __init__(self, *, registry: Registry, records: Records) -> None:
        self._registry = registry
        self._records = records

    def step(self, due: Due) -> None:
        record_skip(self._records, due, desired_of(self._registry, due.model), as_state="none", reason=OFF)
