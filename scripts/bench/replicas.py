"""What a second process of one service adds to the split hub: submissions for registry, lists for catalog."""

from __future__ import annotations

import http.client
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from functools import partial

from scripts.bench.datasets import generated_catalogue
from scripts.bench.queries import Questions
from scripts.bench.reading import Effort
from scripts.bench.results import Rounds, Row
from scripts.bench.serving import Measured
from scripts.bench.split_hub import SplitHub, split_hub
from scripts.bench.threads import at_once
from scripts.bench.visible import Person
from shared.database import Database
from shared.event_store.serialization import EventTypes
from shared.event_store.sql import SqlEventStore
from shared.events import registry
from tests.support.generated import append_imported, generated_models

CLIENTS = 16
_AT_MOST = 2000
_MODELS_EACH = 4
REPLICAS = {"two": 2, "one": 1}


def rows(effort: Effort) -> Iterator[Row]:
    """One hub for all rounds; the second replica comes and goes."""
    models = min(effort.generated, _AT_MOST)
    tokens: list[str] = []

    def prepare(hub: SplitHub) -> None:
        tokens.append(hub.token("maintainer", "maintainer"))
        with closing(Database(hub.urls["registry"])) as database:
            store = SqlEventStore(database, EventTypes(registry.EVENTS, registry.UPCASTERS))
            append_imported(store, generated_models(models))

    questions = Questions(generated_catalogue(models))
    seeds = iter(range(1_000_000))
    with split_hub(prepare) as hub, ExitStack() as stack:

        def listing() -> Measured:
            asked = questions.lists(effort.lists, seed=next(seeds))
            return hub.gateway.load(asked, clients=CLIENTS, seconds=60, count=effort.lists)

        what = f"lists of {models:,} models, {CLIENTS} clients, each question new"
        yield _row(hub, "catalog", what, listing, rounds=effort.rounds)
        people = [stack.enter_context(closing(_Client(hub, tokens[0], number))) for number in range(CLIENTS)]
        submitting = partial(_submissions, people, max(effort.submissions, CLIENTS))
        yield _row(hub, "registry", f"submissions, {CLIENTS} clients", submitting, rounds=effort.rounds)


def _row(hub: SplitHub, service: str, what: str, measure: Callable[[], Measured], *, rounds: int) -> Row:
    def one_round(replicas: int, _: int) -> Measured:
        with ExitStack() as stack:
            for _ in range(replicas - 1):
                stack.enter_context(hub.replica(service))
            return measure()

    found = Rounds.run(rounds, REPLICAS, one_round)
    return Row(
        what=f"a second replica of {service}: {what}",
        ours=_figure(found.of("two")),
        peer=f"one: {_figure(found.of('one'))}",
        ratio=found.ratio("two", "one"),
    )


class _Client:
    """A person on a connection of their own, with some models."""

    def __init__(self, hub: SplitHub, token: str, number: int) -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", hub.port)
        self.person = Person(self._connection, token, prefix=f"of-{number}")
        for model in range(_MODELS_EACH):
            self.person.register(model)

    def close(self) -> None:
        self._connection.close()


def _submissions(clients: list[_Client], count: int) -> Measured:
    def submit(client: int, number: int) -> None:
        clients[client].person.revise(number % _MODELS_EACH)

    return at_once(submit, threads=len(clients), count=count)


def _figure(found: Measured) -> str:
    return f"{found.per_second:,.0f}/s  {found.p50:.0f}/{found.p99:.0f} ms"
