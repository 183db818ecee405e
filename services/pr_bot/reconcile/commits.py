"""The bot's commits: made the same for the same base and revision, and told from everybody else's."""

from __future__ import annotations

import re
from urllib.parse import quote

from services.pr_bot import rules
from services.pr_bot.upstream import Commit, CommitText, Upstream
from services.pr_bot.upstream.catalogue import FileChange
from shared import document, upstream_layout
from shared.contracts.common import system_caller
from shared.contracts.identity import Identity, PeopleQuery, PersonName
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

    def __init__(self, identity: Identity) -> None:
        self._identity = identity

    def build(self, upstream: Upstream, base: str, change: FileChange, desired: DesiredState) -> str:
        """The SHA of one commit on `base` that makes `change`."""
        removal = desired.wanted == "removed"
        newest = document.newest_updated_at(desired.document) if desired.document else None
        text = CommitText(
            author=AUTHOR,
            email=EMAIL,
            date_s=rules.date_of(newest, base_date_s=0) or upstream.commit(base).date_s,
            message=self._message(desired, removal=removal),
        )
        return upstream.build(base, {change.path: change.after}, text)

    def public_name(self, person: str) -> str:
        """What the submitter is called; a person who was erased has no name."""
        found = self._person(person)
        return (found.display_name or found.login) if found else person if person == UPSTREAM else "somebody"

    def stranger_on(self, upstream: Upstream, head: str | None, *, base: str) -> str | None:
        """Why the branch must be left alone: the newest commit that neither the bot nor upstream's machine wrote."""
        if head is None or head == base:
            return None
        commit = upstream.commit(head)
        for _ in range(_DEPTH):
            if is_own(upstream, commit):
                return None
            if not upstream.is_machine(commit) or len(commit.parents) != 1:
                break
            commit = upstream.commit(commit.parents[0])
        who = commit.author.partition(" <")[0]
        return (
            f"{rules.inert(who)} committed {commit.sha[:12]} to the branch; the bot leaves it alone "
            "until somebody asks for a rebuild or removes the commit"
        )

    def _message(self, desired: DesiredState, *, removal: bool) -> str:
        trailers = [("Hub-Revision", f"{quote(desired.name.lower(), safe='')}/{desired.revision}")]
        person = None if removal else self._person(desired.submitter)
        if person is not None:
            name = _trailer_name(person.display_name or person.login)
            trailers.append(("Co-authored-by", f"{name} <{person.id}@{NO_REPLY}>"))
        return upstream_layout.commit_message(
            "remove" if removal else "update",
            type=desired.type,
            name=rules.inert(desired.name),
            login=rules.inert(person.login) if person else None,
            trailers=trailers,
        )

    def _person(self, person: str) -> PersonName | None:
        if not person or person == UPSTREAM:
            return None
        found = self._identity.people(PeopleQuery(ids=[person]), system_caller("pr_bot")).items
        return found[0] if found else None


def _trailer_name(name: str) -> str:
    flat = " ".join(re.sub(r"[<>\x00-\x1f\x7f]", " ", name).split())
    return rules.inert(flat) or "A person"


def is_own(upstream: Upstream, commit: Commit) -> bool:
    """Whether the bot made it: built again, it has the same name."""
    if len(commit.parents) != 1 or commit.author != f"{AUTHOR} <{EMAIL}>" or not _TRAILER.search(commit.message):
        return False
    paths = upstream.changed(commit.parents[0], commit.sha)
    changes = {path: upstream.text(commit.sha, path) for path in paths}
    text = CommitText(author=AUTHOR, email=EMAIL, date_s=commit.date_s, message=commit.message)
    return upstream.build(commit.parents[0], changes, text) == commit.sha
