"""The events' JSON Schemas as other programs get them; the golden schemas of the tests come from the same source."""

from __future__ import annotations

from types import ModuleType
from typing import Any

from shared.errors import NotFound
from shared.event_store.serialization import schema_of
from shared.events import identity, pr_bot, registry, review

DIALECT = "https://json-schema.org/draft/2020-12/schema"
MODULES: dict[str, ModuleType] = {"registry": registry, "review": review, "pr_bot": pr_bot, "identity": identity}
"""By the service that owns the log."""
# Verdicts and people are nobody else's; of the rest a service says which, once a model is public.
_NEVER_PUBLIC = (
    *(registry.RevisionDrafted, registry.ImportBlocked, registry.RevisionRejected),
    *(pr_bot.UpstreamChanged, pr_bot.PullRequestsControlled),
)


def events_of(service: str) -> dict[str, type]:
    """Wire name to class, newest versions: outside there are no others."""
    found: dict[str, type] = MODULES[service].EVENTS
    return found


def public_events() -> list[str]:
    """Wire names of what may go to `public.events`."""
    found = [*events_of("registry").items(), *events_of("pr_bot").items()]
    return [name for name, event in found if event not in _NEVER_PUBLIC]


def routing_key_of(wire_name: str) -> str:
    """`ModelSubmitted` of `hub.registry.ModelSubmitted.v1`."""
    return wire_name.split(".")[2]


def schema_at(wire_name: str, *, base_url: str) -> dict[str, Any]:
    """The schema of one event's `data` as a document of its own; raises NotFound for a name no event has."""
    for service in MODULES:
        if (event := events_of(service).get(wire_name)) is not None:
            return {"$schema": DIALECT, "$id": address_of(wire_name, base_url=base_url), **schema_of(event)}
    raise NotFound(f"event {wire_name[:100]}: there is none of that name and version; see /api/asyncapi.json")


def address_of(wire_name: str, *, base_url: str) -> str:
    """Where the gateway serves the event's schema."""
    return f"{base_url}/api/events/{wire_name}.json"
