"""Answers as the API gives them: logins instead of opaque ids, and the stale mark as a header."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import fields, is_dataclass, replace
from functools import cache
from typing import Any, TypeVar, cast, get_args, get_type_hints

from flask import g

from gateway.names import people
from shared.contracts.identity import PersonName

Message = TypeVar("Message")
PERSON_FIELDS = frozenset({"submitter", "actor", "author", "reviewer", "claimed_by"})
PEOPLE_FIELDS = frozenset({"maintainers", "owners"})


def named(message: Message) -> Message:
    """The message with logins where catalog has ids; notes `stale` for the response's header."""
    if getattr(message, "stale", False):
        g.hub_stale = True
    if not names_people(cast(type, type(message))):
        return message
    names = people(_ids(message))
    return cast(Message, _renamed(message, names))


@cache
def names_people(message: type) -> bool:
    """Whether a message of this class can hold an id to be named, in itself or in what it holds."""
    hints = get_type_hints(message)
    return any(
        name in PERSON_FIELDS | PEOPLE_FIELDS or any(names_people(inner) for inner in _messages_in(hint))
        for name, hint in hints.items()
    )


def _messages_in(hint: Any) -> Iterator[type]:
    if isinstance(hint, type) and is_dataclass(hint):
        yield hint
    for inner in get_args(hint):
        yield from _messages_in(inner)


def _ids(value: Any) -> Iterator[str]:
    if is_dataclass(value) and not isinstance(value, type):
        for item in fields(value):
            inner = getattr(value, item.name)
            if item.name in PERSON_FIELDS:
                yield inner
            elif item.name in PEOPLE_FIELDS:
                yield from inner
            else:
                yield from _ids(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _ids(inner)


def _renamed(value: Any, names: Mapping[str, PersonName]) -> Any:
    if is_dataclass(value) and not isinstance(value, type):
        changed = {item.name: _field(item.name, getattr(value, item.name), names) for item in fields(value)}
        return replace(value, **changed)
    if isinstance(value, list):
        return [_renamed(inner, names) for inner in value]
    return value


def _field(name: str, value: Any, names: Mapping[str, PersonName]) -> Any:
    if name in PERSON_FIELDS:
        return names[value].login if value else value
    if name in PEOPLE_FIELDS:
        return [names[person].login for person in value]
    return _renamed(value, names)
