"""One step for one model: what should be, what is, act, and record what then stands.

A step may be killed anywhere and taken again: every act upstream is idempotent, and events follow
from what is seen, not from what was done.
"""

from __future__ import annotations

from functools import partial

from services.pr_bot import domain, rules
from services.pr_bot.domain import PullRequest
from services.pr_bot.projection import Due
from services.pr_bot.reconcile.commits import Commits
from services.pr_bot.reconcile.ending import Ending, record_skip
from services.pr_bot.reconcile.records import Records
from services.pr_bot.reconcile.returns import Returns
from services.pr_bot.reconcile.texts import Texts, title_to_keep
from services.pr_bot.reconcile.watch import Watch
from services.pr_bot.reconcile.work import Work
from services.pr_bot.upstream import NewPull, Pull, Upstream
from services.pr_bot.upstream.catalogue import Catalogue, Held, ParsedFiles
from shared import document, upstream_layout
from shared.contracts.common import ModelRef, system_caller
from shared.contracts.registry import DesiredState, Registry
from shared.errors import Conflict, NotFound
from shared.events.pr_bot import PullRequestFacts

OFF = "HUB_UPSTREAM is off: this hub opens no pull requests"


class UpstreamAhead(Conflict):
    """Main holds what registry has not taken over yet; a request now would undo somebody's work."""

    slug = "upstream-ahead"


class Reconciler:
    """Steps for any model; never two for one model at a time."""

    def __init__(
        self,
        *,
        upstream: Upstream,
        registry: Registry,
        commits: Commits,
        watch: Watch,
        records: Records,
        parsed: ParsedFiles,
        public_url: str,
    ) -> None:
        self._upstream = upstream
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
        work = self._looked(due, desired_of(self._registry, due.model))
        desired = work.desired
        if due.heard:
            self._returns.look(due, model=work.model, state=work.state, pull=work.pull, upstream=work.upstream)
        if work.state.is_held_closed and due.ask != "reopen" and not work.was_reopened:
            return
        if desired.wanted == "nothing":
            self._ending.end(work, reason=desired.reason, noop=False)
            return
        self._towards(work)

    def _looked(self, due: Due, desired: DesiredState) -> Work:
        """With what ended upstream since the last look recorded."""
        state = self._records.pull_request(due.model)
        branch = self._records.rows.known_branch(due.model)
        pulls = self._upstream.pulls(branch) if branch else ()
        recorded = next((pull for pull in pulls if pull.number == state.number), None)
        if state.is_open and recorded is not None and recorded.state != "open":
            state = self._record_end(due, desired, recorded)
        return Work(
            due=due,
            desired=desired,
            state=state,
            upstream=self._upstream,
            branch=branch,
            pull=pulls[-1] if pulls else None,
        )

    def _record_end(self, due: Due, desired: DesiredState, pull: Pull) -> PullRequest:
        if pull.state == "merged":
            ended = partial(domain.merge, model=desired.name, number=pull.number, merge_sha=pull.merge_sha)
            return self._records.record(due, ended)
        by_hub = pull.closed_by == "hub"
        reason = (desired.reason or "a newer request replaces it") if by_hub else "closed upstream"
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
            self._ending.pause(work, "conflicted", "upstream changed the same fields; merge them in the hub")
        elif _is_there(desired, held):
            reason = desired.reason or "the target branch holds this content already"
            self._ending.end(work, reason=reason, noop=True)
        elif held is not None and held.type != desired.type:
            self._ending.pause(work, "conflicted", f"upstream holds this name as {held.type}; an operator decides")
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
        branch = work.branch or self._records.rows.branch_of(
            work.due.model, lambda taken: upstream_layout.branch(work.model, taken=taken)
        )
        head = upstream.branch_head(branch)
        if work.due.ask != "rebuild" and (stranger := self._commits.stranger_on(head, base=catalogue.commit)):
            self._ending.pause(work, "paused", stranger)
            return
        removal = desired.wanted == "removed"
        change = catalogue.change(
            held, model_type=desired.type, name=work.model, document=None if removal else desired.document
        )
        commit = self._commits.build(catalogue.commit, change, desired)
        if head != commit:
            upstream.point(branch, commit, expected=head)
        text = self._texts.of(work, change, held, base_sha=catalogue.commit, head=commit, branch=branch)
        pull = self._opened(work, text)
        self._ending.answer(work, pull)
        seen = _facts(desired, pull, commit=commit, base_sha=catalogue.commit, base=upstream.base, upstream=upstream)
        self._records.record(
            work.due,
            partial(domain.stand, seen=seen),
            also=partial(self._records.rows.returned.see_own, model=work.due.model, updated_at=pull.updated_at),
        )

    def _opened(self, work: Work, text: NewPull) -> Pull:
        """The open request, with what it should say."""
        upstream, pull = work.upstream, work.open_pull
        if pull is None and work.pull is not None and work.due.ask == "reopen" and work.pull.state == "closed":
            pull = upstream.reopen_pull(work.pull.number)
        if pull is None:
            pull = upstream.open_pull(text)
        title = title_to_keep(pull.title, work.model) or text.title
        if (pull.title, pull.body, pull.draft) != (title, text.body, text.draft):
            pull = upstream.edit_pull(pull.number, title=title, body=text.body, draft=text.draft)
        return pull


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


def _facts(
    desired: DesiredState, pull: Pull, *, commit: str, base_sha: str, base: str, upstream: Upstream
) -> PullRequestFacts:
    return PullRequestFacts(
        model_name=desired.name,
        number=pull.number,
        url=pull.url,
        branch=pull.branch,
        base=base,
        title=pull.title,
        body=pull.body,
        draft=pull.draft,
        head_sha=commit,
        base_sha=base_sha,
        revision=desired.revision,
        document_sha256=desired.document_sha256,
        diff=rules.cut(upstream.diff(base_sha, commit)),
    )
