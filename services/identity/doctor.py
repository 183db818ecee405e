"""Whether each event of identity has its subject, and its rows are where the events led."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, select

from services.identity.projection import GITHUB_CONSENTS, GITHUB_TOKENS, GROUPS, MEMBERS, PEOPLE, TOKENS
from shared.database import Database
from shared.doctor import Check, History, differences, histories, parked_check
from shared.event_store.interface import EventStore
from shared.events import identity as facts

ADVICE = "stop the hub and restore a backup"


@dataclass(kw_only=True)
class _Subject:
    """A person or a group as its events say."""

    version: int
    roles: set[str] = field(default_factory=set)
    disabled: bool = False
    tokens: set[str] = field(default_factory=set)
    github: bool = False
    consents: bool = False
    members: set[str] = field(default_factory=set)
    erased: bool = False

    def apply(self, event: Any) -> None:
        match event:
            case facts.UserRegistered():
                self.roles |= set(event.roles)
            case facts.RoleGranted():
                self.roles.add(event.role)
            case facts.RoleRevoked():
                self.roles.discard(event.role)
            case facts.UserDisabled() | facts.UserEnabled():
                self.disabled = isinstance(event, facts.UserDisabled)
            case facts.TokenIssued():
                self.tokens.add(event.token_id)
            case facts.TokenRevoked():
                self.tokens.discard(event.token_id)
            case facts.GitHubTokenChanged():
                self.github, self.consents = event.present, event.default_allowed
            case facts.GroupChanged():
                self.members = self.members - set(event.removed) | set(event.added)
            case facts.UserErased():
                self.erased = True

    def as_person(self) -> tuple[Any, ...]:
        return (self.version, sorted(self.roles), self.disabled, sorted(self.tokens), self.github, self.consents)

    def as_group(self) -> tuple[Any, ...]:
        return (self.version, sorted(self.members))


def examine(database: Database, store: EventStore) -> list[Check]:
    """Every stream's person or group is there and as its events say, in one snapshot."""
    faults: list[str] = []
    people: dict[str, Any] = {}
    groups: dict[str, Any] = {}
    erased: set[str] = set()
    events = streams = 0
    with database.read() as connection:
        for history in histories(store, connection):
            streams, events = streams + 1, events + len(history.events)
            faults += history.faults
            kind, _, key = history.stream.partition("-")
            subject = _folded(history)
            if subject.erased:
                erased.add(key)
            elif kind == "user":
                people[key] = subject.as_person()
            else:
                groups[key] = subject.as_group()
        found_people, found_groups = _people(connection), _groups(connection)
        parked = parked_check("identity", connection)
    for person in erased:
        found_people.pop(person, None)
    return [
        Check(subject=f"identity: {events} events in {streams} streams read back", differs=faults),
        Check(
            subject=f"identity: {len(people)} people are there, as their events say",
            differs=differences(people, found_people, what="person", advice=ADVICE),
        ),
        Check(
            subject=f"identity: {len(groups)} groups are there, as their events say",
            differs=differences(groups, found_groups, what="group", advice=ADVICE),
        ),
        parked,
    ]


def _folded(history: History) -> _Subject:
    subject = _Subject(version=len(history.events))
    for recorded in history.events:
        subject.apply(recorded.event)
    return subject


def _people(connection: Connection) -> dict[str, Any]:
    tokens: dict[str, list[str]] = {}
    for token in connection.execute(select(TOKENS.c.id, TOKENS.c.person)):
        tokens.setdefault(token.person, []).append(token.id)
    sealed = set(connection.scalars(select(GITHUB_TOKENS.c.person)))
    consenting = set(connection.scalars(select(GITHUB_CONSENTS.c.person)))
    query = select(PEOPLE.c.id, PEOPLE.c.version, PEOPLE.c.roles, PEOPLE.c.disabled)
    return {
        row.id: (
            row.version,
            sorted(row.roles.split(",")),
            bool(row.disabled),
            sorted(tokens.get(row.id, [])),
            row.id in sealed,
            row.id in consenting,
        )
        for row in connection.execute(query)
    }


def _groups(connection: Connection) -> dict[str, Any]:
    members: dict[str, list[str]] = {}
    for row in connection.execute(select(MEMBERS)):
        members.setdefault(row.group_id, []).append(row.person)
    rows = connection.execute(select(GROUPS.c.id, GROUPS.c.version))
    return {row.id: (row.version, sorted(members.get(row.id, []))) for row in rows}
