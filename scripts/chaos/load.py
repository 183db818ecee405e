"""Maintainers and a reviewer who do not give up: every command is sent until it is answered, always under one key."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import requests

CLIENTS = 8
GIVE_UP_S = 300.0
_AGAIN_S = 0.2


class Refused(Exception):
    """The hub answered what no fault explains."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Acknowledged:
    """A command that was answered: what it was about, under which key, when, and after how long."""

    kind: str
    name: str
    revision: int
    sha256: str
    key: str
    at: float
    took_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """What is sent again and again until it is answered."""

    kind: str
    name: str
    path: str
    body: Mapping[str, Any]
    token: str
    key: str


@dataclass
class Load:
    """`total` submissions: a model of each, one in four revised later; each is approved."""

    url: str
    maintainer: str
    reviewer: str
    total: int
    acknowledged: list[Acknowledged] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)
    attempts: int = 0

    def __post_init__(self) -> None:
        self._numbers = iter(range(self.total))
        self._lock = threading.Lock()
        self._threads: list[threading.Thread] = []

    def start(self) -> None:
        for number in range(CLIENTS):
            thread = threading.Thread(target=self._work, name=f"client-{number}", daemon=True)
            thread.start()
            self._threads.append(thread)

    @property
    def is_done(self) -> bool:
        return not any(thread.is_alive() for thread in self._threads)

    @property
    def submitted(self) -> int:
        """How many submissions were acknowledged so far."""
        with self._lock:
            return sum(done.kind != "approve" for done in self.acknowledged)

    def _work(self) -> None:
        with requests.Session() as session:
            while True:
                with self._lock:
                    number = next(self._numbers, None)
                if number is None:
                    return
                try:
                    self._one(session, number)
                except Refused as error:
                    with self._lock:
                        self.failures.append(str(error))

    def _one(self, session: requests.Session, number: int) -> None:
        """Four numbers are three models and the second revision of the last one."""
        place, name = number % 4, f"chaos-{number - number % 4}-{min(number % 4, 2)}"
        if place < 3:
            self._submitted(session, "register", name, "/models", _body(name, 0), key=f"{name}-1")
        else:
            # Its first revision may still be with another client.
            self._await(session, f"/models/{name}", lambda answer: bool(answer["latest_revision"] >= 1))
            body = {**_body(name, 1), "base_revision": 1}
            self._submitted(session, "revise", name, f"/models/{name}/revisions", body, key=f"{name}-2")

    def _submitted(self, session: requests.Session, kind: str, name: str, path: str, body: Any, *, key: str) -> None:
        command = Command(kind=kind, name=name, path=path, body=body, token=self.maintainer, key=key)
        answer = self._sent(session, command)
        sha256, revision = answer["document_sha256"], answer["revision"]
        approve = Command(
            kind="approve",
            name=name,
            path=f"/models/{name}/revisions/{revision}/approve",
            body={"document_sha256": sha256},
            token=self.reviewer,
            key=f"{key}-approve",
        )
        self._sent(session, approve)

    def _sent(self, session: requests.Session, command: Command) -> dict[str, Any]:
        """The answer; an empty one where an approval came too late."""
        headers = {"Authorization": f"Bearer {command.token}", "Idempotency-Key": command.key}
        started = time.monotonic()
        while time.monotonic() - started < GIVE_UP_S:
            answer = self._tried(session, "POST", command.path, headers, command.body)
            if answer is None:
                continue
            if answer.status_code < 300:
                said: dict[str, Any] = answer.json()
                self._note(command, said, started)
                return said
            if command.kind == "approve" and answer.status_code == 409:
                # A newer revision has taken its place.
                return {}
            if command.kind == "approve" and answer.status_code == 404:
                # Review has not heard of the submission yet.
                time.sleep(_AGAIN_S)
                continue
            raise Refused(f"{command.kind} {command.name}: {answer.status_code} {answer.text[:500]}")
        raise Refused(f"{command.kind} {command.name}: not answered in {GIVE_UP_S} s")

    def _tried(
        self, session: requests.Session, method: str, path: str, headers: Mapping[str, str], body: Any
    ) -> requests.Response | None:
        """None where there was no answer, or one that says to come again."""
        with self._lock:
            self.attempts += 1
        try:
            answer = session.request(method, f"{self.url}/api/v1{path}", json=body, headers=headers, timeout=30)
        except requests.RequestException:
            time.sleep(_AGAIN_S)
            return None
        if answer.status_code >= 500:
            time.sleep(_AGAIN_S)
            return None
        return answer

    def _await(self, session: requests.Session, path: str, holds: Callable[[Any], bool]) -> None:
        headers = {"Authorization": f"Bearer {self.maintainer}"}
        started = time.monotonic()
        while time.monotonic() - started < GIVE_UP_S:
            answer = self._tried(session, "GET", path, headers, None)
            if answer is not None and answer.status_code == 200 and holds(answer.json()):
                return
            time.sleep(_AGAIN_S)
        raise Refused(f"{path}: not as awaited in {GIVE_UP_S} s")

    def _note(self, command: Command, said: Mapping[str, Any], started: float) -> None:
        now = time.monotonic()
        revision = int(command.path.split("/")[4]) if command.kind == "approve" else int(said["revision"])
        sha256 = command.body.get("document_sha256") or said["document_sha256"]
        done = Acknowledged(
            kind=command.kind,
            name=command.name,
            revision=revision,
            sha256=sha256,
            key=command.key,
            at=now,
            took_s=now - started,
        )
        with self._lock:
            self.acknowledged.append(done)


def _body(name: str, edition: int) -> dict[str, Any]:
    source = {"quantizations": ["none"], "model_id": f"someone/{name}", "model_revision": "main"}
    record = {
        "version": 2,
        "context_length": 4096 + edition,
        "model_name": name,
        "model_lang": ["en"],
        "model_ability": ["chat"],
        "model_specs": [{"model_format": "pytorch", "model_size_in_billions": 7, "model_src": {"huggingface": source}}],
    }
    return {
        "type": "llm",
        "document": json.dumps(record, indent=2),
        "visibility": "public",
        "readme": f"# {name}\n",
        "message": "",
        "submit": True,
    }
