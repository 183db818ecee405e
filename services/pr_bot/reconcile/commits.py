"""The bot's commits: made the same for the same base and revision, and told from everybody else's."""

from __future__ import annotations

import re

from services.pr_bot import rules
from services.pr_bot.upstream import Commit, CommitText, Upstream
from services.pr_bot.upstream.catalogue import FileChange
from shared import document, upstream_layout
from shared.contracts.common import system_caller
from shared.contracts.identity import Identity, PeopleQuery
from shared.contracts.registry import DesiredState

# Fixed for ever: a commit is the bot's own if building it again as this author gives its SHA.
AUTHOR = "models-hub[bot]"
EMAIL = "models-hub-bot@users.noreply.models-hub.invalid"
NO_REPLY = "users.noreply.models-hub.invalid"
UPSTREAM = "upstream"

_TRAILER = re.compile(r"^Hub-Revision: \S+$", re.MULTILINE)
_DEPTH = 20  # more commits than this on a branch are not the work of one automatic job


class Commits:
    """Builds the commit that a request carries."""

    def __init__(self, upstream: Upstream, identity: Identity) -> None:
        self._upstream = upstream
        self._identity = identity

    def build(self, base: str, change: FileChange, desired: DesiredState, *, is_new: bool) -> str:
        """The SHA of one commit on `base` that makes `change`."""
        removal = desired.wanted == "removed"
        newest = document.newest_updated_at(desired.document) if desired.document else None
        text = CommitText(
            author=AUTHOR,
            email=EMAIL,
            date_s=rules.date_of(newest, base_date_s=self._upstream.commit(base).date_s),
            message=self._message(desired, removal=removal, is_new=is_new),
        )
        return self._upstream.build(base, {change.path: change.after}, text)

    def public_name(self, person: str) -> str:
        """Empty for nobody and for a person who was erased."""
        if not person or person == UPSTREAM:
            return person
        found = self._identity.people(PeopleQuery(ids=[person]), system_caller("pr_bot")).items
        return (found[0].display_name or found[0].login) if found else ""

    def stranger_on(self, head: str | None, *, base: str) -> str | None:
        """Why the branch must be left alone: the newest commit that neither the bot nor upstream's machine wrote."""
        if head is None or head == base:
            return None
        commit = self._upstream.commit(head)
        for _ in range(_DEPTH):
            if self._is_own(commit):
                return None
            if not self._upstream.is_machine(commit) or len(commit.parents) != 1:
                break
            commit = self._upstream.commit(commit.parents[0])
        who = commit.author.partition(" <")[0]
        return (
            f"{rules.inert(who)} committed {commit.sha[:12]} to the branch; the bot leaves it alone "
            "until somebody asks for a rebuild or removes the commit"
        )

    def _is_own(self, commit: Commit) -> bool:
        if len(commit.parents) != 1 or commit.author != f"{AUTHOR} <{EMAIL}>" or not _TRAILER.search(commit.message):
            return False
        paths = self._upstream.changed(commit.parents[0], commit.sha)
        changes = {path: self._upstream.text(commit.sha, path) for path in paths}
        text = CommitText(author=AUTHOR, email=EMAIL, date_s=commit.date_s, message=commit.message)
        return self._upstream.build(commit.parents[0], changes, text) == commit.sha

    def _message(self, desired: DesiredState, *, removal: bool, is_new: bool) -> str:
        kind = "remove" if removal else "add" if is_new else "update"
        trailers = [f"Hub-Revision: {desired.name.lower()}/{desired.revision}"]
        person = "" if removal or desired.submitter == UPSTREAM else desired.submitter
        if name := self.public_name(person):
            trailers.append(f"Co-authored-by: {_trailer_name(name)} <{person}@{NO_REPLY}>")
        return upstream_layout.commit_message(kind, desired.type, desired.name, trailers)


def _trailer_name(name: str) -> str:
    flat = " ".join(re.sub(r"[<>\x00-\x1f\x7f]", " ", name).split())
    return rules.inert(flat) or "A person"
