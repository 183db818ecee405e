"""Two events and their log, for tests of the mechanisms."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

from shared.event_store.interface import Metadata, NewEvent
from shared.event_store.serialization import EventTypes


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    text: str
    amount: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Noted:
    """Somebody wrote something down."""

    text: str
    lines: tuple[Line, ...] = ()
    tags: tuple[str, ...] = ()
    level: int = 0
    author: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Struck:
    reason: str


TYPES = EventTypes(
    {"hub.sample.Noted.v2": Noted, "hub.sample.Struck.v1": Struck},
    {"hub.sample.Noted.v1": lambda data: ("hub.sample.Noted.v2", {"text": data["note"]})},
)


def metadata(causation_id: str | None = None) -> Metadata:
    cause = causation_id or str(uuid4())
    return Metadata(correlation_id="correlation", causation_id=cause, actor="system:tests", traceparent="00-a-b-01")


def new(event: Any, *, event_id: str | None = None, causation_id: str | None = None) -> NewEvent:
    return NewEvent(event_id=event_id or str(uuid4()), event=event, metadata=metadata(causation_id))


def notes(*texts: str) -> Sequence[NewEvent]:
    return [new(Noted(text=text)) for text in texts]
