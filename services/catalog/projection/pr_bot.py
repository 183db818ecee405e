"""pr_bot's log: the pull request of each model."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection

from services.catalog.domain import PUBLIC
from services.catalog.projection.rows import Rows
from services.catalog.projection.tables import Tables
from shared.applier import GatheringHandlers
from shared.event_store.interface import RecordedEvent
from shared.events import pr_bot as facts

SOURCE = "pr_bot"

_SHOWN = (
    "number",
    "url",
    "branch",
    "base",
    "title",
    "body",
    "draft",
    "head_sha",
    "base_sha",
    "revision",
    "diff",
    "opened_as",
)


class PullRequestHandlers:
    """Applies pr_bot's events to one generation's tables."""

    def __init__(self, tables: Tables) -> None:
        self._tables = tables
        self._rows = Rows(tables, read=[(tables.pulls, "model")])

    def by_type(self) -> GatheringHandlers:
        handlers = {
            facts.PullRequestOpened: self.on_opened,
            facts.PullRequestReopened: self.on_opened,
            facts.PullRequestUpdated: self.on_changed,
            facts.PullRequestReady: self.on_changed,
            facts.PullRequestQueued: self.on_queued,
            facts.PullRequestSkipped: self.on_stopped,
            facts.PullRequestPaused: self.on_stopped,
            facts.PullRequestFailed: self.on_failed,
            facts.PullRequestMerged: self.on_merged,
            facts.PullRequestClosed: self.on_closed,
            facts.UpstreamChanged: self.on_upstream_changed,
        }
        return GatheringHandlers(handlers, self._rows.gathering)

    def on_opened(self, connection: Connection, recorded: RecordedEvent) -> None:
        self._write(connection, recorded, self._content(recorded) | {"opened_at": recorded.recorded_at})

    def on_changed(self, connection: Connection, recorded: RecordedEvent) -> None:
        self._write(connection, recorded, self._content(recorded))

    def on_queued(self, connection: Connection, recorded: RecordedEvent) -> None:
        found = self._rows.get(connection, self._tables.pulls, {"model": _key(recorded)})
        # A request that is open stays so on its page until the bot has looked at it again.
        state = found["state"] if found and found["state"] in ("draft", "open") else "queued"
        self._write(connection, recorded, {"state": state, "reason": "", "next_try_at": 0})

    def on_stopped(self, connection: Connection, recorded: RecordedEvent) -> None:
        event = recorded.event
        values = {"state": event.state, "reason": event.reason, "revision": event.revision, "next_try_at": 0}
        self._write(connection, recorded, values)

    def on_failed(self, connection: Connection, recorded: RecordedEvent) -> None:
        event = recorded.event
        self._write(connection, recorded, {"state": "failed", "reason": event.reason, "next_try_at": event.next_try_at})

    def on_merged(self, connection: Connection, recorded: RecordedEvent) -> None:
        event = recorded.event
        values = {"state": "merged", "draft": False, "reason": "", "next_try_at": 0, "revision": event.revision}
        self._write(connection, recorded, values | {"number": event.number})

    def on_closed(self, connection: Connection, recorded: RecordedEvent) -> None:
        event = recorded.event
        values = {"state": event.state, "reason": event.reason, "next_try_at": 0, "number": event.number}
        self._write(connection, recorded, values)

    def on_upstream_changed(self, connection: Connection, recorded: RecordedEvent) -> None:
        event = recorded.event
        self._rows.note(connection, recorded, source=SOURCE, why=f"{event.path}@{event.commit}")

    def _content(self, recorded: RecordedEvent) -> dict[str, Any]:
        event: facts.PullRequestFacts = recorded.event
        state = "draft" if event.draft else "open"
        return {name: getattr(event, name) for name in _SHOWN} | {"state": state, "reason": "", "next_try_at": 0}

    def _write(self, connection: Connection, recorded: RecordedEvent, values: dict[str, Any]) -> None:
        shown = values | {"name": recorded.event.model_name, "changed_at": recorded.recorded_at}
        self._rows.put(connection, self._tables.pulls, {"model": _key(recorded)}, shown)
        self._rows.note(connection, recorded, source=SOURCE, audience=PUBLIC)
        self._rows.touch(connection, _key(recorded))


def _key(recorded: RecordedEvent) -> str:
    name: str = recorded.event.model_name
    return name.lower()
