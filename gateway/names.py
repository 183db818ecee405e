"""Names of people for pages and answers: catalog knows opaque ids, identity knows who they are."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Iterable, Mapping

from flask import g

from gateway.clients import calls
from shared.contracts.common import system_caller
from shared.contracts.identity import PeopleQuery, PersonName
from shared.errors import Invalid

KNOWN_AS = {
    "upstream": PersonName(id="upstream", login="upstream", display_name="Upstream"),
    "anonymous": PersonName(id="anonymous", login="anonymous", display_name="A visitor"),
}
PROGRAMS = frozenset({"registry", "review", "identity", "pr_bot", "catalog", "gateway", "console", "import"})
CACHED_S = 5.0


class _Cache:
    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.known: dict[str, tuple[float, PersonName]] = {}


_CACHE = _Cache()


def people(ids: Iterable[str]) -> Mapping[str, PersonName]:
    """A name for every id; erased and unknown people are `unknown`, services go by their own name."""
    wanted = {person for person in ids if person}
    now = time.monotonic()
    found: dict[str, PersonName] = {}
    for person in wanted:
        if person.startswith("system:"):
            found[person] = PersonName(id=person, login=person.removeprefix("system:"), display_name="Models Hub")
        elif person in KNOWN_AS:
            found[person] = KNOWN_AS[person]
        else:
            cached = _CACHE.known.get(person)
            if cached and cached[0] > now:
                found[person] = cached[1]
    if missing := sorted(wanted - found.keys()):
        found |= _asked(missing, now)
    return found


def _asked(ids: list[str], now: float) -> dict[str, PersonName]:
    gateway = system_caller("gateway", correlation_id=g.get("correlation_id", ""))
    answer = {item.id: item for item in calls().identity.people(PeopleQuery(ids=ids), gateway).items}
    for person in ids:
        answer.setdefault(person, PersonName(id=person, login="unknown", display_name="unknown"))
    with _CACHE.lock:
        if len(_CACHE.known) > 10_000:
            _CACHE.known.clear()
        _CACHE.known.update({person: (now + CACHED_S, answer[person]) for person in ids})
    return answer


def login_of(person: str) -> str:
    """The login behind an id, empty for an empty id."""
    return people([person])[person].login if person else ""


def actor_id(actor: str) -> str:
    """The id that logs hold for an actor as answers name it: a login, a program of the hub, `upstream`; or an id."""
    if not actor or actor in KNOWN_AS or actor.startswith("system:") or re.fullmatch(r"[0-9a-f]{32}", actor):
        return actor
    if actor in PROGRAMS:
        return f"system:{actor}"
    found = _ids_by_login([actor]).get(actor.lower())
    if found is None:
        problem = {"path": "/actor", "message": f"There is no account {actor[:80]}; check the spelling."}
        raise Invalid(f"actor: {problem['message']}", details={"errors": [problem]})
    return found


def submitter_id(login: str) -> str:
    """The id behind a login of an address, which never fails: who is not known has submitted nothing."""
    if not login or login in KNOWN_AS:
        return login
    return _ids_by_login([login]).get(login.lower(), f"unknown:{login}")


def about(subject: str) -> str:
    """Whom or what identity's lines are about: a login, a group; empty for a model's, which has its name beside it."""
    if subject.startswith("user-"):
        return login_of(subject.removeprefix("user-"))
    return subject if subject.startswith("group-") else ""


def ids_of(logins: list[str], *, field: str) -> list[str]:
    """Ids of people by login; raises Invalid naming those that do not exist, at `/field/<index>`."""
    if not logins:
        return []
    found = _ids_by_login(logins)
    unknown = [
        {"path": f"/{field}/{index}", "message": f"There is no account {login}; check the spelling."}
        for index, login in enumerate(logins)
        if login.lower() not in found
    ]
    if unknown:
        raise Invalid(f"{field}: {unknown[0]['message']}", details={"errors": unknown})
    return [found[login.lower()] for login in logins]


def _ids_by_login(logins: list[str]) -> Mapping[str, str]:
    gateway = system_caller("gateway", correlation_id=g.get("correlation_id", ""))
    return {item.login.lower(): item.id for item in calls().identity.people(PeopleQuery(logins=logins), gateway).items}
