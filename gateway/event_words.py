"""How each event reads in a timeline: a state's look and a sentence."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from flask_babel import lazy_gettext as _l
from flask_babel.speaklater import LazyString


@dataclass(frozen=True, slots=True)
class EventWords:
    """`axis` and `state` name a look of gateway/states.py; `words` may hold %(revision)s."""

    axis: str
    state: str
    words: LazyString | str


EVENTS: dict[str, EventWords] = {
    "RevisionDrafted": EventWords("revision", "draft", _l("Revision %(revision)s saved as a draft")),
    "ModelSubmitted": EventWords("revision", "submitted", _l("Revision %(revision)s submitted for review")),
    "ModelUpdated": EventWords("revision", "submitted", _l("Revision %(revision)s submitted for review")),
    "RevisionWithdrawn": EventWords("revision", "withdrawn", _l("Revision %(revision)s withdrawn")),
    "ModelPublished": EventWords("model", "published", _l("Revision %(revision)s published")),
    "RevisionRejected": EventWords("review", "rejected", _l("Revision %(revision)s waits no longer")),
    "PublicationSkipped": EventWords("check", "warning", _l("Approval of revision %(revision)s published nothing")),
    "ModelImported": EventWords("revision", "imported", _l("Revision %(revision)s imported from upstream")),
    "SeenUpstream": EventWords("mark", "served", _l("Upstream holds revision %(revision)s")),
    "RemovedUpstream": EventWords("check", "warning", _l("Removed upstream")),
    "ImportBlocked": EventWords("check", "warning", _l("Import from upstream blocked: the name is taken here")),
    "MergeConflicted": EventWords("pull_request", "conflicted", _l("Revision %(revision)s conflicts with upstream")),
    "VisibilityNarrowed": EventWords("visibility", "private", _l("Visibility narrowed")),
    "GroupsChanged": EventWords("visibility", "enterprise", _l("Groups changed")),
    "OwnersChanged": EventWords("visibility", "enterprise", _l("Owners changed")),
    "FeaturedChanged": EventWords("mark", "featured", _l("Featured shelf changed")),
    "ModelDeprecated": EventWords("model", "deprecated", _l("Deprecated")),
    "ModelArchived": EventWords("model", "archived", _l("Archived")),
    "ModelRestored": EventWords("model", "published", _l("Restored")),
    "ModelQuarantined": EventWords("model", "quarantined", _l("Quarantined")),
    "QuarantineLifted": EventWords("model", "published", _l("Quarantine lifted")),
    "ReviewRequested": EventWords("review", "pending", _l("Review of revision %(revision)s requested")),
    "Approved": EventWords("review", "approved", _l("Revision %(revision)s approved")),
    "Rejected": EventWords("review", "rejected", _l("Revision %(revision)s rejected")),
    "ReviewSuperseded": EventWords("review", "superseded", _l("Review of revision %(revision)s superseded")),
    "ReviewWithdrawn": EventWords("review", "withdrawn", _l("Review of revision %(revision)s withdrawn")),
    "ReviewCommented": EventWords("check", "info", _l("Comment on revision %(revision)s")),
    "ReviewClaimed": EventWords("review", "pending", _l("Review of revision %(revision)s claimed")),
    "PullRequestQueued": EventWords("pull_request", "queued", _l("Pull request queued for revision %(revision)s")),
    "PullRequestOpened": EventWords("pull_request", "draft", _l("Pull request opened for revision %(revision)s")),
    "PullRequestUpdated": EventWords("pull_request", "draft", _l("Pull request updated to revision %(revision)s")),
    "PullRequestReady": EventWords("pull_request", "open", _l("Pull request marked ready")),
    "PullRequestSkipped": EventWords("pull_request", "noop", _l("No pull request needed")),
    "PullRequestMerged": EventWords("pull_request", "merged", _l("Pull request merged")),
    "PullRequestClosed": EventWords("pull_request", "closed", _l("Pull request closed")),
    "PullRequestReopened": EventWords("pull_request", "open", _l("Pull request reopened")),
    "PullRequestFailed": EventWords("pull_request", "failed", _l("Pull request failed")),
    "PullRequestPaused": EventWords("pull_request", "paused", _l("Pull request paused")),
    "PullRequestChecked": EventWords("check", "info", _l("Upstream's checks reported")),
    "PullRequestRemarked": EventWords("check", "info", _l("Comment on the pull request")),
    "ReleasedUpstream": EventWords("pull_request", "merged", _l("In a release of upstream's")),
    "PullRequestsControlled": EventWords(
        "pull_request", "paused", _l("Pull requests paused, resumed, capped or batched")
    ),
    "UpstreamChanged": EventWords("revision", "imported", _l("Upstream changed")),
}
# What happens to accounts, tokens and groups: no model's timeline has it, the audit does.
ACCOUNT_EVENTS: dict[str, EventWords] = {
    "UserRegistered": EventWords("account", "active", _l("Account made")),
    "UserDisabled": EventWords("account", "disabled", _l("Account disabled")),
    "UserEnabled": EventWords("account", "active", _l("Account enabled")),
    "UserErased": EventWords("account", "disabled", _l("Account erased")),
    "RoleRequested": EventWords("check", "info", _l("Role asked for")),
    "RoleGranted": EventWords("check", "ok", _l("Role granted")),
    "RoleRevoked": EventWords("check", "warning", _l("Role taken away")),
    "SignedIn": EventWords("check", "info", _l("Signed in")),
    "SignInFailed": EventWords("check", "warning", _l("Sign-in failed")),
    "GroupChanged": EventWords("visibility", "enterprise", _l("Group changed")),
    "TokenIssued": EventWords("check", "info", _l("API token made")),
    "TokenRevoked": EventWords("check", "info", _l("API token revoked")),
    "GitHubTokenChanged": EventWords("check", "info", _l("GitHub token changed")),
}


def words_of(what: str, revision: int) -> EventWords:
    """The words of an event; one that is not known shows its own name."""
    known = EVENTS.get(what) or ACCOUNT_EVENTS.get(what)
    if known is None:
        return EventWords("check", "info", what)
    return EventWords(known.axis, known.state, str(known.words) % {"revision": revision or "–"})


def kinds() -> list[tuple[str, str]]:
    """Every event by name, with its words for all revisions; by words. What reads the same has its name beside it."""
    said = {name: str(each.words) % {"revision": "…"} for name, each in {**EVENTS, **ACCOUNT_EVENTS}.items()}
    often = Counter(said.values())
    options = [(name, f"{words} ({name})" if often[words] > 1 else words) for name, words in said.items()]
    return sorted(options, key=lambda option: option[1])
