"""Two replicas of pr_bot on one PostgreSQL database: a model is one replica's at a time, and nobody's for long."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from functools import partial
from uuid import uuid4

import pytest

from services.pr_bot import domain
from services.pr_bot.policies import Worker
from services.pr_bot.projection import Due, Rows
from services.pr_bot.reconcile.records import Records
from shared.database import Database
from shared.event_store.serialization import EventTypes
from shared.event_store.sql import SqlEventStore
from shared.events import pr_bot as events
from shared.migrations import migrate
from tests.integration.pr_bot.test_turns import facts_of
from tests.support.polling import eventually
from tests.support.servers import postgresql

MODELS = [f"model-{number}" for number in range(12)]


class Replica:
    """A worker with a database of its own connections; its steps are noted, with who else was at it."""

    def __init__(self, url: str, at_work: dict[str, int], taken: list[str]) -> None:
        self.database = Database(url, serial=True)
        self.rows = Rows(self.database)
        store = SqlEventStore(self.database, EventTypes(events.EVENTS, events.UPCASTERS))
        self.records = Records(store, self.rows)
        self.together = 0
        self.opens = False
        self._at_work = at_work
        self._taken = taken
        self.worker = Worker(step=self._step, records=self.records, now=time.time, idle_s=0.2)

    def mark(self, *models: str) -> None:
        with self.database.write() as connection:
            for model in models:
                self.rows.mark_due(connection, model, at=time.time(), cause=str(uuid4()))

    def close(self) -> None:
        self.worker.stop()
        self.database.close()

    def _step(self, due: Due) -> None:
        self._at_work[due.model] = self._at_work.get(due.model, 0) + 1
        self.together = max(self.together, self._at_work[due.model])
        self._taken.append(due.model)
        time.sleep(0.02)
        if self.opens:
            seen = facts_of(due.model, number=1 + MODELS.index(due.model))
            self.records.record(due, partial(domain.stand, seen=seen))
        self._at_work[due.model] -= 1


@pytest.fixture
def taken() -> list[str]:
    return []


@pytest.fixture
def replicas(taken: list[str]) -> Iterator[list[Replica]]:
    with postgresql().database() as url:
        migrate("pr_bot", url)
        at_work: dict[str, int] = {}
        made = [Replica(url, at_work, taken) for _ in range(2)]
        yield made
        for replica in made:
            replica.close()


def test_each_due_model_is_taken_once(replicas: list[Replica], taken: list[str]) -> None:
    replicas[0].mark(*MODELS)
    for replica in replicas:
        replica.worker.start()
    eventually(lambda: replicas[0].rows.due_count() == 0)
    assert sorted(taken) == sorted(MODELS)
    assert [replica.together <= 1 for replica in replicas] == [True, True]


def test_model_marked_by_one_is_taken_by_another_that_was_idle(replicas: list[Replica], taken: list[str]) -> None:
    replicas[1].worker.start()
    replicas[0].mark("a")
    eventually(lambda: taken == ["a"])


def test_model_that_another_replica_is_at_is_left_and_others_are_taken(
    replicas: list[Replica], taken: list[str]
) -> None:
    replicas[0].mark("a", "b")
    held, release = threading.Event(), threading.Event()

    def hold() -> None:
        with replicas[0].database.alone("model a") as is_mine:
            assert is_mine
            held.set()
            release.wait(30)

    holder = threading.Thread(target=hold)
    holder.start()
    assert held.wait(30)
    replicas[1].worker.start()
    eventually(lambda: taken == ["b"])
    release.set()
    holder.join()
    eventually(lambda: taken == ["b", "a"])


@pytest.mark.parametrize("cap", [domain.Controls(most_open=3), domain.Controls(most_per_hour=3)])
def test_together_they_open_no_more_than_operators_allow(replicas: list[Replica], cap: domain.Controls) -> None:
    rows = replicas[0].rows
    with rows.database.write() as connection:
        rows.limits.keep_controls(connection, cap)
    replicas[0].mark(*MODELS)
    for replica in replicas:
        replica.opens = True
        replica.worker.start()
    eventually(lambda: rows.open_count() >= 3)
    for replica in replicas:
        replica.worker.stop()
    assert (rows.open_count(), rows.limits.opened_lately(time.time())) == (3, 3)
