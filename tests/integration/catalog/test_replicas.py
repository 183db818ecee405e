"""Every replica shows what is in the database, whoever applied it, and replicas agree on what is served."""

from __future__ import annotations

import random
import sqlite3
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Any

import pytest

from services.catalog.application.source_reader import SourceReader
from services.catalog.doctor import examine
from services.catalog.projection import SOURCES
from shared.contracts import catalog as contract
from shared.contracts.common import Empty
from shared.errors import NotFound, Unavailable
from tests.integration.catalog.replicas import Replicas, doing, eventually, no_logs
from tests.support.catalog import ANONYMOUS, OPERATOR, OWNER, CatalogUnderTest, all_pages, catalog_over, names
from tests.support.histories import History
from tests.support.rich_history import MODELS, write
from tests.support.servers import postgresql

READERS = ("anonymous", "owner", "reviewer")


@pytest.fixture(params=["sqlite", "postgresql"])
def replicas(request: pytest.FixtureRequest, history: History, tmp_path: Path) -> Iterator[Replicas]:
    with ExitStack() as stack:
        if request.param == "sqlite":
            url = f"sqlite:///{tmp_path / 'catalog'}.db"
        else:
            url = stack.enter_context(postgresql().database())
        yield Replicas(history, url, stack)


def found(catalog: CatalogUnderTest, **more: Any) -> list[str]:
    return names(catalog.application.models(contract.FindModels(sort="name", **more), OWNER))


def test_a_replica_shows_what_another_one_has_applied(history: History, replicas: Replicas) -> None:
    one, other = replicas.make(), replicas.started(read_logs=no_logs())
    assert found(other) == []
    told: list[object] = []
    other.generations.on_applied("registry", told.append)
    history.publish("a")
    one.catch_up()
    eventually(lambda: found(other) == ["a"], what="the other replica shows it in lists")
    assert other.application.model(contract.ReadModel(name="a"), ANONYMOUS).name == "a"
    assert other.generations.served.positions() == one.generations.served.positions()
    assert told
    feed = contract.ReadFeed(type="llm")
    assert other.application.feed(feed, ANONYMOUS) == one.application.feed(feed, ANONYMOUS)
    assert other.application.version(Empty(), ANONYMOUS) == one.application.version(Empty(), ANONYMOUS)


def test_min_position_waits_for_what_another_replica_applies(history: History, replicas: Replicas) -> None:
    one, other = replicas.make(), replicas.started(read_logs=no_logs())
    history.publish("a")
    one.catch_up()
    for number in range(10):
        name = f"m{number}"
        position = f"registry:{history.publish(name).position}"
        other.application.models(contract.FindModels(), OWNER)  # what is kept in memory is not what is answered
        later = threading.Timer(0.05, one.catch_up)
        later.start()
        assert name in found(other, min_position=position, per_page=100)
        asked = contract.ReadModel(name=name, min_position=position)
        detail = other.application.model(asked, OWNER)
        assert (detail.name, detail.stale) == (name, False)
        later.join()


def test_what_nobody_has_applied_is_said_to_be_stale(history: History, replicas: Replicas) -> None:
    other = replicas.started(read_logs=no_logs())
    position = f"registry:{history.publish('a').position}"
    assert other.application.models(contract.FindModels(min_position=position), OWNER).stale
    with pytest.raises(NotFound) as refusal:
        other.application.model(contract.ReadModel(name="a", min_position=position), OWNER)
    assert refusal.value.details["stale"] is True
    with pytest.raises(NotFound) as refusal:
        other.application.model(contract.ReadModel(name="a"), OWNER)
    assert "stale" not in refusal.value.details


def test_what_was_seen_of_one_replica_is_shown_by_the_others(history: History, replicas: Replicas) -> None:
    """As a gateway asks, for whoever reads: neither replica has looked at the database by itself."""
    one, other = replicas.make(), replicas.make()
    assert other.application.models(contract.FindModels(), ANONYMOUS).total == 0
    for number in range(3):
        history.publish(f"m{number}")
        one.catch_up()
        seen = f"catalog:{one.application.version(Empty(), ANONYMOUS).version}"
        assert other.application.models(contract.FindModels(min_position=seen), ANONYMOUS).total == number + 1
        feed = contract.ReadFeed(type="llm", min_position=seen)
        assert other.application.feed(feed, ANONYMOUS).served == number + 1
        one.generations.rebuild().join(30)
        seen = f"catalog:{one.application.version(Empty(), ANONYMOUS).version}"
        assert other.application.models(contract.FindModels(min_position=seen), ANONYMOUS).total == number + 1
        assert other.generations.served.number == one.generations.served.number


def test_a_waiting_reader_has_the_log_read_where_nobody_applies(history: History, replicas: Replicas) -> None:
    alone = replicas.started()
    position = f"registry:{history.publish('a').position}"
    page = alone.application.models(contract.FindModels(min_position=position), OWNER)
    assert (names(page), page.stale) == (["a"], False)


def test_any_interleaving_over_two_replicas_gives_the_same_pages(
    history: History, replicas: Replicas, tmp_path: Path
) -> None:
    write(history)
    with catalog_over(history, tmp_path, "expected") as alone:
        expected = all_pages(alone.catch_up(), MODELS, who=READERS)
    chance = random.Random(7)
    pair = [replicas.make(), replicas.make()]
    heads = {source: history.stores[source].head()[0] for source in SOURCES}
    for catalog in pair:
        for subscription in catalog.generations.served.subscriptions.values():
            subscription._batch = 3
    while any(max(c.generations.served.position(s) for c in pair) < head for s, head in heads.items()):
        catalog = chance.choice(pair)
        catalog.generations.served.subscriptions[chance.choice(SOURCES)]._step()
        if chance.random() < 0.2:
            reader = chance.choice(pair)
            reader.generations.look()
            all_pages(reader.application, MODELS[:1], who=READERS)
    for catalog in pair:
        catalog.generations.look()
        assert all_pages(catalog.application, MODELS, who=READERS) == expected


def test_others_go_over_to_a_generation_that_one_has_built(history: History, replicas: Replicas) -> None:
    for number in range(10):
        history.publish(f"m{number}")
    one, other = replicas.started(), replicas.started()
    eventually(lambda: len(found(one)) == len(found(other)) == 10, what="both show all")
    counts: list[int] = []

    def read() -> None:
        counts.append(other.application.models(contract.FindModels(), ANONYMOUS).total)
        other.application.model(contract.ReadModel(name="m1"), ANONYMOUS)

    with doing(read) as failures:
        for round_ in range(2):
            one.application.rebuild(Empty(), OPERATOR)
            history.publish(f"n{round_}")
            one.generations.rebuild().join(30)
            eventually(
                lambda: other.generations.served.number == one.generations.served.number, what="the other follows"
            )
        eventually(lambda: len(found(other)) == 12, what="the other goes on")
    assert failures == []
    assert counts == sorted(counts)


def test_old_tables_go_once_nobody_uses_them(history: History, replicas: Replicas) -> None:
    history.publish("a")
    one, other = replicas.make(), replicas.make()
    one.catch_up()
    one.generations.rebuild().join(30)
    one.generations._ledger.sweep(keep=2)
    assert replicas.generations() == {1, 2}  # the other one reads it
    assert found(other) == ["a"]
    other.generations.look()
    assert other.generations.served.number == 2
    one.generations._ledger.sweep(keep=2)
    assert replicas.generations() == {2}


def test_a_replica_that_died_keeps_no_tables(history: History, replicas: Replicas) -> None:
    one, _dead = replicas.make(), replicas.make()
    one.generations.rebuild().join(30)
    replicas.clock += 60
    one.generations._ledger.sweep(keep=2)
    assert replicas.generations() == {2}


def test_a_reader_of_dropped_tables_goes_over_and_answers(history: History, replicas: Replicas) -> None:
    history.publish("a")
    one, other = replicas.make(), replicas.make()
    one.catch_up()
    other.generations.look()
    assert found(other) == ["a"]
    one.generations.rebuild().join(30)
    one.generations._ledger.drop(1)
    assert other.application.revisions(contract.ReadModel(name="a"), OWNER).total == 1
    assert other.generations.served.number == 2
    assert found(other) == ["a"]


def test_replicas_that_start_on_an_empty_database_at_once_share_a_generation(
    history: History, replicas: Replicas
) -> None:
    history.publish("a")
    with ThreadPoolExecutor(4) as pool:
        made = list(pool.map(lambda _: replicas.make(), range(4)))
    for catalog in made:
        replicas.start(catalog)
    eventually(lambda: all(found(catalog) == ["a"] for catalog in made), what="all show it")
    assert replicas.generations() == {1}


def test_a_start_leaves_what_another_replica_is_building(history: History, replicas: Replicas) -> None:
    one = replicas.make()
    number = one.generations._ledger.claim(instead_of=1)
    assert number == 2
    one.generations._make(2)
    other = replicas.make()
    assert replicas.generations() == {1, 2}
    assert other.generations._ledger.build_goes_on(2) is False
    assert one.generations._ledger.switch(2)
    other.generations.look()
    assert other.generations.served.number == 2


def test_rebuilds_asked_for_at_once_make_one_generation(history: History, replicas: Replicas) -> None:
    history.publish("a")
    one, other = replicas.started(), replicas.started()
    threads = [one.generations.rebuild(), other.generations.rebuild()]
    for thread in threads:
        thread.join(30)
    eventually(lambda: one.generations.served.number == other.generations.served.number == 2, what="both on it")
    assert found(one) == found(other) == ["a"]


def test_a_builder_that_died_is_replaced(history: History, replicas: Replicas) -> None:
    history.publish("a")
    dead, other = replicas.make(), replicas.make()
    dead.generations._ledger.claim(instead_of=1)
    dead.generations._make(2).catch_up()
    thread = other.generations.rebuild()
    thread.join(0.5)
    assert thread.is_alive()  # it waits for who builds
    other.generations.look()
    assert other.generations.rebuilding
    replicas.clock += 60
    thread.join(30)
    assert other.generations.served.number == 3
    assert not dead.generations._ledger.switch(2)
    other.generations._ledger.sweep(keep=3)
    assert replicas.generations() == {3}


def test_doctor_finds_nothing_in_what_replicas_hold(history: History, replicas: Replicas) -> None:
    write(history)
    one, other = replicas.make(), replicas.make()
    one.catch_up()
    other.generations.rebuild().join(30)
    with replicas.database() as database:
        logs = {source: history.read_log(source) for source in SOURCES}
        for check in examine(database, logs):
            assert not check.differs, (check.subject, check.differs)


def test_a_build_that_died_is_none(history: History, replicas: Replicas) -> None:
    dead, other = replicas.make(), replicas.make()
    dead.generations._ledger.claim(instead_of=1)
    other.generations.look()
    assert other.generations.rebuilding
    replicas.clock += 60
    other.generations.look()
    assert not other.generations.rebuilding


def test_each_release_keeps_a_generation_of_its_own_while_both_serve(history: History, replicas: Replicas) -> None:
    history.publish("a")
    old = replicas.started(version=1)
    eventually(lambda: found(old) == ["a"], what="the old release serves")
    new = replicas.started(version=2)
    assert found(new) == ["a"]
    eventually(lambda: new.generations.served.number == 2, what="the new release has built its own")
    history.publish("b")
    eventually(lambda: found(old) == found(new) == ["a", "b"], what="both go on")
    again = replicas.started(version=1)
    eventually(lambda: found(again) == ["a", "b"], what="the old release starts again")
    assert (old.generations.served.number, again.generations.served.number) == (1, 1)
    assert not again.generations.rebuilding
    for catalog in (old, again):
        catalog.generations.stop()
    replicas.clock += 60
    new.generations._ledger.use(2)
    new.generations._ledger.sweep(keep=2)
    assert replicas.generations() == {1, 2}  # one may go back to it
    replicas.clock += 700
    new.generations._ledger.sweep(keep=2)
    assert replicas.generations() == {2}


def test_a_release_leaves_the_tables_of_others_alone_and_builds_before_it_serves(
    history: History, replicas: Replicas
) -> None:
    history.publish("a")
    old = replicas.started(version=1)
    eventually(lambda: found(old) == ["a"], what="the old release serves")
    with old.database.write() as connection:
        connection.exec_driver_sql("ALTER TABLE g1_models DROP COLUMN conflict_paths")
    new = replicas.make(version=2)
    position = history.publish("b").position
    readers = [SourceReader(new.generations, source) for source in SOURCES]
    with pytest.raises(Unavailable):
        found(new)
    for reader in readers:
        reader.deliver([])
        reader.wake()
    assert new.generations.served.position("registry") < position
    replicas.start(new)
    assert found(new) == ["a", "b"]
    assert new.generations.served.number == 2
    assert replicas.generations() == {1, 2}


def test_a_restored_log_is_read_anew_by_all(history: History, replicas: Replicas, tmp_path: Path) -> None:
    history.publish("kept")
    history.publish("lost")
    folder = tmp_path / "restored"
    folder.mkdir()
    with closing(History(folder)) as restored:
        restored.publish("kept")
        one, other = replicas.started(), replicas.started()
        eventually(lambda: len(found(one)) == len(found(other)) == 2, what="both show all")
        history.stores.update(restored.stores)
        logs = {source: restored.read_log(source) for source in SOURCES}
        for catalog in (one, other):
            catalog.generations._read_logs = logs
            for source, subscription in catalog.generations.served.subscriptions.items():
                subscription._read_log = logs[source]
        eventually(lambda: found(one) == found(other) == ["kept"], what="both show what the log holds")
        eventually(lambda: one.generations.served.number == other.generations.served.number, what="both serve the same")
        for catalog in (one, other):
            catalog.generations.stop()


def test_a_restored_database_leaves_nothing_in_memory(history: History, tmp_path: Path) -> None:
    """As PostgreSQL would be restored under running replicas; here a file is copied over."""
    file, copy = tmp_path / "catalog.db", tmp_path / "copy.db"
    with ExitStack() as stack:
        replicas = Replicas(history, f"sqlite:///{file}", stack)
        one, other = replicas.make(), replicas.make(read_logs=no_logs())
        history.publish("a")
        one.catch_up()
        one.database.copy_to(copy)
        for number in range(5):
            history.publish(f"m{number}")
        one.catch_up()
        other.generations.look()
        assert len(found(other)) == 6
        with closing(sqlite3.connect(copy)) as source, closing(sqlite3.connect(file)) as target:
            source.backup(target)
        other.generations.look()
        assert found(other) == ["a"]
        assert other.application.my_models(contract.FindMyModels(), OWNER).total == 1
        one.generations.look()
        one.catch_up()
        other.generations.look()
        assert len(found(other)) == len(found(one)) == 6


def test_a_frozen_replica_catches_up_with_time_passed(history: History, replicas: Replicas) -> None:
    """Frozen for so long that its generation is gone and the next one too."""
    history.publish("a")
    one, frozen = replicas.make(), replicas.make()
    one.catch_up()
    frozen.generations.look()
    for _ in range(2):
        one.generations.rebuild().join(30)
        replicas.clock += 60
        one.generations._ledger.use(one.generations.served.number)
        one.generations._ledger.sweep(keep=one.generations.served.number)
    assert replicas.generations() == {3}
    started = time.monotonic()
    assert found(frozen) == ["a"]
    assert time.monotonic() - started < 20
    assert frozen.generations.served.number == 3
