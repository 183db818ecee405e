"""Registry's log: models, their revisions, who may see them, and the feed of published changes."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict
from typing import Any

from sqlalchemy import Connection

from services.catalog.domain import ENTERPRISE, PRIVATE, PUBLIC
from services.catalog.projection.rows import Rows
from services.catalog.projection.summary import stored, summarize
from services.catalog.projection.tables import Tables
from shared.applier import GatheringHandlers, Handler
from shared.event_store.interface import RecordedEvent
from shared.events import registry as facts

SOURCE = "registry"
LAST = 2**40
"""`upstream_order` of what upstream's list has never held: behind all of it."""

_OPEN_TO_READERS = (
    facts.FeaturedChanged,
    facts.ModelDeprecated,
    facts.ModelArchived,
    facts.ModelRestored,
    facts.QuarantineLifted,
    facts.OwnersChanged,
    facts.VisibilityNarrowed,
    facts.SeenUpstream,
    facts.RemovedUpstream,
)


class RegistryHandlers:
    """Applies registry's events to one generation's tables."""

    def __init__(self, tables: Tables) -> None:
        self._tables = tables
        self._rows = Rows(tables, read=[(tables.models, "id"), (tables.revisions, "model")])

    def by_type(self) -> GatheringHandlers:
        handlers = {
            facts.RevisionDrafted: self.on_revision_drafted,
            facts.ModelSubmitted: self.on_submitted,
            facts.ModelUpdated: self.on_submitted,
            facts.RevisionWithdrawn: self.on_revision_withdrawn,
            facts.ModelPublished: self.on_model_published,
            facts.ModelImported: self.on_model_imported,
            facts.MergeConflicted: self.on_merge_conflicted,
            facts.GroupsChanged: self.on_groups_changed,
            facts.OwnersChanged: self.on_owners_changed,
            facts.ModelDeprecated: self.on_model_deprecated,
            facts.ModelRestored: self.on_model_restored,
            facts.PublicationSkipped: self._on_fields(lambda _: {}),
            facts.SeenUpstream: self._on_fields(
                lambda event: {"seen_upstream": event.revision, "removed_upstream": "", "import_blocked": ""}
            ),
            facts.RemovedUpstream: self._on_fields(lambda event: {"removed_upstream": event.origin}),
            facts.ImportBlocked: self._on_fields(lambda event: {"import_blocked": f"{event.origin}: {event.reason}"}),
            facts.VisibilityNarrowed: self._on_fields(lambda event: {"visibility": event.visibility}),
            facts.FeaturedChanged: self._on_fields(lambda event: {"featured": event.featured}),
            facts.ModelArchived: self._on_fields(lambda event: {"lifecycle": "archived", "reason": event.reason}),
            facts.ModelQuarantined: self._on_fields(lambda event: {"quarantined": True, "reason": event.reason}),
            facts.QuarantineLifted: self._on_fields(lambda _: {"quarantined": False, "reason": ""}),
        }
        return GatheringHandlers(handlers, self._rows.gathering)

    def _on_fields(self, fields: Any) -> Handler:
        def handle(connection: Connection, recorded: RecordedEvent) -> None:
            with self._editing(connection, recorded) as model:
                model.update(fields(recorded.event))

        return handle

    def on_revision_drafted(self, connection: Connection, recorded: RecordedEvent) -> None:
        with self._editing(connection, recorded) as model:
            self._write_revision(connection, recorded, model, stage="draft")

    def on_submitted(self, connection: Connection, recorded: RecordedEvent) -> None:
        event = recorded.event
        with self._editing(connection, recorded) as model:
            if model["submitted_revision"] not in (0, event.revision):
                self._set_stage(connection, model, model["submitted_revision"], "superseded")
            self._write_revision(connection, recorded, model, stage="submitted")
            model |= {
                "submitted_revision": event.revision,
                "newest_submitted": event.revision,
                "ever_submitted": True,
                "conflict_revision": 0,
                "conflict_paths": "",
                "removed_upstream": "",
            }

    def on_revision_withdrawn(self, connection: Connection, recorded: RecordedEvent) -> None:
        event = recorded.event
        with self._editing(connection, recorded) as model:
            self._set_stage(connection, model, event.revision, "withdrawn")
            if model["submitted_revision"] == event.revision:
                model |= {"submitted_revision": 0, "conflict_revision": 0, "conflict_paths": ""}

    def on_model_published(self, connection: Connection, recorded: RecordedEvent) -> None:
        event = recorded.event
        with self._editing(connection, recorded) as model:
            if model["submitted_revision"] == event.revision:
                model["submitted_revision"] = 0
            self._publish(connection, recorded, model)

    def on_model_imported(self, connection: Connection, recorded: RecordedEvent) -> None:
        event = recorded.event
        with self._editing(connection, recorded) as model:
            if event.superseded:
                self._set_stage(connection, model, event.superseded, "superseded")
                model["submitted_revision"] = 0
            self._write_revision(connection, recorded, model, stage="published")
            order = event.order if model["upstream_order"] >= LAST else model["upstream_order"]
            model |= {
                "origin": event.origin,
                "upstream_order": order,
                "ever_submitted": True,
                "newest_submitted": event.revision,
                "seen_upstream": event.revision,
                "removed_upstream": "",
                "import_blocked": "",
            }
            self._publish(connection, recorded, model)

    def on_merge_conflicted(self, connection: Connection, recorded: RecordedEvent) -> None:
        event = recorded.event
        with self._editing(connection, recorded) as model:
            model |= {"conflict_revision": event.revision, "conflict_paths": json.dumps(list(event.paths))}

    def on_groups_changed(self, connection: Connection, recorded: RecordedEvent) -> None:
        event = recorded.event
        with self._editing(connection, recorded) as model:
            self._change_members(connection, "groups", model["id"], added=event.added, removed=event.removed)

    def on_owners_changed(self, connection: Connection, recorded: RecordedEvent) -> None:
        event = recorded.event
        with self._editing(connection, recorded) as model:
            self._change_members(connection, "owners", model["id"], added=event.added, removed=event.removed)

    def on_model_deprecated(self, connection: Connection, recorded: RecordedEvent) -> None:
        event = recorded.event
        with self._editing(connection, recorded) as model:
            model |= {"lifecycle": "deprecated", "reason": event.reason, "replacement": event.replacement}

    def on_model_restored(self, connection: Connection, recorded: RecordedEvent) -> None:
        with self._editing(connection, recorded) as model:
            model |= {"lifecycle": "active", "reason": "", "replacement": "", "removed_upstream": ""}

    @contextmanager
    def _editing(self, connection: Connection, recorded: RecordedEvent) -> Iterator[dict[str, Any]]:
        """The model's row to change; written back with what follows from it, the timeline and the changes."""
        event = recorded.event
        table = self._tables.models
        found = self._rows.get(connection, table, {"id": event.model_name.lower()})
        model = found if found is not None else _new_model(event, recorded)
        was_offered = _offered(model)
        yield model
        _derive(model)
        model["changed_at"] = recorded.recorded_at
        model_id = model.pop("id")
        self._rows.put(connection, table, {"id": model_id}, model)
        model["id"] = model_id
        if what := _published_change(model, event, was_offered=was_offered):
            self._add_change(connection, recorded, model, what)
        audience = model["audience"] if isinstance(event, _OPEN_TO_READERS) else ""
        self._rows.note(connection, recorded, source=SOURCE, audience=audience)
        self._rows.touch(connection, model["id"])

    def _write_revision(
        self, connection: Connection, recorded: RecordedEvent, model: dict[str, Any], *, stage: str
    ) -> None:
        event: facts.RevisionContent = recorded.event
        key = {"model": model["id"], "revision": event.revision}
        first_of_all = model["latest_revision"] == 0
        if first_of_all and stage != "published":
            self._change_members(connection, "owners", model["id"], added=(event.submitter,), removed=())
        if not model["published_revision"]:
            model["visibility"] = event.visibility
        model["latest_revision"] = max(model["latest_revision"], event.revision)
        summary = summarize(event.model_type, event.document)
        submitted = stage != "draft"
        opened = bool(model["published_revision"]) and model["audience"] == event.visibility != PRIVATE
        values = {
            "stage": stage,
            "audience": event.visibility if submitted and opened else "",
            "visibility": event.visibility,
            "message": event.message,
            "submitter": event.submitter,
            "origin": getattr(event, "origin", ""),
            "document_sha256": event.document_sha256,
            "checks": _checks(event),
            "facts": stored(summary),
            "base_revision": event.base_revision,
            "updated_at": summary.updated_at,
            "submitted": submitted,
            "first": isinstance(event, facts.ModelSubmitted),
            "created_at": self._created_at(connection, key) or recorded.recorded_at,
            "submitted_at": recorded.recorded_at if submitted else 0.0,
        }
        self._rows.put(connection, self._tables.revisions, key, values)
        self._rows.put(connection, self._tables.contents, key, {"readme": event.readme, "document": event.document})

    def _created_at(self, connection: Connection, key: Mapping[str, Any]) -> float:
        found = self._rows.get(connection, self._tables.revisions, key)
        return found["created_at"] if found else 0.0

    def _publish(self, connection: Connection, recorded: RecordedEvent, model: dict[str, Any]) -> None:
        event = recorded.event
        model |= {
            "published_revision": event.revision,
            "published_sha256": event.document_sha256,
            "published_at": recorded.recorded_at,
            "visibility": event.visibility,
        }
        audience = event.visibility if event.visibility in (PUBLIC, ENTERPRISE) else ""
        key = {"model": model["id"], "revision": event.revision}
        self._rows.change(connection, self._tables.revisions, key, {"stage": "published", "audience": audience})

    def _set_stage(self, connection: Connection, model: Mapping[str, Any], revision: int, stage: str) -> None:
        key = {"model": model["id"], "revision": revision}
        self._rows.change(connection, self._tables.revisions, key, {"stage": stage})

    def _change_members(
        self, connection: Connection, kind: str, model: str, *, added: tuple[str, ...], removed: tuple[str, ...]
    ) -> None:
        table, column = (self._tables.owners, "user_id") if kind == "owners" else (self._tables.groups, "group_id")
        for member in removed:
            self._rows.remove(connection, table, {"model": model, column: member})
        for member in added:
            self._rows.put(connection, table, {"model": model, column: member}, {})

    def _add_change(self, connection: Connection, recorded: RecordedEvent, model: Mapping[str, Any], what: str) -> None:
        values = {
            "name": model["name"],
            "type": model["type"],
            "what": what,
            "document_sha256": model["published_sha256"],
            "revision": model["published_revision"],
            "at": recorded.recorded_at,
        }
        self._rows.put(connection, self._tables.changes, {"position": recorded.position}, values)


def _checks(event: facts.RevisionContent) -> str:
    found = getattr(event, "checks", ())
    return json.dumps([asdict(check) for check in found], ensure_ascii=False) if found else "[]"


def _new_model(event: Any, recorded: RecordedEvent) -> dict[str, Any]:
    texts = ("visibility", "published_sha256", "reason", "replacement", "origin", "removed_upstream")
    numbers = ("published_revision", "latest_revision", "submitted_revision", "newest_submitted", "shown_revision")
    return {
        "id": event.model_name.lower(),
        "name": event.model_name,
        "type": getattr(event, "model_type", ""),
        "state": "unpublished",
        "lifecycle": "active",
        "audience": PRIVATE,
        "import_blocked": "",
        "conflict_paths": "",
        **dict.fromkeys(texts, ""),
        **dict.fromkeys(numbers, 0),
        "upstream_order": LAST + recorded.position,
        "seen_upstream": 0,
        "conflict_revision": 0,
        "quarantined": False,
        "featured": False,
        "ever_submitted": False,
        "created_at": recorded.recorded_at,
        "published_at": 0.0,
    }


def _derive(model: dict[str, Any]) -> None:
    """What follows from a model's other fields."""
    published = model["published_revision"] > 0
    state = "published" if published else "unpublished"
    if model["lifecycle"] != "active":
        state = model["lifecycle"]
    model["state"] = "quarantined" if model["quarantined"] else state
    model["audience"] = model["visibility"] if published and not model["quarantined"] else PRIVATE
    model["shown_revision"] = model["published_revision"] or model["newest_submitted"] or model["latest_revision"]


def _offered(model: Mapping[str, Any]) -> bool:
    """Whether everyone gets the model."""
    return bool(model["audience"] == PUBLIC and model["lifecycle"] != "archived")


def _published_change(model: Mapping[str, Any], event: Any, *, was_offered: bool) -> str:
    """What the event means to a follower of the public catalogue; empty for nothing."""
    if not _offered(model):
        return "removed" if was_offered else ""
    if isinstance(event, facts.ModelPublished | facts.ModelImported):
        return "published"
    if isinstance(event, facts.ModelDeprecated):
        return "deprecated"
    return "restored" if isinstance(event, facts.ModelRestored | facts.QuarantineLifted) else ""
