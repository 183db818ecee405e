"""From the answer to a submission until its owner's next read shows it."""

from __future__ import annotations

import http.client
import json
import shutil
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

from gateway.embedded import EmbeddedHub
from scripts.bench.datasets import settings_of
from scripts.bench.reading import Effort
from scripts.bench.results import Row, within
from scripts.bench.serving import Measured, measured, served
from scripts.bench.split_hub import SplitHub, split_hub
from shared.contracts.common import system_caller
from shared.contracts.identity import IssueTokenFor

API = "/api/v1"
_MODELS = 20


def rows(data: Path, effort: Effort) -> Iterator[Row]:
    """On a copy of the real catalogue, its pull requests made meanwhile as in any hub."""
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / "hub"
        shutil.copytree(data, copy)
        token = _token(copy)
        with served("hub", copy) as hub, closing(http.client.HTTPConnection("127.0.0.1", hub.port)) as connection:
            seen = submit_and_look(Person(connection, token), effort.submissions)
    for what, times in seen.items():
        yield within(f"{what}, {len(times)} submissions", _measured(times), p99_ms=50)


def split_rows(effort: Effort) -> Iterator[Row]:
    """Across the broker, to a hub of five processes and a gateway, its pull requests made meanwhile."""
    tokens: list[str] = []

    def prepare(hub: SplitHub) -> None:
        tokens.append(hub.token("maintainer", "maintainer"))

    with split_hub(prepare) as hub, closing(http.client.HTTPConnection("127.0.0.1", hub.port)) as connection:
        seen = submit_and_look(Person(connection, tokens[0]), effort.submissions)
    for what, times in seen.items():
        found = _measured(times)
        yield Row(
            what=f"split: {what}, {len(times)} submissions",
            ours=f"p50 {found.p50:.1f} ms, p99 {found.p99:.1f} ms",
            peer="",
        )


def submit_and_look(person: Person, count: int) -> dict[str, list[float]]:
    """{what: seconds each time}, of so many submissions, one after the other."""
    for number in range(_MODELS):
        person.register(number)
    detail, listed, whole = [], [], []
    for number in range(count):
        submitted = person.revise(number % _MODELS)
        whole.append(submitted.took_s + person.sees_detail(submitted))
        detail.append(whole[-1] - submitted.took_s)
        submitted = person.revise(number % _MODELS)
        listed.append(person.sees_list(submitted))
    return {
        "submit → the model's page shows it": detail,
        "submit → the owner's list shows it": listed,
        "submission and the read together": whole,
    }


def _measured(times_s: Sequence[float]) -> Measured:
    return measured(sorted(taken * 1000 for taken in times_s), seconds=sum(times_s), cpu_s=0.0)


class _Submitted:
    def __init__(self, model: int, answer: dict[str, Any], took_s: float) -> None:
        self.model, self.revision, self.position = model, answer["revision"], answer["position"]
        self.took_s = took_s
        self.answered_at = time.perf_counter()


class Person:
    """A maintainer with models of their own, all named after `prefix`."""

    def __init__(self, connection: http.client.HTTPConnection, token: str, *, prefix: str = "bench-model") -> None:
        self._connection = connection
        self._prefix = prefix
        self._headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
        self._revisions: dict[int, int] = {}

    def register(self, model: int) -> None:
        self._revisions[model] = self._call("POST", "/models", self._body(model, 0))["revision"]

    def revise(self, model: int) -> _Submitted:
        base = self._revisions[model]
        body = {**self._body(model, base), "base_revision": base}
        started = time.perf_counter()
        answer = self._call("POST", f"/models/{self._name(model)}/revisions", body)
        took_s = time.perf_counter() - started
        self._revisions[model] = answer["revision"]
        return _Submitted(model, answer, took_s)

    def sees_detail(self, submitted: _Submitted) -> float:
        """Seconds from the submission's answer to the whole answer of the read that shows it."""
        name = self._name(submitted.model)
        shown = self._call("GET", f"/models/{name}?min_position={submitted.position}")
        took = time.perf_counter() - submitted.answered_at
        if shown["latest_revision"] != submitted.revision:
            raise RuntimeError(f"{name}: expected revision {submitted.revision}, found {shown['latest_revision']}")
        return took

    def sees_list(self, submitted: _Submitted) -> float:
        shown = self._call("GET", f"/me/models?per_page=100&min_position={submitted.position}")
        took = time.perf_counter() - submitted.answered_at
        latest = {item["summary"]["name"]: item["latest_revision"] for item in shown["items"]}
        if latest[self._name(submitted.model)] != submitted.revision:
            raise RuntimeError(f"My Models: expected revision {submitted.revision}, found {latest}")
        return took

    def _body(self, model: int, revision: int) -> dict[str, Any]:
        record = {
            "version": 2,
            "context_length": 4096,
            "model_name": self._name(model),
            "model_lang": ["en"],
            "model_ability": ["chat"],
            "model_description": f"Written for the benchmark, text {revision}.",
            "model_specs": [
                {
                    "model_format": "pytorch",
                    "model_size_in_billions": 7,
                    "model_src": {"huggingface": {"quantizations": ["none"], "model_id": "someone/model"}},
                }
            ],
        }
        return {
            "type": "llm",
            "document": json.dumps(record, indent=2),
            "readme": "# A model\n",
            "visibility": "public",
            "message": "",
            "submit": True,
        }

    def _name(self, model: int) -> str:
        return f"{self._prefix}-{model}"

    def _call(self, method: str, path: str, body: Any = None) -> Any:
        text = json.dumps(body) if body is not None else None
        self._connection.request(method, API + path, body=text, headers=self._headers)
        answer = self._connection.getresponse()
        said = answer.read()
        if answer.status not in (200, 201) or answer.headers.get("X-Hub-Stale"):
            raise RuntimeError(f"{method} {path}: {answer.status} {said[:500]!r}")
        return json.loads(said)


def _token(data: Path) -> str:
    with closing(EmbeddedHub(settings_of(data))) as hub:
        asked = IssueTokenFor(login="maintainer", name="bench", scope="write")
        return hub.calls.identity.issue_token_for(asked, system_caller("console", command_id="bench")).secret
