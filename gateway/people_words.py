"""Words of accounts: roles, scopes of API tokens, and what each notification says."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_babel.speaklater import LazyString

from gateway.event_words import words_of
from shared.contracts.identity import Notification

ROLES: Mapping[str, LazyString] = {
    "user": _l("User"),
    "maintainer": _l("Maintainer"),
    "reviewer": _l("Reviewer"),
    "operator": _l("Operator"),
}
SCOPES: Mapping[str, LazyString] = {
    "read": _l("Read: lists, models, the client feed with your own private models"),
    "write": _l("Write: all that your roles allow, but for operators' acts"),
    "admin": _l("Admin: operators' acts too"),
}
SHORT_SCOPES: Mapping[str, LazyString] = {"read": _l("Read"), "write": _l("Write"), "admin": _l("Admin")}

NOTIFIED: Mapping[str, LazyString] = {
    "OwnersChanged": _l("%(model)s was shared with you."),
    "ModelPublished": _l("%(model)s: revision %(revision)s is published."),
    "PublicationSkipped": _l("%(model)s: revision %(revision)s was approved, but not published."),
    "MergeConflicted": _l("%(model)s: upstream changed the same places as your revision."),
    "ModelQuarantined": _l("%(model)s was quarantined."),
    "ImportBlocked": _l("%(model)s: upstream has a model of this name, and it is taken here."),
    "RemovedUpstream": _l("%(model)s was removed upstream."),
    "ReviewRequested": _l("%(model)s: revision %(revision)s waits for a review."),
    "Rejected": _l("%(model)s: revision %(revision)s was rejected."),
    "Approved": _l("%(model)s: revision %(revision)s was approved."),
    "ReviewCommented": _l("%(model)s: there is a comment on revision %(revision)s."),
    "PullRequestMerged": _l("%(model)s: the pull request was merged."),
    "PullRequestClosed": _l("%(model)s: the pull request was closed."),
    "PullRequestPaused": _l("%(model)s: the pull request waits for a person."),
    "RoleRequested": _l("%(model)s asks for a role."),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """A notification as a person reads it; `quote` is what somebody wrote."""

    axis: str
    state: str
    sentence: str
    quote: str


def role_word(role: str) -> str:
    return str(ROLES.get(role, role))


def told(notification: Notification) -> Told:
    """The sentence of a notification; a kind without one says the event's own words."""
    look = words_of(notification.kind, notification.revision)
    if notification.kind == "RoleGranted":
        role = role_word(notification.text)
        return Told(axis="check", state="ok", sentence=_("You have the role %(role)s now.", role=role), quote="")
    known = NOTIFIED.get(notification.kind)
    values = {"model": notification.model_name, "revision": notification.revision or "–"}
    sentence = str(known) % values if known else f"{notification.model_name}: {look.words}"
    return Told(axis=look.axis, state=look.state, sentence=sentence, quote=notification.text)
