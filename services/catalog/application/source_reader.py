"""A source's subscription as the composition root sees it, whichever generation is served."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from services.catalog.application.generation import SUBSCRIBER
from services.catalog.application.generations import Generations
from shared.cursors import Parked
from shared.event_store.interface import RecordedEvent
from shared.messages import Message
from shared.subscription import Subscription, SubscriptionStatus
from shared.turns import Turns


class SourceReader:
    """Has the methods of `Subscription`; `Generations` itself starts and stops the threads."""

    def __init__(self, generations: Generations, source: str) -> None:
        self._generations = generations
        self.name = SUBSCRIBER
        self.source = source

    @property
    def generation(self) -> int:
        return self._generations.served.number

    def start(self) -> None:
        """Nothing: a generation's subscriptions live and end with it."""

    def stop(self) -> None:
        """Nothing, as `start`."""

    def wake(self) -> None:
        self._served.wake()

    def deliver(self, messages: Sequence[Message]) -> None:
        if self._generations.is_ready:
            self._served.deliver(messages)

    def take_turns(self, turns: Turns, *, first: bool) -> None:
        self._generations.take_turns(turns, first=first)

    def on_applied(self, callback: Callable[[Sequence[RecordedEvent]], None]) -> None:
        """Also for what other replicas apply, without the events then; whichever generation is served."""
        self._generations.on_applied(self.source, callback)

    def catch_up(self) -> int:
        return self._served.catch_up()

    def position(self) -> int:
        """What reads of this process show, whichever replica applied it."""
        return self._generations.served.position(self.source)

    def wait_for(self, position: int, timeout_s: float) -> bool:
        return self._generations.reached({self.source: position}, timeout_s)

    def parked(self) -> list[Parked]:
        return self._served.parked()

    def status(self) -> SubscriptionStatus:
        status = self._served.status()
        position = max(status.position, self.position())
        head = max(status.head, position)
        return replace(status, position=position, head=head, lag=head - position)

    def retry(self, parked_id: int) -> bool:
        return self._served.retry(parked_id)

    @property
    def _served(self) -> Subscription:
        return self._generations.served.subscriptions[self.source]
