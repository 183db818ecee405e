"""A hub in this process whose data directory is backed up, examined and put back."""

from __future__ import annotations

import sqlite3
import tarfile
from contextlib import closing
from pathlib import Path
from typing import Any

from gateway.archive.contents import LOGS
from gateway.embedded import examine
from shared.config import Settings
from tests.support.kill_rounds import Submission
from tests.support.running import TestHub, until


def submitted(hub: TestHub, name: str, person: str = "max") -> dict[str, Any]:
    """A new public model; waits for its pull request."""
    answer = hub.api(person).made("/models", Submission(name=name, key="").body())
    hub.settled()
    return answer


def published(hub: TestHub, name: str, person: str = "max") -> None:
    """A new public model, approved."""
    answer = submitted(hub, name, person)
    verdict = {"document_sha256": answer["document_sha256"], "feedback": "fine"}
    hub.api("rita").made(f"/models/{name}/revisions/1/approve", verdict)
    until(lambda: state_of(hub, name) == "published", what=f"{name} is published")
    hub.settled()


def state_of(hub: TestHub, name: str) -> str:
    """The model's state, empty where there is none."""
    answer = hub.api("olga").get(f"/models/{name}")
    return str(answer.get_json()["state"]) if answer.status_code == 200 else ""


def differences(settings: Settings) -> list[str]:
    """What the doctor says."""
    return [said for check in examine(settings) for said in check.differs]


def query(settings: Settings, service: str, sql: str, *values: Any) -> list[tuple[Any, ...]]:
    with closing(sqlite3.connect(settings.database_file(service))) as connection, connection:
        return connection.execute(sql, values).fetchall()


def events(settings: Settings) -> dict[str, list[tuple[Any, ...]]]:
    """{service: its events as (stream, version, event id, type), in order}."""
    sql = "SELECT stream, version, event_id, type FROM events ORDER BY position"
    return {name: query(settings, name, sql) for name in LOGS}


def unpacked(archive: Path, folder: Path) -> Path:
    with tarfile.open(archive) as opened:
        opened.extractall(folder, filter="data")
    return folder
