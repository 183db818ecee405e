"""The bot's commits: made the same for the same base and revision, and told from everybody else's."""

from __future__ import annotations

import re
from collections.abc import Sequence
from urllib.parse import quote

from services.pr_bot import rules
from services.pr_bot.reconcile.work import Load
from services.pr_bot.upstream import Commit, CommitText, Upstream
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

    def build(self, upstream: Upstream, base: str, loads: Sequence[Load]) -> str:
        """The SHA of one commit on `base` that makes the changes of all `loads`, in their order."""
        times = [document.newest_updated_at(load.desired.document) for load in loads if load.desired.document]
        newest = max((at for at in times if at is not None), default=None)
        text = CommitText(
            author=AUTHOR,
            email=EMAIL,
            date_s=rules.date_of(newest, base_date_s=0) or upstream.commit(base).date_s,
            message=self._message(loads[0]) if len(loads) == 1 else self._batch_message(loads),
        )
        return upstream.build(base, {load.change.path: load.change.after for load in loads}, text)

    def login(self, person: str) -> str:
        """What the person signs in with; an erased one's opaque id."""
        found = self._person(person)
        return found.login if found and found.login else person

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

    def _message(self, load: Load) -> str:
        desired = load.desired
        trailers = [_revision(desired)]
        person = None if load.is_removal else self._person(desired.submitter)
        if person is not None:
            trailers.append(_credit(person))
        return upstream_layout.commit_message(
            "remove" if load.is_removal else "update",
            type=desired.type,
            name=rules.inert(desired.name),
            login=rules.inert(person.login) if person else None,
            trailers=trailers,
        )

    def _batch_message(self, loads: Sequence[Load]) -> str:
        """Each revision has its trailer, and each submitter one."""
        people = {load.desired.submitter: self._person(load.desired.submitter) for load in loads}
        models = [
            (load.desired.type, rules.inert(load.desired.name), rules.inert(person.login) if person else None)
            for load in loads
            for person in [people[load.desired.submitter]]
        ]
        credits = dict.fromkeys(_credit(person) for person in people.values() if person is not None)
        return upstream_layout.batch_message(models, trailers=[*(_revision(load.desired) for load in loads), *credits])

    def _person(self, person: str) -> PersonName | None:
        if not person or person == UPSTREAM:
            return None
        found = self._identity.people(PeopleQuery(ids=[person]), system_caller("pr_bot")).items
        return found[0] if found else None


def _revision(desired: DesiredState) -> tuple[str, str]:
    return "Hub-Revision", f"{quote(desired.name.lower(), safe='')}/{desired.revision}"


def _credit(person: PersonName) -> tuple[str, str]:
    return "Co-authored-by", f"{_trailer_name(person.display_name or person.login)} <{person.id}@{NO_REPLY}>"


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
