"""Feed, list and detail: the hub and its peers asked the same, in turn."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, closing
from dataclasses import dataclass
from functools import partial
from http.client import HTTPConnection
from pathlib import Path
from tempfile import TemporaryDirectory

from scripts.bench.peers import FEED, FEED_HEADERS, FEED_PATH
from scripts.bench.queries import Questions
from scripts.bench.results import Rounds, Row, compared, within
from scripts.bench.serving import Measured, Served, served

FEED_CLIENTS = 32
QUESTIONS = 200
_WARMED_S = 120.0
_OF_THE_SERVER = {"server", "date", "connection", "transfer-encoding"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Effort:
    """How long and how often: `seconds` a side and round; without `real` generated models stand for the catalogue."""

    rounds: int
    seconds: float
    real: bool
    generated: int
    submissions: int
    appends: int
    log_events: int
    rebuilt: int
    calls: int
    lists: int


def feed_rows(data: Path, effort: Effort) -> Iterator[Row]:
    """Whole and unchanged, against Flask and raw WSGI; the same peer twice shows what noise there is."""
    path = f"{FEED_PATH}?model_type=llm"
    with ExitStack() as stack:
        hub = stack.enter_context(served("hub", data))
        same = Path(stack.enter_context(TemporaryDirectory()))
        etag = _copy_feed(hub, path, same)
        flask = stack.enter_context(served("flask feed", same))
        again = stack.enter_context(served("flask feed", same))
        wsgi = stack.enter_context(served("wsgi feed", same))
        sides = {"hub": hub, "flask": flask, "flask again": again, "wsgi": wsgi}
        whole = {"Accept-Encoding": "gzip"}
        for status, headers in ((200, whole), (304, {**whole, "If-None-Match": etag})):
            _require_status(sides, path, headers, status)
            rounds = Rounds.run(effort.rounds, sides, partial(_feed_load, path, headers, effort.seconds))
            yield compared(rounds, f"feed {status}, {FEED_CLIENTS} clients", peer="flask", at_least=1.7)
            yield compared(rounds, f"feed {status}, {FEED_CLIENTS} clients", peer="wsgi", at_least=0.9)
            yield compared(rounds, f"  noise: the same Flask app twice, {status}", ours="flask again", peer="flask")


def list_rows(data: Path, label: str, effort: Effort, *, at_least: float, p99_ms: float | None) -> Iterator[Row]:
    """Lists with facets: the same questions again and again, then questions never asked before; and details."""
    questions = Questions(data)
    with served("hub", data) as hub, served("flask sql", data) as sql:
        sides = {"hub": hub, "sql": sql}
        fresh = iter(range(1, 1_000_000))
        for clients in (1, 32):
            what = f"list, {label}, {clients} client{'s' if clients > 1 else ''}"
            rounds = _repeated(sides, questions.lists(QUESTIONS, seed=0), effort, clients=clients)
            yield compared(rounds, f"{what}, {QUESTIONS} questions repeated", peer="sql", at_least=at_least)
            if p99_ms is not None:
                yield within(f"{what}, repeated", rounds.of("hub"), p99_ms=p99_ms)
            rounds = _first_time(sides, questions, effort, clients=clients, seeds=fresh)
            yield compared(rounds, f"{what}, each question new", peer="sql", at_least=at_least)
            if p99_ms is not None:
                yield within(f"{what}, new", rounds.of("hub"), p99_ms=p99_ms)
        details = questions.details(QUESTIONS, seed=0)
        for clients in (1, 32):
            rounds = _repeated(sides, details, effort, clients=clients)
            what = f"detail, {label}, {clients} client{'s' if clients > 1 else ''}, {QUESTIONS} models"
            yield compared(rounds, what, peer="sql", at_least=0.8)


def _copy_feed(hub: Served, path: str, folder: Path) -> str:
    """What the hub answers, for its peers to answer too; the etag."""
    with closing(HTTPConnection("127.0.0.1", hub.port)) as connection:
        connection.request("GET", path, headers={"Accept-Encoding": "gzip"})
        answer = connection.getresponse()
        headers = [item for item in answer.getheaders() if item[0].lower() not in _OF_THE_SERVER]
        (folder / FEED).write_bytes(answer.read())
        (folder / FEED_HEADERS).write_text(json.dumps(headers))
    return str(answer.headers["ETag"])


def _require_status(sides: Mapping[str, Served], path: str, headers: Mapping[str, str], status: int) -> None:
    """wrk takes any answer below 400 for a good one, so each side is asked once before."""
    for name, side in sides.items():
        with closing(HTTPConnection("127.0.0.1", side.port)) as connection:
            connection.request("GET", path, headers=dict(headers))
            answer = connection.getresponse()
            answer.read()
        if answer.status != status:
            raise RuntimeError(f"{name}: expected {status} for {path}, found {answer.status}")


def _feed_load(path: str, headers: Mapping[str, str], seconds: float, side: Served, _: int) -> Measured:
    return side.wrk(path, headers, clients=FEED_CLIENTS, seconds=seconds)


def _repeated(sides: Mapping[str, Served], requests: list[str], effort: Effort, *, clients: int) -> Rounds:
    """Each side is asked everything once before, and begins elsewhere each round: a slow one does not come around."""

    def measure(side: Served, number: int) -> Measured:
        start = number * 37 % len(requests)
        return side.load(requests[start:] + requests[:start], clients=clients, seconds=effort.seconds)

    for side in sides.values():
        side.load(requests, clients=4, seconds=_WARMED_S, count=len(requests))
    return Rounds.run(effort.rounds, sides, measure)


def _first_time(
    sides: Mapping[str, Served], questions: Questions, effort: Effort, *, clients: int, seeds: Iterator[int]
) -> Rounds:
    """Both sides get the same questions, which neither was asked before."""
    asked = [questions.lists(QUESTIONS, seed=next(seeds)) for _ in range(effort.rounds)]

    def measure(side: Served, number: int) -> Measured:
        return side.load(asked[number], clients=clients, seconds=3 * effort.seconds, count=QUESTIONS)

    return Rounds.run(effort.rounds, sides, measure)
