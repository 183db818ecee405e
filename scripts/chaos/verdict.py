"""Afterwards: what was acknowledged is there once, in order, and everything that was made of it agrees."""

from __future__ import annotations

import json
import subprocess
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any

import requests

from scripts.chaos.load import Acknowledged, Load
from scripts.chaos.stage import Stage
from shared.database import Database
from shared.event_store.interface import RecordedEvent
from shared.event_store.serialization import EventTypes
from shared.event_store.sql import SqlEventStore
from shared.events import identity, pr_bot, registry, review
from tests.support.real_data import environment_without_git_config

EVENTS = {"registry": registry, "review": review, "identity": identity, "pr_bot": pr_bot}
CAUGHT_UP_WITHIN_S = 300.0


@dataclass
class Verdict:
    """`wrong` in words, empty where nothing is; the figures of the run."""

    wrong: list[str] = field(default_factory=list)
    acknowledged: int = 0
    lost: int = 0
    doubled: int = 0
    longest_silence_s: float = 0.0
    caught_up_s: float = 0.0


def judge(stage: Stage, load: Load) -> Verdict:
    """Waits until the hub is at rest, then looks at everything."""
    verdict = Verdict(acknowledged=len(load.acknowledged), wrong=list(load.failures))
    started = time.monotonic()
    verdict.wrong += _at_rest(stage)
    verdict.caught_up_s = time.monotonic() - started
    times = sorted(done.at for done in load.acknowledged)
    verdict.longest_silence_s = max((b - a for a, b in pairwise(times)), default=0.0)
    logs = {name: _log(stage, name) for name in EVENTS}
    _require_each_once(verdict, logs, load.acknowledged)
    for name, events in logs.items():
        verdict.wrong += [f"{name}: {said}" for said in _gaps(events)]
    verdict.wrong += _pull_requests(stage, logs, load.acknowledged)
    verdict.wrong += [f"{check.subject}: {said}" for check in stage.doctor() for said in check.differs[:3]]
    verdict.wrong += [death for process in stage.processes.values() for death in process.deaths]
    return verdict


def _at_rest(stage: Stage) -> list[str]:
    """What keeps it from rest, once the time is over."""
    end = time.monotonic() + CAUGHT_UP_WITHIN_S
    while True:
        unrest = _unrest(stage)
        if not unrest or time.monotonic() > end:
            return unrest
        time.sleep(0.5)


def _unrest(stage: Stage) -> list[str]:
    try:
        answer = requests.get(
            f"{stage.url}/api/v1/operations", headers={"Authorization": f"Bearer {stage.tokens['olga']}"}, timeout=30
        )
    except requests.RequestException as error:
        return [f"operations: {type(error).__name__}"]
    if answer.status_code != 200:
        return [f"operations: {answer.status_code} {answer.text[:300]}"]
    found = answer.json()
    heads = {name: _head(stage, name) for name in EVENTS}
    unrest = [f"{found['upstream']['due']} pull requests are due"] if found["upstream"]["due"] else []
    for service in found["services"]:
        unrest += [
            f"{service['service']}: parked {parked['stream']}: {parked['error']}" for parked in service["parked"]
        ]
        unrest += [
            f"{service['service']} is at {reader['position']} of {reader['source']}'s {heads[reader['source']]}"
            for reader in service["subscriptions"]
            if reader["position"] < heads[reader["source"]]
        ]
    return unrest + _dead_letters(stage)


def _dead_letters(stage: Stage) -> list[str]:
    listed = stage.rabbitmq.ctl("list_queues", "name", "messages").splitlines()
    queues = dict(line.split("\t") for line in listed if "\t" in line)
    return [
        f"{name} holds {count} messages" for name, count in queues.items() if name.endswith(".dead") and count != "0"
    ]


def _store(stage: Stage, service: str, database: Database) -> SqlEventStore:
    return SqlEventStore(database, EventTypes(EVENTS[service].EVENTS, EVENTS[service].UPCASTERS))


def _head(stage: Stage, service: str) -> int:
    with closing(Database(stage.postgresql.url(service))) as database:
        return _store(stage, service, database).head()[0]


def _log(stage: Stage, service: str) -> Sequence[RecordedEvent]:
    with closing(Database(stage.postgresql.url(service))) as database:
        return _store(stage, service, database).read_log(after=0, mark=None, limit=10**7).events


def _require_each_once(
    verdict: Verdict, logs: dict[str, Sequence[RecordedEvent]], acknowledged: Sequence[Acknowledged]
) -> None:
    found: Counter[tuple[str, str, int]] = Counter()
    for recorded in logs["registry"]:
        if type(recorded.event).__name__ in ("ModelSubmitted", "ModelUpdated"):
            found["submitted", recorded.stream.removeprefix("model-"), recorded.event.revision] += 1
    for recorded in logs["review"]:
        if type(recorded.event).__name__ == "Approved":
            found["approve", recorded.stream.removeprefix("review-"), recorded.event.revision] += 1
    for done in acknowledged:
        count = found["approve" if done.kind == "approve" else "submitted", done.name, done.revision]
        if count != 1:
            verdict.wrong.append(f"{done.kind} {done.name} revision {done.revision}: in the log {count} times")
            verdict.lost += count == 0
            verdict.doubled += count > 1
    verdict.doubled += sum(count - 1 for key, count in found.items() if count > 1)


def _gaps(events: Sequence[RecordedEvent]) -> Iterator[str]:
    last: dict[str, int] = {}
    for recorded in events:
        if recorded.version != last.get(recorded.stream, 0) + 1:
            yield f"stream {recorded.stream}: version {recorded.version} follows {last.get(recorded.stream, 0)}"
        last[recorded.stream] = recorded.version
    ids = Counter(recorded.event_id for recorded in events)
    yield from (f"event {event_id} is there {count} times" for event_id, count in ids.items() if count > 1)


def _pull_requests(
    stage: Stage, logs: dict[str, Sequence[RecordedEvent]], acknowledged: Sequence[Acknowledged]
) -> Iterator[str]:
    """One a model, its branch one commit ahead of main, with the newest revision's text."""
    newest: dict[str, Any] = {}
    for recorded in logs["registry"]:
        if type(recorded.event).__name__ in ("ModelSubmitted", "ModelUpdated"):
            newest[recorded.stream.removeprefix("model-")] = recorded.event
    opened = Counter(r.stream for r in logs["pr_bot"] if type(r.event).__name__ == "PullRequestOpened")
    for name, event in newest.items():
        if opened[f"pullrequest-{name}"] != 1:
            yield f"{name}: {opened[f'pullrequest-{name}']} pull requests were opened"
        try:
            text = _git(stage, "show", f"chore/models-sync/{name}:xinference/model/llm/models/{name}.json")
            ahead = _git(stage, "rev-list", "--count", f"main..chore/models-sync/{name}").strip()
        except subprocess.CalledProcessError as error:
            yield f"{name}: {error.stderr.strip()}"
            continue
        if json.loads(text) != [json.loads(event.document)]:
            yield f"{name}: its branch holds another text than revision {event.revision}"
        if ahead != "1":
            yield f"{name}: its branch is {ahead} commits ahead of main"
    files = [json.loads(file.read_text()) for file in sorted(_repository(stage).glob("hub-pulls/*.json"))]
    if len(files) != len(newest):
        yield f"{len(files)} pull requests for {len(newest)} models"


def _repository(stage: Stage) -> Path:
    return Path(stage.settings().upstream.location)


def _git(stage: Stage, *arguments: str) -> str:
    command = ["git", f"--git-dir={_repository(stage)}", *arguments]
    environment = environment_without_git_config()
    return subprocess.run(command, check=True, capture_output=True, text=True, env=environment).stdout
