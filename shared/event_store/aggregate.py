"""One use case on one stream: load, decide, append, again where another writer was faster.

Doing it twice is doing it once: event ids follow from the command (or the causing event), and
what it has already appended is its answer.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Generic, TypeVar
from uuid import UUID, uuid5

from sqlalchemy import Connection

from shared.errors import HubError
from shared.event_store.interface import (
    Appended,
    EventStore,
    Metadata,
    NewEvent,
    RecordedEvent,
    StreamConflict,
    UnknownEvent,
)
from shared.metrics import note_appended
from shared.telemetry import appending

State = TypeVar("State")
Evolve = Callable[[State, Any], State]

NAMESPACE = UUID("5c0d3b8e-9a55-5d9f-8a53-0f2f6b1c7e14")
ATTEMPTS = 3
# In a caller's transaction, a subscription's: whoever gives up there is taken for one that fails at its event.
ATTEMPTS_INSIDE = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Loaded(Generic[State]):
    """A stream folded; `version` and `position` are 0 where it does not exist."""

    state: State
    version: int
    position: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Executed(Generic[State]):
    """`state` after `events`; `position` is the stream's newest where nothing was decided.

    `repeated`: the command had been carried out before, `events` are what it appended then, `outcome`
    is the state right after them, and `state` is the stream as it is now.
    """

    state: State
    outcome: State
    events: tuple[RecordedEvent, ...]
    position: int
    version: int
    repeated: bool


def event_id_of(causation_id: str, stream: str, index: int, *, reaction: str | None = None) -> str:
    """The id of the `index`-th event (from 0) that a command, or a named reaction to an event, appends to `stream`."""
    if reaction is None:
        return str(uuid5(NAMESPACE, f"{causation_id}/{stream}/{index}"))
    return str(uuid5(UUID(causation_id), f"{reaction}/{stream}/{index}"))


def load(
    store: EventStore,
    stream: str,
    *,
    initial: State,
    evolve: Evolve[State],
    connection: Connection | None = None,
    up_to: int | None = None,
) -> Loaded[State]:
    """The stream folded from `initial`, to version `up_to` or its end; events of unknown types change nothing."""
    loaded = Loaded(state=initial, version=0, position=0)
    return _folded(loaded, store.read_stream(stream, limit=up_to, connection=connection), evolve)


def execute(
    store: EventStore,
    stream: str,
    *,
    initial: State,
    evolve: Evolve[State],
    decide: Callable[[State], Sequence[Any]],
    metadata: Metadata,
    reaction: str | None = None,
    rows: Callable[[Connection], None] | None = None,
    connection: Connection | None = None,
) -> Executed[State]:
    """Appends what `decide` answers for the stream as it is, once for each `metadata.causation_id` and stream.

    `decide` may be called three times (ten with `connection`), then StreamConflict is raised; its
    refusals propagate. `rows` is written with events only. `reaction` names what a policy does where
    `causation_id` is the causing event: two reactions on one stream need two names.
    """
    loaded = partial(load, store, stream, initial=initial, evolve=evolve, connection=connection)
    appended_before = partial(_earlier, store, stream, metadata.causation_id, reaction, connection)
    if earlier := appended_before():
        return _repeated(loaded, earlier)
    attempts = ATTEMPTS if connection is None else ATTEMPTS_INSIDE
    with appending(stream, metadata) as traced:
        for attempt in range(1, attempts + 1):
            before = loaded()
            new, earlier = _decided(
                lambda state: _new_events(stream, decide(state), traced, reaction), before.state, appended_before
            )
            if not new:
                return _repeated(loaded, earlier) if earlier else _executed(before, ())
            append = partial(store.append, stream, expected_version=before.version, events=new, connection=connection)
            appended = _appended(partial(append, rows=rows), is_last=attempt == attempts)
            if appended is None:
                continue
            if appended.repeated:
                return _repeated(loaded, appended.events)
            note_appended(appended.events)
            return _executed(_folded(before, appended.events, evolve), appended.events)
    raise AssertionError("the last attempt returns or raises")


def _appended(append: Callable[[], Appended], *, is_last: bool) -> Appended | None:
    """None where another writer was faster and it is worth trying again."""
    try:
        return append()
    except StreamConflict:
        if is_last:
            raise
        return None


def _decided(
    decide: Callable[[State], list[NewEvent]], state: State, appended_before: Callable[[], tuple[RecordedEvent, ...]]
) -> tuple[list[NewEvent], tuple[RecordedEvent, ...]]:
    """(new events, ()), or ([], what the same command has appended since by another thread: then it is a repeat)."""
    try:
        new = decide(state)
    except HubError:
        if earlier := appended_before():
            return [], earlier
        raise
    return new, () if new else appended_before()


def _new_events(stream: str, decided: Sequence[Any], metadata: Metadata, reaction: str | None) -> list[NewEvent]:
    ids = (event_id_of(metadata.causation_id, stream, index, reaction=reaction) for index in range(len(decided)))
    return [
        NewEvent(event_id=event_id, event=event, metadata=metadata)
        for event_id, event in zip(ids, decided, strict=True)
    ]


def _earlier(
    store: EventStore, stream: str, causation_id: str, reaction: str | None, connection: Connection | None
) -> tuple[RecordedEvent, ...]:
    """What this command, or this reaction, has already appended to the stream; other reactions' events are not its."""
    by_id = {event.event_id: event for event in store.events_of_command(causation_id, connection=connection)}
    ids = (event_id_of(causation_id, stream, index, reaction=reaction) for index in range(len(by_id)))
    return tuple(by_id[event_id] for event_id in ids if event_id in by_id)


def _executed(now: Loaded[State], events: Sequence[RecordedEvent]) -> Executed[State]:
    return Executed(
        state=now.state,
        outcome=now.state,
        events=tuple(events),
        position=now.position,
        version=now.version,
        repeated=False,
    )


def _repeated(loaded: Callable[..., Loaded[State]], events: Sequence[RecordedEvent]) -> Executed[State]:
    last = events[-1]
    return Executed(
        state=loaded().state,
        outcome=loaded(up_to=last.version).state,
        events=tuple(events),
        position=last.position,
        version=last.version,
        repeated=True,
    )


def _folded(loaded: Loaded[State], events: Sequence[RecordedEvent], evolve: Evolve[State]) -> Loaded[State]:
    state, version, position = loaded.state, loaded.version, loaded.position
    for recorded in events:
        if not isinstance(recorded.event, UnknownEvent):
            state = evolve(state, recorded.event)
        version, position = recorded.version, recorded.position
    return Loaded(state=state, version=version, position=position)
