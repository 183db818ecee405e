"""Which recorded events other programs may read: told from the event's own stream, as it was then."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Generic, TypeVar

from shared.event_store.aggregate import load
from shared.event_store.interface import EventStore, RecordedEvent, UnknownEvent

State = TypeVar("State")


class Publicity(Generic[State]):
    """`is_public` of a service whose streams tell it: `evolve` folds a stream, `tells` judges (state after, event).

    For one thread, that of the relay's leader. It keeps each stream's state, so that a log read in
    order is folded once; what is asked out of order is folded from the store.
    """

    def __init__(
        self,
        store: EventStore,
        *,
        initial: State,
        evolve: Callable[[State, Any], State],
        tells: Callable[[State, Any], bool],
    ) -> None:
        self._store = store
        self._initial = initial
        self._evolve = evolve
        self._tells = tells
        self._streams: dict[str, tuple[int, State]] = {}

    def __call__(self, recorded: RecordedEvent) -> bool:
        """Whether other programs may read `recorded`; what this program does not know they may not."""
        version, state = self._streams.get(recorded.stream, (0, self._initial))
        if isinstance(recorded.event, UnknownEvent):
            return False
        if recorded.version == version + 1:
            state = self._evolve(state, recorded.event)
        else:
            state = load(
                self._store, recorded.stream, initial=self._initial, evolve=self._evolve, up_to=recorded.version
            ).state
        self._streams[recorded.stream] = (recorded.version, state)
        return self._tells(state, recorded.event)
