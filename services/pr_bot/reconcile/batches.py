"""Several models of one owner in one request: which of them travel together, who joins and who leaves.

A step is one model's, as always; it builds the request of all that travel with it and records its own part. Whoever
changed something upstream marks the others due, and each of them then records what stands.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial

from sqlalchemy import Connection

from services.pr_bot import domain
from services.pr_bot.domain import DEFAULT_ACCOUNT, PullRequest
from services.pr_bot.projection import Due
from services.pr_bot.projection.batches import Batch
from services.pr_bot.projection.turns import FOLLOW
from services.pr_bot.reconcile.commits import Commits
from services.pr_bot.reconcile.ending import Ending
from services.pr_bot.reconcile.records import Records
from services.pr_bot.reconcile.requests import Carried, Requests, UpstreamAhead, facts_of, loads_of
from services.pr_bot.reconcile.wanted import IN_CONFLICT, desired_of, is_known, is_there, other_type, there_because
from services.pr_bot.reconcile.watch import Watch
from services.pr_bot.reconcile.work import Work
from services.pr_bot.upstream import TokenRefused
from services.pr_bot.upstream.accounts import Account, Accounts
from services.pr_bot.upstream.catalogue import Catalogue, Held, ParsedFiles
from shared import upstream_layout
from shared.contracts.registry import DesiredState, Registry
from shared.errors import Invalid, Unavailable

MOST_TOGETHER = 20
PENDING = "its newest revision waits for a reviewer; once approved it joins its owner's next pull request"
REJECTED = "its newest revision was rejected; once a newer one is approved it joins its owner's next pull request"
NO_ROOM = "its owner's open pull request carries as many models as one may; it joins the next"
_TURN_S = 10.0

Wanted = tuple[DesiredState, Held | None]


class AtWork(Unavailable):
    """Another replica is at a model that travels in the same request."""

    slug = "batch-at-work"


class Batches:
    """`turn` is held around everything else."""

    def __init__(
        self,
        *,
        accounts: Accounts,
        registry: Registry,
        commits: Commits,
        requests: Requests,
        ending: Ending,
        watch: Watch,
        records: Records,
        parsed: ParsedFiles,
    ) -> None:
        self._accounts = accounts
        self._registry = registry
        self._commits = commits
        self._requests = requests
        self._ending = ending
        self._watch = watch
        self._records = records
        self._rows = records.rows
        self._parsed = parsed

    @contextmanager
    def turn(self, model: str, desired: DesiredState) -> Iterator[bool]:
        """Whether the model may travel with others: then no other of its owner's has a step meanwhile."""
        carrying = self._rows.batches.carrying(model)
        owner = carrying.owner if carrying else desired.owners[0] if self._is_wanted and desired.owners else ""
        if not owner:
            yield False
            return
        with self._rows.database.alone(f"batch of {owner}", wait_s=_TURN_S) as mine:
            if not mine:
                raise AtWork(f"{model}: another replica is at a model of the same owner's; it is looked at again soon")
            yield True

    def of(self, model: str) -> Batch | None:
        """What the model travels in; a request of its own, open or closed by a person, goes before that."""
        batch = self._rows.batches.carrying(model)
        if batch is None:
            return None
        state = self._records.pull_request(model)
        return None if _has_another(state, batch.branch) else batch

    def step(self, work: Work, batch: Batch) -> None:
        """The request carries the model with the others, or carries them without it."""
        if self._rows.batches.carrying(work.due.model) is None:
            if work.open_pull is None:
                self._ending.clear_branch(work)
            return
        if batch.login != work.account.login:
            self._move(work, batch)
            return
        catalogue = Catalogue(work.upstream, work.upstream.head(), self._parsed)
        desired = work.desired
        held = catalogue.find(work.model, model_type=desired.type) if desired.wanted == "content" else None
        why = _unfit(desired, held, batch)
        is_asked = work.state.is_open or work.due.ask == "reopen"
        if why is None and not is_asked and not self._travels(work.state, work):
            why = "pull requests are of one model each again"
        if why is not None:
            self._leave(work, batch, catalogue, why)
        elif not is_known(desired, held):
            self._watch.tell_now(work.model, held, catalogue, model_type=desired.type)
            raise UpstreamAhead.of(work.model, catalogue.commit)
        else:
            others = self._others(work, batch, catalogue)
            self._propose(work, batch, catalogue, [(desired, held), *others])

    def takes(self, work: Work) -> bool:
        """Whether a request that the model needs now is one for several."""
        has_own = work.state.is_open or work.open_pull is not None or work.due.ask == "reopen"
        return self._is_wanted and work.desired.wanted == "content" and bool(work.desired.owners) and not has_own

    def join(self, work: Work, catalogue: Catalogue, held: Held | None) -> None:
        """The model goes in its owner's next request, with what else does."""
        if (reason := _not_yet(work.desired)) is not None:
            self._wait(work, reason)
            return
        batch = self._batch_of(work.desired.owners[0], work.account)
        pulls = work.upstream.pulls(batch.branch)
        work = dataclasses.replace(work, batch=batch, branch=batch.branch, pull=pulls[-1] if pulls else None)
        others = self._others(work, batch, catalogue)
        if len(others) >= MOST_TOGETHER:
            self._wait(work, NO_ROOM)
            return
        self._rows.batches.board(batch.branch, [work.due.model])
        self._propose(work, batch, catalogue, [(work.desired, held), *others])

    def ended(self, due: Due, batch: Batch) -> None:
        """The request is over for the model, which is looked at again, and what waits for room in the next."""
        with self._rows.database.write() as connection:
            self._rows.batches.leave(connection, due.model)
            for model in {due.model, *self._rows.batches.waiting(connection, owner=batch.owner)}:
                self._mark(connection, model, due)

    @property
    def _is_wanted(self) -> bool:
        return self._rows.limits.controls().batch

    def _batch_of(self, owner: str, account: Account) -> Batch:
        if (known := self._rows.batches.known(owner, account.login)) is not None:
            return known
        called = self._commits.login(owner)
        return self._rows.batches.made(
            owner,
            account.login,
            lambda taken: upstream_layout.batch_branch(called, login=account.login, taken=taken),
        )

    def _wait(self, work: Work, reason: str) -> None:
        desired = work.desired
        waits = partial(domain.wait, model=desired.name, revision=desired.revision, reason=reason)
        self._records.record(work.due, waits)

    def _propose(self, work: Work, batch: Batch, catalogue: Catalogue, wanted: list[Wanted]) -> None:
        wanted = [*wanted, *self._newcomers(batch, catalogue, room=MOST_TOGETHER - len(wanted))]
        if (carried := self._carry(work, batch, catalogue, wanted)) is not None:
            self._records.record(work.due, partial(domain.stand, seen=facts_of(work, carried)))

    def _leave(self, work: Work, batch: Batch, catalogue: Catalogue, why: str) -> None:
        as_state = "closed" if work.desired.wanted == "nothing" or work.desired.withdrawn else "superseded"
        is_over = work.pull is not None and work.pull.state != "open"
        if others := [] if is_over else self._others(work, batch, catalogue):
            if self._carry(work, batch, catalogue, others) is None:
                return
            self._record_closed(work, reason=why, as_state=as_state)
        else:
            self._ending.close(work, reason=why, as_state=as_state)
        self.ended(work.due, batch)

    def _record_closed(self, work: Work, *, reason: str, as_state: str) -> None:
        """For the model alone: the request stands for the others."""
        closed = partial(
            domain.close, model=work.model, number=work.state.number, by="hub", reason=reason, as_state=as_state
        )
        self._records.record(work.due, closed)

    def _move(self, work: Work, batch: Batch) -> None:
        """Another account acts for the model now: the others go on without it, or the request makes room."""
        if work.state.is_open:
            if self._has_others_of(work, batch):
                self._record_closed(work, reason="a request of another account replaces it", as_state="superseded")
            elif (pull := work.open_pull) is not None:
                self._ending.give_way(work.due, work.desired, work.account, pull)
        self.ended(work.due, batch)
        with self._rows.database.write() as connection:
            for model in self._rows.batches.aboard(batch.branch):
                self._mark(connection, model, work.due)

    def _has_others_of(self, work: Work, batch: Batch) -> bool:
        """Whether the request's own account still acts for another of its models."""
        for model in self._rows.batches.aboard(batch.branch):
            state = self._records.pull_request(model)
            if model == work.due.model or not state.is_open:
                continue
            if self._account_of(desired_of(self._registry, model), _name(batch)) == _name(batch):
                return True
        return False

    def _carry(self, work: Work, batch: Batch, catalogue: Catalogue, wanted: list[Wanted]) -> Carried | None:
        """The request with these models; the others of them that have not recorded it so are looked at."""
        ordered = sorted(wanted, key=lambda one: one[0].name.lower())
        carried = self._requests.carry(work, batch.branch, catalogue.commit, loads_of(catalogue, ordered))
        if carried is None:
            return None
        with self._rows.database.write() as connection:
            for desired, _ in ordered:
                model = desired.name.lower()
                state = self._records.pull_request(model, connection=connection)
                if carried.is_new:
                    # The bot's own doing is no news to any of them.
                    self._rows.returned.see_own(connection, model=model, updated_at=carried.pull.updated_at)
                told = (state.is_open, state.number, state.last.head_sha if state.last else "")
                is_told = told == (True, carried.pull.number, carried.commit)
                if model != work.due.model and (carried.is_new or not is_told):
                    self._mark(connection, model, work.due, ask=FOLLOW)
        return carried

    def _others(self, work: Work, batch: Batch, catalogue: Catalogue) -> list[Wanted]:
        """What else travels on the batch's branch and still may."""
        found = []
        for model in self._rows.batches.aboard(batch.branch):
            state = self._records.pull_request(model)
            if model == work.due.model or _has_another(state, batch.branch) or not self._travels(state, work):
                continue
            desired = desired_of(self._registry, model)
            if state.is_open or self._account_of(desired) == _name(batch):
                found += self._fit(desired, batch, catalogue)
        return found

    def _newcomers(self, batch: Batch, catalogue: Catalogue, *, room: int) -> list[Wanted]:
        """What is due anyway, and would join one by one, comes aboard at once."""
        if not self._is_wanted or room <= 0:
            return []
        found: list[Wanted] = []
        for model in self._rows.batches.newcomers(batch.owner, limit=room):
            state, desired = self._records.pull_request(model), desired_of(self._registry, model)
            if not (state.is_open or state.is_held_closed) and self._account_of(desired) == _name(batch):
                found += self._fit(desired, batch, catalogue)
        self._rows.batches.board(batch.branch, [desired.name.lower() for desired, _ in found])
        return found

    def _fit(self, desired: DesiredState, batch: Batch, catalogue: Catalogue) -> list[Wanted]:
        """The model with what main holds of it, none where it may not travel now."""
        if desired.wanted != "content":
            return []
        try:
            held = catalogue.find(desired.name, model_type=desired.type)
        except Invalid:
            return []  # its own step says what cannot be read
        return [(desired, held)] if _unfit(desired, held, batch) is None and is_known(desired, held) else []

    def _account_of(self, desired: DesiredState, standing: str = "") -> str:
        try:
            return self._accounts.of(desired, standing=standing).opened_as
        except TokenRefused:
            return ""

    def _travels(self, state: PullRequest, work: Work) -> bool:
        """Whether a model aboard goes in the request that the step acts on; as recorded, where upstream is silent."""
        pull = work.pull
        is_over = pull is not None and pull.state != "open" and work.due.ask != "reopen"
        if state.is_open:
            return pull is None or state.number > pull.number or (state.number == pull.number and not is_over)
        if state.is_held_closed:
            return pull is not None and state.number == pull.number and not is_over
        return self._is_wanted

    def _mark(self, connection: Connection, model: str, due: Due, *, ask: str = "") -> None:
        self._rows.mark_due(
            connection, model, at=due.since, cause=due.cause, correlation=due.correlation, actor=due.actor, ask=ask
        )


def _has_another(state: PullRequest, branch: str) -> bool:
    """Whether the model's request, open or closed by a person, is not on the branch."""
    stands = state.is_open or state.is_held_closed
    return stands and state.last is not None and state.last.branch != branch


def _unfit(desired: DesiredState, held: Held | None, batch: Batch) -> str | None:
    """Why the model may not travel in the batch, whatever registry has yet to take over."""
    if desired.wanted != "content":
        return desired.reason or "the model is to be removed upstream, which a request of its own does"
    if batch.owner not in desired.owners[:1]:
        return "its first owner is another since"
    if (reason := _not_yet(desired)) is not None:
        return reason
    if not is_known(desired, held):
        return None
    if desired.merge_conflict:
        return IN_CONFLICT
    if is_there(desired, held):
        return there_because(desired)
    return other_type(desired, held) or None


def _not_yet(desired: DesiredState) -> str | None:
    if desired.is_published:
        return None
    return REJECTED if desired.rejected_revision else PENDING


def _name(batch: Batch) -> str:
    return batch.login or DEFAULT_ACCOUNT
