"""People's commits on a pull request's branch: what the page shows of them, and taking them over as a revision."""

from __future__ import annotations

from collections.abc import Sequence

from gateway.auth import read_caller, second_step
from gateway.clients import calls
from shared.contracts.catalog import PullRequest
from shared.contracts.common import Caller, ModelRef
from shared.contracts.pr_bot import BranchCommit, BranchContent, PullRequestAction
from shared.contracts.registry import ReviseModel, RevisionAnswer
from shared.errors import Conflict, Forbidden, Unavailable

_MESSAGE_CHARS = 4_000
_COMMITS_NAMED = 5


def found_on_branch(pull: PullRequest) -> BranchContent | None:
    """What stopped the bot, None where it was something else; `problem` alone where upstream does not answer."""
    if pull.state != "paused" or not pull.number:
        return None
    try:
        found = calls().pr_bot.branch_content(ModelRef(name=pull.name), read_caller())
    except Conflict:
        return None
    except (Unavailable, Forbidden) as error:
        return BranchContent(name=pull.name, branch=pull.branch, number=pull.number, problem=error.message)
    return found if found.commits else None


def take_over(name: str, reason: str, who: Caller) -> RevisionAnswer:
    """The branch's record as a revision by `who`, and the request rebuilt with it; each step is done once for a key.

    Raises Conflict where there is nothing that could be taken over.
    """
    asked = PullRequestAction(name=name, reason=reason)
    found = calls().pr_bot.take_branch(asked, second_step(who, "take"))
    command = ReviseModel(
        name=name,
        base_revision=found.latest_revision,
        document=found.document,
        visibility="public",
        message=credit(found, reason),
        submit=True,
    )
    answer = calls().registry.revise(command, who)
    calls().pr_bot.rebuild(asked, second_step(who, "rebuild"))
    return answer


def credit(found: BranchContent, reason: str) -> str:
    """The revision's message: whose work it is, where it was, and why it was taken over."""
    named = [f"{_by(commit)}: {_plain(commit.subject)}" for commit in found.commits[:_COMMITS_NAMED]]
    more = len(found.commits) - len(named)
    lines = [f"Taken over from {_people(found.commits)} on pull request #{found.number}.", *named]
    lines += [f"and {more} more"] if more > 0 else []
    return "\n".join([*lines, *([f"\n{reason}"] if reason else [])])[:_MESSAGE_CHARS]


def _people(commits: Sequence[BranchCommit]) -> str:
    return ", ".join(dict.fromkeys(_plain(commit.author) for commit in commits))


def _by(commit: BranchCommit) -> str:
    return f"{_plain(commit.author)} in {commit.sha[:12]}"


def _plain(text: str) -> str:
    """On one line, without what nobody sees."""
    return " ".join("".join(char if char.isprintable() else " " for char in text).split())
