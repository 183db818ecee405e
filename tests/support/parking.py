"""A stream that cannot be applied, for as long as a test wants it so."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Connection

from shared.event_store.interface import RecordedEvent
from shared.events.registry import ModelSubmitted
from tests.support.running import TestHub


@contextmanager
def poisoned(hub: TestHub, name: str) -> Iterator[None]:
    """While it lasts, catalog's handler of submissions raises for one model."""
    handlers = hub.hub.services["catalog"].subscriptions[0]._served._applier._handlers  # type: ignore[attr-defined]
    real = handlers[ModelSubmitted]

    def broken(connection: Connection, recorded: RecordedEvent) -> None:
        if recorded.event.model_name == name:
            raise ValueError(f"{name} cannot be applied")
        real(connection, recorded)

    handlers[ModelSubmitted] = broken
    try:
        yield
    finally:
        handlers[ModelSubmitted] = real
