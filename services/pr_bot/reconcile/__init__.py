"""One step for one model: what should be, what is, act, and record what then stands.

A step may be killed anywhere and taken again: every act upstream is idempotent, and events follow
from what is seen, not from what was done.
"""

from __future__ import annotations

import dataclasses
from functools import partial

from services.pr_bot import domain, rules
from services.pr_bot.domain import DEFAULT_ACCOUNT, PullRequest
from services.pr_bot.projection import Due
from services.pr_bot.reconcile.commits import Commits
from services.pr_bot.reconcile.ending import Ending, record_skip
from services.pr_bot.reconcile.records import Records
from services.pr_bot.reconcile.returns import Returns
from services.pr_bot.reconcile.texts import Texts, title_to_keep
from services.pr_bot.reconcile.watch import Watch
from services.pr_bot.reconcile.work import Work
from services.pr_bot.upstream import NewPull, Pull, RateLimited, TokenRefused
from services.pr_bot.upstream.accounts import Account, Accounts, looking_as
from services.pr_bot.upstream.catalogue import Catalogue, Held, ParsedFiles
from shared import document, upstream_layout
from shared.contracts.common import ModelRef, system_caller
from shared.contracts.pr_bot import CLOSED_UPSTREAM
from shared.contracts.registry import DesiredState, Registry
from shared.errors import Conflict, NotFound
from shared.events.pr_bot import PullRequestFacts

OFF = "HUB_UPSTREAM is off: this hub opens no pull requests"


class UpstreamAhead(Conflict):
    """Main holds what registry has not taken over yet; a request now would undo somebody's work."""

    slug = "upstream-ahead"


class LeftAlone(Conflict):
    """A person's commit lies where another account's request would have to go."""

    slug = "left-alone"


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
        self._commits = commits
        self._watch = watch
        self._records = records
        self._parsed = parsed
        self._texts = Texts(commits=commits, public_url=public_url)
        self._ending = Ending(commits=commits, records=records)
        self._returns = Returns(records)

    def step(self, due: Due) -> None:
        """Upstream and the stream agree with registry afterwards; raises what is worth another try."""
        desired = desired_of(self._registry, due.model)
        self._records.rows.accounts.keep_owners(due.model, desired.owners)
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
        work = self._looked(due, desired, account, state)
        if due.heard:
            self._returns.look(due, model=work.model, state=work.state, pull=work.pull, upstream=work.upstream)
        if work.state.is_held_closed and due.ask != "reopen" and not work.was_reopened:
            return
        if desired.wanted == "nothing":
            self._ending.end(work, reason=desired.reason, noop=False)
            return
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
            state = self._record_end(due, desired, recorded)
        elif last is not None and recorded is not None and not account.refusal and last.opened_as != account.opened_as:
            state = self._give_way(due, desired, account, recorded)
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

    def _give_way(self, due: Due, desired: DesiredState, account: Account, pull: Pull) -> PullRequest:
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

    def _record_end(self, due: Due, desired: DesiredState, pull: Pull) -> PullRequest:
        if pull.state == "merged":
            ended = partial(domain.merge, model=desired.name, number=pull.number, merge_sha=pull.merge_sha)
            return self._records.record(due, ended)
        by_hub = pull.closed_by == "hub"
        reason = (desired.reason or "a newer request replaces it") if by_hub else CLOSED_UPSTREAM
        closed = partial(
            domain.close, model=desired.name, number=pull.number, by=pull.closed_by or "upstream", reason=reason
        )
        return self._records.record(due, closed)

    def _towards(self, work: Work) -> None:
        """Main lacks or holds what is wanted; a request where it lacks it."""
        desired = work.desired
        catalogue = Catalogue(work.upstream, work.upstream.head(), self._parsed)
        held = catalogue.find(work.model, model_type=desired.type)
        is_known = _same(held.document if held else "", desired.upstream_document)
        if desired.merge_conflict and is_known:
            reason = "upstream changed the same fields; merge them in the hub"
            self._ending.pause(work.due, desired, "conflicted", reason)
        elif _is_there(desired, held):
            reason = desired.reason or "the target branch holds this content already"
            self._ending.end(work, reason=reason, noop=True)
        elif held is not None and held.type != desired.type:
            reason = f"upstream holds this name as {held.type}; an operator decides"
            self._ending.pause(work.due, desired, "conflicted", reason)
        elif not is_known:
            self._wait_for_registry(work, held, catalogue)
        else:
            self._propose(work, catalogue, held)

    def _wait_for_registry(self, work: Work, held: Held | None, catalogue: Catalogue) -> None:
        self._watch.tell_now(work.model, held, catalogue, model_type=work.desired.type)
        raise UpstreamAhead(
            f"{work.model}: upstream's branch holds content at {catalogue.commit[:12]} that the hub "
            "has not taken over yet; it is tried again once it has"
        )

    def _propose(self, work: Work, catalogue: Catalogue, held: Held | None) -> None:
        """One commit on the current main, and the request that carries it."""
        upstream, desired = work.upstream, work.desired
        branch = work.branch or self._records.rows.accounts.branch_of(
            work.due.model,
            work.account.login,
            lambda taken: upstream_layout.branch(work.model, login=work.account.login, taken=taken),
        )
        head = upstream.branch_head(branch)
        reopens = work.pull if work.due.ask == "reopen" and work.pull and work.pull.state == "closed" else None
        tip = reopens.head_sha if reopens and head is None else head
        if work.due.ask != "rebuild" and (stranger := self._commits.stranger_on(upstream, tip, base=catalogue.commit)):
            self._ending.pause(work.due, desired, "paused", stranger)
            return
        if reopens is not None:
            head, work = self._reopened(work, reopens, head)
        removal = desired.wanted == "removed"
        change = catalogue.change(
            held, model_type=desired.type, name=work.model, document=None if removal else desired.document
        )
        commit = self._commits.build(upstream, catalogue.commit, change, desired)
        text = self._texts.of(work, change, held, base_sha=catalogue.commit, head=commit, branch=branch)
        if head != commit:
            work = _drafted(work) if text.draft else work
            upstream.point(branch, commit, expected=head)
        pull = self._opened(work, text)
        self._ending.answer(work, pull)
        seen = _facts(work, pull, commit=commit, base_sha=catalogue.commit)
        self._records.record(
            work.due,
            partial(domain.stand, seen=seen),
            also=partial(self._records.rows.returned.see_own, model=work.due.model, updated_at=pull.updated_at),
        )

    @staticmethod
    def _reopened(work: Work, pull: Pull, head: str | None) -> tuple[str | None, Work]:
        """GitHub opens a request again only where its branch is as it was, so that comes first."""
        if head is None:
            work.upstream.point(pull.branch, pull.head_sha, expected=None)
            head = pull.head_sha
        return head, dataclasses.replace(work, pull=work.upstream.reopen_pull(pull.number))

    def _opened(self, work: Work, text: NewPull) -> Pull:
        """The open request, with what it should say."""
        upstream, pull = work.upstream, work.open_pull
        if pull is None:
            pull = upstream.open_pull(text)
        title = title_to_keep(pull.title, work.model) or text.title
        if (pull.title, pull.body, pull.draft) != (title, text.body, text.draft):
            pull = upstream.edit_pull(pull.number, title=title, body=text.body, draft=text.draft)
        return pull


def _drafted(work: Work) -> Work:
    """A draft already before it carries what nobody has approved: upstream's checks run on what is none."""
    pull = work.open_pull
    if pull is None or pull.draft:
        return work
    return dataclasses.replace(
        work, pull=work.upstream.edit_pull(pull.number, title=pull.title, body=pull.body, draft=True)
    )


class NoUpstream:
    """The steps of a hub with HUB_UPSTREAM=off: every model has none, and says why."""

    def __init__(self, *, registry: Registry, records: Records) -> None:
        self._registry = registry
        self._records = records

    def step(self, due: Due) -> None:
        record_skip(self._records, due, desired_of(self._registry, due.model), as_state="none", reason=OFF)


def desired_of(registry: Registry, model: str) -> DesiredState:
    """What registry wants upstream; nothing where it knows no such model."""
    try:
        return registry.desired_state(ModelRef(name=model), system_caller("pr_bot"))
    except NotFound:
        return DesiredState(name=model, type="", wanted="nothing", reason="the hub has no such model")


def _is_there(desired: DesiredState, held: Held | None) -> bool:
    if desired.wanted == "removed":
        return held is None
    return held is not None and held.type == desired.type and _same(held.document, desired.document)


def _same(one: str, other: str) -> bool:
    """Whether two documents hold the same, `updated_at` aside; an empty one equals only itself."""
    if not one or not other:
        return one == other
    return document.same(one, other)


def _facts(work: Work, pull: Pull, *, commit: str, base_sha: str) -> PullRequestFacts:
    desired, upstream, last = work.desired, work.upstream, work.state.last
    is_same = last is not None and (last.base_sha, last.head_sha) == (base_sha, commit)
    return PullRequestFacts(
        model_name=desired.name,
        number=pull.number,
        url=pull.url,
        branch=pull.branch,
        base=upstream.base,
        title=pull.title,
        body=pull.body,
        draft=pull.draft,
        head_sha=commit,
        base_sha=base_sha,
        revision=desired.revision,
        document_sha256=desired.document_sha256,
        diff=last.diff if last is not None and is_same else rules.cut(upstream.diff(base_sha, commit)),
        opened_as=work.account.opened_as,
    )
