"""A pull request's way from queue to merge, and what a person can do about it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from flask_babel import gettext as _

from shared.contracts.catalog import PullRequest
from shared.contracts.pr_bot import CLOSED_UPSTREAM, BranchContent

WAY = ("queued", "draft", "open", "merged")
STOPPED = frozenset({"failed", "conflicted", "paused", "closed", "superseded"})
MOVABLE = frozenset({"queued", "failed", "conflicted", "paused"})
STANDING = frozenset({"queued", "draft", "open", "failed", "conflicted", "paused"})
BUILT = frozenset({"draft", "open", "failed", "conflicted", "paused"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Action:
    """A button that asks for a reason; `name` is the last part of its address."""

    name: str
    glyph: str
    word: str
    title: str
    text: str


def steps_of(pull: PullRequest) -> list[dict[str, Any]]:
    """For `ui.steps`; [] where there is no request and none is on its way."""
    if pull.state in ("none", "noop"):
        return []
    words = {"queued": _("Queued"), "draft": _("Draft"), "open": _("Open"), "merged": _("Merged")}
    hints = {
        "queued": _("the bot looks at upstream"),
        "draft": _("until the review"),
        "open": _("on approval"),
        "merged": _("by upstream"),
    }
    at = reached(pull)
    found = []
    for number, name in enumerate(WAY):
        state = "done" if number < at else ""
        if number == at:
            state = "wrong" if pull.state in STOPPED else "done" if name == "merged" else "now"
        found.append({"word": words[name], "hint": hints[name], "state": state})
    return found


def reached(pull: PullRequest) -> int:
    """How far along WAY it stands."""
    if pull.state in WAY:
        return WAY.index(pull.state)
    if not pull.number and not pull.head_sha:
        return 0
    return WAY.index("draft") if pull.draft else WAY.index("open")


def actions_of(pull: PullRequest, *, branch: BranchContent | None = None, manages: bool = False) -> list[Action]:
    """What makes sense in this state; `branch` holds what people committed to it, if anything."""
    found = [_take_over()] if branch is not None and branch.document and manages else []
    if pull.state in MOVABLE:
        found.append(_retry())
    if pull.state in BUILT:
        found.append(_rebuild(overwrites=branch is not None and bool(branch.commits)))
    if pull.state == "closed" and pull.reason == CLOSED_UPSTREAM:
        found.append(_reopen())
    return found


def _take_over() -> Action:
    return Action(
        name="take-over",
        glyph="download",
        word=_("Take over as a revision"),
        title=_("Take over what the branch holds?"),
        text=_(
            "The model as the branch has it becomes a revision of yours that names its author, and the request "
            "is made anew with it."
        ),
    )


def _retry() -> Action:
    return Action(
        name="retry",
        glyph="sync",
        word=_("Try again"),
        title=_("Try the pull request again?"),
        text=_("The bot looks at upstream now instead of at its next try."),
    )


def _rebuild(*, overwrites: bool) -> Action:
    text = _("The branch is made anew as one commit on today's main, over other people's commits on it too.")
    if overwrites:
        text = _("The branch is made anew from the hub's revision; the commits found there are overwritten.")
    return Action(
        name="rebuild",
        glyph="git-commit",
        word=_("Rebuild on main"),
        title=_("Rebuild the pull request?"),
        text=text,
    )


def _reopen() -> Action:
    return Action(
        name="reopen",
        glyph="git-pull-request",
        word=_("Reopen"),
        title=_("Reopen the pull request?"),
        text=_("Upstream closed it. Say why it should be looked at again."),
    )
