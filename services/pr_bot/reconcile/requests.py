"""The act itself: one commit on the current main, and the request that carries it."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass

from services.pr_bot import rules
from services.pr_bot.reconcile.commits import Commits
from services.pr_bot.reconcile.ending import Ending
from services.pr_bot.reconcile.texts import Texts, title_to_keep
from services.pr_bot.reconcile.work import Load, Work
from services.pr_bot.upstream import NewPull, Pull
from services.pr_bot.upstream.catalogue import Catalogue, Held
from shared.contracts.registry import DesiredState
from shared.errors import Conflict
from shared.events.pr_bot import PullRequestFacts


class UpstreamAhead(Conflict):
    """Main holds what registry has not taken over yet; a request now would undo somebody's work."""

    slug = "upstream-ahead"

    @classmethod
    def of(cls, model: str, commit: str) -> UpstreamAhead:
        return cls(
            f"{model}: upstream's branch holds content at {commit[:12]} that the hub "
            "has not taken over yet; it is tried again once it has"
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Carried:
    """The request as it stands after a step, with its one commit; `is_new`: something about it was otherwise before."""

    pull: Pull
    commit: str
    base_sha: str
    is_new: bool


class Requests:
    """What is done twice has the same effect as once."""

    def __init__(self, *, commits: Commits, texts: Texts, ending: Ending) -> None:
        self._commits = commits
        self._texts = texts
        self._ending = ending

    def carry(self, work: Work, branch: str, base: str, loads: Sequence[Load]) -> Carried | None:
        """The request on `branch`, which is the step's, carries exactly `loads`, one commit on `base`.

        None where a person's commit paused it.
        """
        upstream = work.upstream
        head = upstream.branch_head(branch)
        reopens = work.pull if work.due.ask == "reopen" and work.pull and work.pull.state == "closed" else None
        tip = reopens.head_sha if reopens and head is None else head
        if work.due.ask != "rebuild" and (stranger := self._commits.stranger_on(upstream, tip, base=base)):
            self._ending.pause(work.due, work.desired, "paused", stranger)
            return None
        if reopens is not None:
            head, work = _reopened(work, reopens, head)
        commit = self._commits.build(upstream, base, loads)
        text = self._texts.of(loads, base_sha=base, head=commit, branch=branch, fetch_from=upstream.fetch_from)
        if head != commit:
            work = _drafted(work) if text.draft else work
            upstream.point(branch, commit, expected=head)
        pull = self._opened(work, text, loads)
        is_new = reopens is not None or head != commit or work.open_pull != pull
        return Carried(pull=pull, commit=commit, base_sha=base, is_new=is_new)

    @staticmethod
    def _opened(work: Work, text: NewPull, loads: Sequence[Load]) -> Pull:
        """The open request, with what it should say."""
        upstream, pull = work.upstream, work.open_pull
        if pull is None:
            pull = upstream.open_pull(text)
        title = title_to_keep(pull.title, loads, is_batch=work.batch is not None) or text.title
        if (pull.title, pull.body, pull.draft) != (title, text.body, text.draft):
            pull = upstream.edit_pull(pull.number, title=title, body=text.body, draft=text.draft)
        return pull


def loads_of(catalogue: Catalogue, wanted: Sequence[tuple[DesiredState, Held | None]]) -> list[Load]:
    """The change of each model's own bytes, one after the other where several are in one file."""
    files: dict[str, str | None] = {}
    loads = []
    for desired, held in wanted:
        document = None if desired.wanted == "removed" else desired.document
        change = catalogue.change(held, model_type=desired.type, name=desired.name, document=document, onto=files)
        files[change.path] = change.after
        loads.append(Load(desired=desired, held=held, change=change))
    return loads


def facts_of(work: Work, carried: Carried) -> PullRequestFacts:
    """What is recorded of the step's model."""
    desired, upstream, last, pull = work.desired, work.upstream, work.state.last, carried.pull
    base_sha, commit = carried.base_sha, carried.commit
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


def _reopened(work: Work, pull: Pull, head: str | None) -> tuple[str | None, Work]:
    """GitHub opens a request again only where its branch is as it was, so that comes first."""
    if head is None:
        work.upstream.point(pull.branch, pull.head_sha, expected=None)
        head = pull.head_sha
    return head, dataclasses.replace(work, pull=work.upstream.reopen_pull(pull.number))


def _drafted(work: Work) -> Work:
    """A draft already before it carries what nobody has approved: upstream's checks run on what is none."""
    pull = work.open_pull
    if pull is None or pull.draft:
        return work
    return dataclasses.replace(
        work, pull=work.upstream.edit_pull(pull.number, title=pull.title, body=pull.body, draft=True)
    )
