"""pr_bot's log: the pull request of each model."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Any

from sqlalchemy import Connection

from services.catalog.domain import PUBLIC
from services.catalog.projection.rows import Rows
from services.catalog.projection.tables import Tables
from shared.applier import GatheringHandlers
from shared.event_store.interface import RecordedEvent
from shared.events import pr_bot as facts

SOURCE = "pr_bot"
_SAID_CHARS = 200

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
        self._rows = Rows(tables, read=[(tables.pulls, "model"), (tables.remarks, "model")])

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
            facts.PullRequestChecked: self.on_checked,
            facts.PullRequestRemarked: self.on_remarked,
            facts.ReleasedUpstream: self.on_released,
            facts.PullRequestsControlled: self.on_controlled,
            facts.UpstreamChanged: self.on_upstream_changed,
        }
        return GatheringHandlers(handlers, self._rows.gathering)

    def on_opened(self, connection: Connection, recorded: RecordedEvent) -> None:
        values = self._content(recorded) | {"opened_at": recorded.recorded_at, "checks_state": "", "checks": ""}
        self._write(connection, recorded, values)

    def on_changed(self, connection: Connection, recorded: RecordedEvent) -> None:
        values = self._content(recorded)
        found = self._rows.get(connection, self._tables.pulls, {"model": _key(recorded)})
        if found and found["head_sha"] != values["head_sha"]:
            # They were another commit's.
            values |= {"checks_state": "", "checks": ""}
        self._write(connection, recorded, values)

    def on_queued(self, connection: Connection, recorded: RecordedEvent) -> None:
        found = self._rows.get(connection, self._tables.pulls, {"model": _key(recorded)})
        # A request that is open stays so on its page until the bot has looked at it again.
        state = found["state"] if found and found["state"] in ("draft", "open") else "queued"
        self._write(connection, recorded, {"state": state, "reason": recorded.event.reason, "next_try_at": 0})

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

    def on_checked(self, connection: Connection, recorded: RecordedEvent) -> None:
        event: facts.PullRequestChecked = recorded.event
        values = {"checks_state": event.state, "checks": json.dumps([asdict(check) for check in event.checks])}
        found = self._rows.get(connection, self._tables.pulls, {"model": _key(recorded)})
        if found and found["number"] == event.number:
            self._rows.put(connection, self._tables.pulls, {"model": _key(recorded)}, values)
        those = ", ".join(check.name for check in event.checks if check.state == event.state)
        self._note(connection, recorded, why=f"{event.state}: {those}")

    def on_remarked(self, connection: Connection, recorded: RecordedEvent) -> None:
        event: facts.PullRequestRemarked = recorded.event
        key = {"model": _key(recorded), "number": event.number, "remark": event.remark_id}
        known = self._rows.get(connection, self._tables.remarks, key)
        values = {name: getattr(event, name) for name in ("kind", "author", "text", "url", "path", "verdict", "at")}
        self._rows.put(connection, self._tables.remarks, key, values | {"edited": known is not None})
        said = " ".join(event.text.split())
        shown = said if len(said) <= _SAID_CHARS else said[: _SAID_CHARS - 1] + "…"
        self._note(connection, recorded, why=f"{event.author}: {shown or event.verdict}")

    def on_released(self, connection: Connection, recorded: RecordedEvent) -> None:
        event: facts.ReleasedUpstream = recorded.event
        values = {"release": event.release, "release_number": event.number}
        self._rows.change(connection, self._tables.pulls, {"model": _key(recorded)}, values)
        self._note(connection, recorded, why=event.release)

    def on_controlled(self, connection: Connection, recorded: RecordedEvent) -> None:
        event: facts.PullRequestsControlled = recorded.event
        state = "paused" if event.paused else "on"
        caps = f"at most {event.most_open or '∞'} open, {event.most_per_hour or '∞'} an hour"
        batch = ", several models of one owner together" if event.batch else ""
        self._rows.note(connection, recorded, source=SOURCE, why=f"{state}, {caps}{batch}: {event.reason}")

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
        self._note(connection, recorded)

    def _note(self, connection: Connection, recorded: RecordedEvent, *, why: str = "") -> None:
        self._rows.note(connection, recorded, source=SOURCE, why=why, audience=PUBLIC)
        self._rows.touch(connection, _key(recorded))


def _key(recorded: RecordedEvent) -> str:
    name: str = recorded.event.model_name
    return name.lower()
