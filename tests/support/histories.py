"""Logs with a history in them: events appended straight from `shared.events`, no service involved."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import UUID, uuid5

from shared.database import Database
from shared.event_store.interface import LogPage, Metadata, NewEvent, RecordedEvent
from shared.event_store.serialization import EventTypes
from shared.event_store.sql import SqlEventStore
from shared.events import identity, pr_bot, registry, review

NAMESPACE = UUID("3b1f7c9e-4f60-4d55-9c6c-2c5d9a1b7e10")
START = 1_750_000_000.0
_MODULES = {"registry": registry, "review": review, "pr_bot": pr_bot, "identity": identity}
_PREFIXES = {"registry": "model", "review": "review", "pr_bot": "pullrequest"}


def sha256(document: str) -> str:
    return hashlib.sha256(document.encode()).hexdigest()


def llm_document(name: str, *, updated_at: int = 1_700_000_000, size: int | str = 7, **more: Any) -> str:
    """A small valid LLM record as JSON text."""
    record = {
        "version": 2,
        "context_length": 8192,
        "model_name": name,
        "model_lang": ["en", "zh"],
        "model_ability": ["chat"],
        "model_description": f"{name} is a model.",
        "model_specs": [
            {
                "model_format": "pytorch",
                "model_size_in_billions": size,
                "model_src": {
                    "huggingface": {"quantizations": ["none"], "model_id": f"someone/{name}", "model_revision": "main"}
                },
            }
        ],
        "updated_at": updated_at,
        **more,
    }
    return json.dumps(record, indent=2, ensure_ascii=False)


class History:
    """The four logs, each in its own SQLite file; time moves by one second with every event."""

    def __init__(self, folder: Path) -> None:
        self._time = START
        self._databases = {name: Database(f"sqlite:///{folder / name}.log.db", durable=False) for name in _MODULES}
        self.types = {name: EventTypes(module.EVENTS, module.UPCASTERS) for name, module in _MODULES.items()}
        self.stores = {
            name: SqlEventStore(self._databases[name], self.types[name], now=lambda: self._time) for name in _MODULES
        }

    def close(self) -> None:
        for database in self._databases.values():
            database.close()

    def read_log(self, source: str) -> Callable[[int, str | None, int], LogPage]:
        """`read_log` for a subscription."""
        store = self.stores[source]
        return lambda after, mark, limit: store.read_log(after=after, mark=mark, limit=limit)

    @property
    def now(self) -> float:
        return self._time

    def add(self, event: Any, *, actor: str = "someone", stream: str = "") -> RecordedEvent:
        """Appends to the log that owns the event's class, in the model's stream unless another is named."""
        source = type(event).__module__.rpartition(".")[2]
        stream = stream or _stream(source, event)
        store = self.stores[source]
        version = len(store.read_stream(stream))
        self._time += 1
        new = NewEvent(
            event_id=str(uuid5(NAMESPACE, f"{source}/{stream}/{version}")),
            event=event,
            metadata=Metadata(correlation_id="c", causation_id=f"{stream}/{version}", actor=actor),
        )
        return store.append(stream, expected_version=version, events=[new]).events[0]

    def draft(self, name: str, revision: int = 1, **more: Any) -> RecordedEvent:
        return self.add(registry.RevisionDrafted(**_content(name, revision, more)), actor=more.get("submitter", "ann"))

    def submit(self, name: str, revision: int = 1, *, first: bool | None = None, **more: Any) -> RecordedEvent:
        """A submission, and review's request for a verdict on it."""
        first = revision == 1 if first is None else first
        content = _content(name, revision, more)
        kind = registry.ModelSubmitted if first else registry.ModelUpdated
        recorded = self.add(kind(**content), actor=content["submitter"])
        kept = ("model_name", "model_type", "revision", "document_sha256", "visibility", "submitter")
        self.add(review.ReviewRequested(**{field: content[field] for field in kept}))
        return recorded

    def approve(self, submitted: RecordedEvent, *, visibility: str = "") -> RecordedEvent:
        """A verdict and the publication that follows from it."""
        event = submitted.event
        common = {"model_name": event.model_name, "revision": event.revision, "document_sha256": event.document_sha256}
        shown = visibility or event.visibility
        self.add(review.Approved(**common, visibility=shown, reviewer="rex", feedback=""), actor="rex")
        return self.add(
            registry.ModelPublished(**common, model_type=event.model_type, visibility=shown, reviewer="rex")
        )

    def reject(self, submitted: RecordedEvent, feedback: str = "no") -> RecordedEvent:
        event = submitted.event
        return self.add(
            review.Rejected(
                model_name=event.model_name,
                revision=event.revision,
                document_sha256=event.document_sha256,
                reviewer="rex",
                submitter=event.submitter,
                feedback=feedback,
            ),
            actor="rex",
        )

    def publish(self, name: str, revision: int = 1, **more: Any) -> RecordedEvent:
        """Submitted and approved."""
        return self.approve(self.submit(name, revision, **more))

    def import_model(self, name: str, *, order: int = 0, revision: int = 1, **more: Any) -> RecordedEvent:
        content = _content(name, revision, {"visibility": "public", "submitter": "upstream", **more})
        return self.add(registry.ModelImported(**content, origin="xinference==4.1.0", order=order))

    def open_pull_request(self, name: str, *, draft: bool = True, revision: int = 1, number: int = 1) -> RecordedEvent:
        return self.add(pr_bot.PullRequestOpened(**pull_request(name, draft=draft, revision=revision, number=number)))


def pull_request(name: str, *, draft: bool, revision: int, number: int) -> dict[str, Any]:
    """The fields of `PullRequestFacts`."""
    return {
        "model_name": name,
        "number": number,
        "url": f"https://example.org/pull/{number}",
        "branch": f"hub/{name.lower()}",
        "base": "main",
        "title": f"Add {name}",
        "body": "A model.",
        "draft": draft,
        "head_sha": "a" * 40,
        "base_sha": "b" * 40,
        "revision": revision,
        "document_sha256": "c" * 64,
        "diff": "+ a line",
    }


def _stream(source: str, event: Any) -> str:
    if source == "identity":
        user = getattr(event, "user_id", "")
        return f"user-{user}" if user else f"group-{event.group_id}"
    prefix = "upstream" if isinstance(event, pr_bot.UpstreamChanged) else _PREFIXES[source]
    return f"{prefix}-{event.model_name.lower()}"


def _content(name: str, revision: int, more: dict[str, Any]) -> dict[str, Any]:
    fields = {
        "model_name": name,
        "model_type": "llm",
        "revision": revision,
        "base_revision": revision - 1,
        "document": more.get("document") or llm_document(name, updated_at=1_700_000_000 + revision),
        "readme": f"# {name}",
        "visibility": "public",
        "message": f"revision {revision}",
        "submitter": "ann",
        **more,
    }
    return {**fields, "document_sha256": sha256(str(fields["document"]))}
