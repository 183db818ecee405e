"""Whether a person sees an own write: a write, then at once a read with the `min_position` it answered.

python -m tests.support.own_writes URL… --token T… [--tries 10000] [--threads 16]

Each try writes through one of the addresses and reads through any. Counted are answers that do not
show the write: `stale` ones do not say so, `late` ones do (`X-Hub-Stale: 1`).
"""

from __future__ import annotations

import argparse
import hashlib
import http.client
import itertools
import json
import random
import secrets
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote, urlsplit

API = "/api/v1"
# Ten thousand tries stay below the cap on a person's unpublished names.
_REVISIONS_A_MODEL = 200
_TIMEOUT_S = 30


@dataclass
class Outcome:
    """What came of the tries. `examples` are the first of what went wrong; times in seconds, of the read alone."""

    tries: int = 0
    stale: Counter[str] = field(default_factory=Counter)
    late: Counter[str] = field(default_factory=Counter)
    failed: int = 0
    seconds: float = 0.0
    read_s: list[float] = field(default_factory=list)
    examples: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        times = sorted(self.read_s) or [0.0]
        p50, p99 = times[len(times) // 2], times[len(times) * 99 // 100]
        lines = [
            f"{self.tries} tries in {self.seconds:.1f} s: {self.stale.total()} stale, {self.late.total()} late, "
            f"{self.failed} failed",
            f"read p50 {p50 * 1000:.1f} ms, p99 {p99 * 1000:.1f} ms, max {times[-1] * 1000:.1f} ms",
            *(f"stale {kind}: {count}" for kind, count in self.stale.items()),
            *(f"late {kind}: {count}" for kind, count in self.late.items()),
            *self.examples[:10],
        ]
        return "\n".join(lines)


class Refused(Exception):
    """An answer that is no success."""


class Missing(Refused):
    """404: whoever wrote the model does not see it; `late` as with an answer."""

    def __init__(self, message: str, *, late: bool) -> None:
        super().__init__(message)
        self.late = late


class Person:
    """One thread's models and connections; writes and reads go to the addresses in turn, chosen by chance."""

    def __init__(self, hosts: Sequence[tuple[str, int]], token: str, name: str, chance: random.Random) -> None:
        self._connections = [http.client.HTTPConnection(*host, timeout=_TIMEOUT_S) for host in hosts]
        self._headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
        self._chance = chance
        self._names = (f"{name}-{number}" for number in itertools.count())
        self.model = ""
        self.revision = 0
        self.written = ""
        self._draft_sha256 = ""

    def forget(self) -> None:
        """What became of a write is not known: the next one is of another model."""
        self.model, self._draft_sha256 = "", ""

    def close(self) -> None:
        for connection in self._connections:
            connection.close()

    def write(self) -> tuple[str, str]:
        """(kind of write, its position): a new model, a submission, a draft, or a draft saved again."""
        if not self.model or (self.revision >= _REVISIONS_A_MODEL and not self._draft_sha256):
            self.model, self.revision = next(self._names), 0
        kind = self._chance.choice(("submission", "draft"))
        body = {**self._texts(), "type": "llm", "submit": kind == "submission"}
        if self._draft_sha256:
            kind = "draft saved again"
            body = {**self._texts(), "base_sha256": self._draft_sha256}
            answer = self.call("PUT", f"/models/{self.model}/revisions/{self.revision}", body)
            self._draft_sha256 = ""
        elif self.revision:
            path = f"/models/{self.model}/revisions"
            answer = self.call("POST", path, {**body, "base_revision": self.revision})
        else:
            kind = f"first {kind}"
            answer = self.call("POST", "/models", body)
        if kind.endswith("draft"):
            self._draft_sha256 = answer["document_sha256"]
        self.revision = answer["revision"]
        self.written = answer["document_sha256"]
        return kind, answer["position"]

    def _texts(self) -> dict[str, Any]:
        record = {
            "version": 2,
            "context_length": 4096,
            "model_name": self.model,
            "model_lang": ["en"],
            "model_ability": ["chat"],
            "model_description": f"Written at {time.time_ns()}.",
            "model_specs": [
                {
                    "model_format": "pytorch",
                    "model_size_in_billions": 7,
                    "model_src": {"huggingface": {"quantizations": ["none"], "model_id": "someone/model"}},
                }
            ],
        }
        texts = {"document": json.dumps(record, indent=2), "readme": f"# {self.model}\n"}
        return {**texts, "visibility": "private", "message": ""}

    def call(self, method: str, path: str, body: Any = None) -> Any:
        return self.asked(method, path, body)[0]

    def asked(self, method: str, path: str, body: Any = None) -> tuple[Any, bool]:
        """(the answer, whether it says that it is stale)."""
        connection = self._chance.choice(self._connections)
        text = json.dumps(body) if body is not None else None
        try:
            connection.request(method, API + path, body=text, headers=self._headers)
            response = connection.getresponse()
            said = response.read()
        except (OSError, http.client.HTTPException):
            connection.close()
            raise
        late = response.headers.get("X-Hub-Stale") == "1"
        if response.status == 404 and method == "GET":
            raise Missing(f"{method} {path}: 404", late=late)
        if response.status >= 300:
            raise Refused(f"{method} {path}: {response.status} {said[:300]!r}")
        return json.loads(said), late


Look = Callable[[Person, str], tuple[bool, bool]]


def _detail(person: Person, position: str) -> tuple[bool, bool]:
    answer, late = person.asked("GET", f"/models/{person.model}?min_position={position}")
    return answer["latest_revision"] >= person.revision, late


def _document(person: Person, position: str) -> tuple[bool, bool]:
    answer, late = person.asked("GET", f"/models/{person.model}/revisions/{person.revision}?min_position={position}")
    return hashlib.sha256(answer["document"].encode()).hexdigest() == person.written, late


def _revisions(person: Person, position: str) -> tuple[bool, bool]:
    answer, late = person.asked("GET", f"/models/{person.model}/revisions?min_position={position}")
    return person.revision in [item["revision"] for item in answer["items"]], late


def _timeline(person: Person, position: str) -> tuple[bool, bool]:
    answer, late = person.asked("GET", f"/models/{person.model}/timeline?per_page=200&min_position={position}")
    return person.revision in [item["revision"] for item in answer["items"]], late


def _my_models(person: Person, position: str) -> tuple[bool, bool]:
    answer, late = person.asked("GET", f"/me/models?per_page=100&min_position={position}")
    shown = {item["summary"]["name"]: item["latest_revision"] for item in answer["items"]}
    return shown.get(person.model, 0) >= person.revision, late


def _search(person: Person, position: str) -> tuple[bool, bool]:
    """The index in memory: whether a model is found at all, by its name."""
    query = f"q={quote(person.model)}&status=unpublished&min_position={position}"
    answer, late = person.asked("GET", f"/models?{query}")
    return person.model in [item["name"] for item in answer["items"]], late


LOOKS: dict[str, Look] = {
    "detail": _detail,
    "revision": _document,
    "revisions": _revisions,
    "timeline": _timeline,
    "my models": _my_models,
    "search": _search,
}


def run(urls: Sequence[str], tokens: Sequence[str], *, tries: int, threads: int, seed: int = 1) -> Outcome:
    """`tries` over all threads; whatever fails is counted, so that faults may be made meanwhile."""
    hosts = [(parts.hostname or "127.0.0.1", parts.port or 80) for parts in map(urlsplit, urls)]
    outcome, lock = Outcome(), threading.Lock()
    left = iter(range(tries))
    run_name = secrets.token_hex(3)

    def turns() -> Iterator[None]:
        while True:
            with lock:
                if next(left, None) is None:
                    return
            yield

    def work(number: int) -> None:
        chance = random.Random(seed * 1000 + number)
        name = f"own-write-{run_name}-{number}"
        with closing(Person(hosts, tokens[number % len(tokens)], name, chance)) as person:
            for _ in turns():
                _try(person, chance, outcome, lock)

    started = time.perf_counter()
    with ExitStack() as stack:
        pool = stack.enter_context(ThreadPoolExecutor(threads))
        for done in [pool.submit(work, number) for number in range(threads)]:
            done.result()
    outcome.seconds = time.perf_counter() - started
    return outcome


def _try(person: Person, chance: random.Random, outcome: Outcome, lock: threading.Lock) -> None:
    kind = chance.choice(list(LOOKS))
    try:
        write, position = person.write()
        started = time.perf_counter()
        shown, late = _looked(kind, person, position)
        took = time.perf_counter() - started
    except (Refused, OSError, http.client.HTTPException) as error:
        person.forget()
        with lock:
            outcome.tries += 1
            outcome.failed += 1
            outcome.examples.append(f"{type(error).__name__}: {error}")
        return
    with lock:
        outcome.tries += 1
        outcome.read_s.append(took)
        if shown:
            return
        (outcome.late if late else outcome.stale)[kind] += 1
        said = "said to be late" if late else "STALE"
        outcome.examples.append(f"{said}: {write} of {person.model} {person.revision} at {position}, not in {kind}")


def _looked(kind: str, person: Person, position: str) -> tuple[bool, bool]:
    try:
        return LOOKS[kind](person, position)
    except Missing as missing:
        return False, missing.late


def main() -> int:
    parser = argparse.ArgumentParser(description="Counts reads that do not show the reader's own write.")
    parser.add_argument("urls", nargs="+", metavar="URL")
    parser.add_argument("--token", action="append", required=True, help="of a maintainer, scope write; several")
    parser.add_argument("--tries", type=int, default=10_000)
    parser.add_argument("--threads", type=int, default=16)
    arguments = parser.parse_args()
    outcome = run(arguments.urls, arguments.token, tries=arguments.tries, threads=arguments.threads)
    print(outcome)
    return 1 if outcome.stale or outcome.late or outcome.failed else 0


if __name__ == "__main__":
    sys.exit(main())
