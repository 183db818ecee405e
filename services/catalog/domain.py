"""Who may see what, and what a model's owner should do next. Pure."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

PUBLIC, ENTERPRISE, PRIVATE = "public", "enterprise", "private"

PULL_REQUEST_NEEDS_A_PERSON = frozenset({"failed", "conflicted", "paused", "closed"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Viewer:
    """Who reads. `user_id` is empty for an anonymous reader; `roles` are effective ones, `groups` opaque ids."""

    user_id: str = ""
    roles: frozenset[str] = frozenset()
    groups: frozenset[str] = frozenset()

    @property
    def is_operator(self) -> bool:
        return "operator" in self.roles

    @property
    def is_reviewer(self) -> bool:
        return "reviewer" in self.roles

    @property
    def signed_in(self) -> bool:
        return bool(self.user_id)


ANYONE = Viewer()


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """What decides over a model's visibility.

    `audience` is the visibility in force: that of the published revision, `private` while nothing
    is published or the model is quarantined.
    """

    audience: str
    owners: Collection[str] = ()
    groups: Collection[str] = ()
    ever_submitted: bool = False


def manages(access: Access, viewer: Viewer) -> bool:
    """Owners, those it is shared with, and operators: they see every revision, drafts too."""
    return viewer.is_operator or (viewer.signed_in and viewer.user_id in access.owners)


def reviews(access: Access, viewer: Viewer) -> bool:
    """Reviewers see whatever was once submitted."""
    return viewer.is_reviewer and access.ever_submitted


def belongs(access: Access, viewer: Viewer) -> bool:
    """Whether the model is open to the viewer as to everyone, or to a group the viewer is in."""
    if access.audience == PUBLIC:
        return True
    return access.audience == ENTERPRISE and not viewer.groups.isdisjoint(access.groups)


def may_see(access: Access, viewer: Viewer) -> bool:
    """Whether the model's existence may be shown."""
    return manages(access, viewer) or reviews(access, viewer) or belongs(access, viewer)


def may_see_revision(access: Access, viewer: Viewer, *, audience: str, submitted: bool) -> bool:
    """Whether one revision may be shown to who may see the model.

    `audience` is whom the revision itself was opened to by its publication (or, for a pending one,
    by that of a revision before it), empty for nobody: earlier private ones stay private.
    """
    if manages(access, viewer) or (reviews(access, viewer) and submitted):
        return True
    if not belongs(access, viewer):
        return False
    if audience == PUBLIC:
        return True
    return audience == ENTERPRISE and not viewer.groups.isdisjoint(access.groups)


def next_step(*, model_state: str, latest_state: str, pull_request_state: str, conflicted: bool) -> str:
    """A slug: merge, restore, submit, wait-review, revise, pull-request or none."""
    if conflicted:
        return "merge"
    if model_state == "archived":
        return "restore"
    by_revision = {"draft": "submit", "rejected": "revise", "withdrawn": "revise"}
    if step := by_revision.get(latest_state):
        return step
    if pull_request_state in PULL_REQUEST_NEEDS_A_PERSON:
        return "pull-request"
    return "wait-review" if latest_state == "submitted" else "none"
