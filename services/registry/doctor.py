"""Whether registry's rows are what its streams say."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select

from services.registry.application.streams import stream_of
from services.registry.domain.state import Model, evolve
from services.registry.projection import NAMES, OWNERS
from shared import document
from shared.database import Database
from shared.doctor import Check, History, differences, folded, histories, parked_check
from shared.event_store.interface import EventStore
from shared.events import registry as facts

ADVICE = "stop the hub and restore a backup"


def examine(database: Database, store: EventStore) -> list[Check]:
    """Every event read back, every stream folded and compared with `names` and `owners`, in one snapshot."""
    names: dict[str, Any] = {}
    owners: dict[str, Any] = {}
    faults: list[str] = []
    streams = events = 0
    with database.read() as connection:
        for history in histories(store, connection):
            streams, events = streams + 1, events + len(history.events)
            faults += history.faults
            faults += _content_faults(history)
            model: Model = folded(history, Model(), evolve)
            if model.exists:
                model_id = model.name.lower()
                names[model_id] = (model.name, model.type, bool(model.published))
                owners[model_id] = sorted(model.owners)
                faults += [] if history.stream == stream_of(model.name) else [f"{history.stream}: it is {model.name}'s"]
        found_names = {row.id: (row.name, row.type, bool(row.published)) for row in connection.execute(select(NAMES))}
        found_owners: dict[str, list[str]] = {}
        for row in connection.execute(select(OWNERS).order_by(OWNERS.c.id, OWNERS.c.owner)):
            found_owners.setdefault(row.id, []).append(row.owner)
        parked = parked_check("registry", connection)
    held = {model: people for model, people in owners.items() if people}
    return [
        Check(subject=f"registry: {events} events in {streams} streams read back", differs=faults),
        Check(
            subject=f"registry: {len(names)} names are what the log says",
            differs=differences(names, found_names, what="name", advice=ADVICE),
        ),
        Check(
            subject=f"registry: owners of {len(held)} models are what the log says",
            differs=differences(held, found_owners, what="owners of", advice=ADVICE),
        ),
        parked,
    ]


def _content_faults(history: History) -> list[str]:
    return [
        f"{history.stream}, version {recorded.version}: its document is not the one of its hash; {ADVICE}"
        for recorded in history.events
        if isinstance(recorded.event, facts.RevisionContent)
        and document.sha256(recorded.event.document) != recorded.event.document_sha256
    ]
