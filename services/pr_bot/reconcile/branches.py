"""What people's commits on a request's branch hold: for a person to see, and to take over as a revision."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from services.pr_bot import rules
from services.pr_bot.domain import PullRequest
from services.pr_bot.reconcile.commits import is_own
from services.pr_bot.upstream import Commit, Upstream
from shared import upstream_layout
from shared.contracts import pr_bot as api
from shared.contracts.registry import DesiredState
from shared.events.pr_bot import PullRequestFacts

_DEPTH = 20
_SUBJECT_CHARS = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class _Found:
    """The model in one commit; `document` is empty where it is not there."""

    path: str = ""
    text: str = ""
    document: str = ""
    problem: str = ""


def content_of(upstream: Upstream, state: PullRequest, desired: DesiredState) -> api.BranchContent:
    """As upstream holds the branch now; without commits where it holds none of a person's."""
    last = state.last
    head = upstream.branch_head(last.branch) if last is not None else None
    people = list(_peoples(upstream, head, last)) if last is not None and head is not None else []
    if last is None or head is None or not people:
        return api.BranchContent(name=desired.name, branch=last.branch if last else "", number=state.number)
    theirs = _find(upstream, head, desired, last)
    return api.BranchContent(
        name=desired.name,
        branch=last.branch,
        number=state.number,
        url=last.url,
        head_sha=head,
        commits=[_shown(commit) for commit in people],
        diff=rules.cut(upstream.diff(last.head_sha, head)),
        document=theirs.document,
        problem=theirs.problem,
        beyond=_beyond(upstream, head, desired, theirs, last),
        latest_revision=desired.latest_revision,
    )


def _peoples(upstream: Upstream, head: str, last: PullRequestFacts) -> Iterator[Commit]:
    """Newest first, down to the bot's own or to what it was built on."""
    commit = upstream.commit(head)
    for _ in range(_DEPTH):
        if commit.sha == last.base_sha or is_own(upstream, commit):
            return
        if not upstream.is_machine(commit):
            yield commit
        if not commit.parents:
            return
        commit = upstream.commit(commit.parents[0])


def _find(upstream: Upstream, head: str, desired: DesiredState, last: PullRequestFacts) -> _Found:
    """Reads only the files that the branch changes: the model is in one of them, if anywhere."""
    files = upstream.files(head)
    layout = upstream_layout.detect(files)
    for path in upstream.changed(last.base_sha, head):
        if path not in files or not upstream_layout.is_model_file(layout, path):
            continue
        text = upstream.text(head, path) or ""
        for model in upstream_layout.read_models(layout, {path: text}):
            if model.problem is not None and model.name.lower() in ("", desired.name.lower()):
                return _Found(path=path, text=text, problem=model.problem)
            if (model.type, model.name.lower()) == (desired.type, desired.name.lower()):
                return _Found(path=path, text=text, document=model.document)
    return _Found(problem=f"the branch does not hold {desired.name} any more")


def _beyond(upstream: Upstream, head: str, desired: DesiredState, theirs: _Found, last: PullRequestFacts) -> list[str]:
    """The files that the commits change otherwise than in the model's own record."""
    changed = upstream.changed(last.head_sha, head)
    if theirs.path in changed and not theirs.problem:
        is_own_file = "/models/" in theirs.path
        ours = upstream.text(last.head_sha, theirs.path) or ""
        sides = [rules.others(text, desired.name, is_own_file=is_own_file) for text in (ours, theirs.text)]
        if sides[0] == sides[1]:
            return [path for path in changed if path != theirs.path]
    return list(changed)


def _shown(commit: Commit) -> api.BranchCommit:
    subject = (commit.message.strip().splitlines() or [""])[0]
    author = commit.author.partition(" <")[0]
    return api.BranchCommit(sha=commit.sha, author=_plain(author), at=commit.date_s, subject=_plain(subject))


def _plain(text: str) -> str:
    """Without what nobody sees, or what turns the text around it."""
    return " ".join("".join(char if char.isprintable() else " " for char in text).split())[:_SUBJECT_CHARS]
