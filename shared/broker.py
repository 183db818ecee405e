"""Names of the broker's exchanges and queues."""

from __future__ import annotations

PUBLIC_EXCHANGE = "public.events"


def exchange_name(service: str) -> str:
    """The topic exchange that a service's events go to."""
    return f"{service}.events"


def queue_name(subscriber: str, source: str) -> str:
    """The one queue in which a subscriber gets a source's events."""
    return f"{subscriber}.{source}"
