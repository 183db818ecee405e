from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import inspect

from services.catalog.application.generations import Generations
from shared.contracts import catalog as contract
from shared.contracts.common import Empty
from shared.database import Database
from tests.support.catalog import ANONYMOUS, OPERATOR, CatalogUnderTest, all_pages, catalog_over, names
from tests.support.histories import History
from tests.support.rich_history import MODELS, write

DEADLINE_S = 60.0


def eventually(condition: Callable[[], bool]) -> bool:
    deadline = time.monotonic() + DEADLINE_S
    while time.monotonic() < deadline:
        if condition():
            return True
        time.sleep(0.01)
    return False


@contextmanager
def running(generations: Generations) -> Iterator[None]:
    generations.start()
    try:
        yield
    finally:
        generations.stop()


def tables_of(database: Database) -> set[str]:
    with database.read() as connection:
        return {name.split("_")[0] for name in inspect(connection).get_table_names() if name.startswith("g")}


def test_rebuild_gives_the_same_pages(history: History, catalog: CatalogUnderTest) -> None:
    write(history)
    before = all_pages(catalog.catch_up(), MODELS)
    catalog.generations.rebuild().join(DEADLINE_S)
    assert catalog.generations.served.number == 2
    assert catalog.generations.last_error == ""
    assert all_pages(catalog.application, MODELS) == before
    assert tables_of(catalog.database) == {"g2"}


def test_catalog_answers_and_takes_events_while_it_is_rebuilt(history: History, catalog: CatalogUnderTest) -> None:
    for number in range(30):
        history.publish(f"m{number}")
    catalog.catch_up()
    answers: list[int] = []
    stop = threading.Event()

    def read() -> None:
        while not stop.is_set():
            page = catalog.application.models(contract.FindModels(sort="name"), ANONYMOUS)
            answers.append(page.total)
            catalog.application.model(contract.ReadModel(name="m1"), ANONYMOUS)

    with running(catalog.generations):
        reader = threading.Thread(target=read)
        reader.start()
        for round_ in range(3):
            catalog.application.rebuild(Empty(), OPERATOR)
            history.publish(f"n{round_}")
            catalog.generations.rebuild().join(DEADLINE_S)
        assert eventually(lambda: catalog.application.models(contract.FindModels(), ANONYMOUS).total == 33)
        stop.set()
        reader.join()
    assert answers == sorted(answers)
    assert min(answers) >= 30
    assert len(tables_of(catalog.database)) == 1


def test_changed_projection_is_built_anew_by_itself(history: History, tmp_path: Path) -> None:
    history.publish("m")
    with catalog_over(history, tmp_path, version=1) as catalog:
        catalog.catch_up()
    with catalog_over(history, tmp_path, version=2) as catalog:
        assert names(catalog.application.models(contract.FindModels(), ANONYMOUS)) == ["m"]  # the old one serves
        with running(catalog.generations):
            assert eventually(lambda: catalog.generations.served.number == 2)
        assert names(catalog.application.models(contract.FindModels(), ANONYMOUS)) == ["m"]
    with catalog_over(history, tmp_path, version=2) as catalog, running(catalog.generations):
        assert not catalog.generations.rebuilding
        assert catalog.generations.served.number == 2


def test_tables_of_another_shape_are_not_read(history: History, tmp_path: Path) -> None:
    history.publish("m")
    with catalog_over(history, tmp_path, version=1) as catalog:
        catalog.catch_up()
        with catalog.database.write() as connection:
            connection.exec_driver_sql("ALTER TABLE g1_models DROP COLUMN featured")
    with catalog_over(history, tmp_path, version=2) as catalog:
        assert names(catalog.catch_up().models(contract.FindModels(), ANONYMOUS)) == ["m"]
        assert tables_of(catalog.database) == {"g2"}


def test_leftovers_of_an_interrupted_rebuild_go(history: History, tmp_path: Path) -> None:
    history.publish("m")
    with catalog_over(history, tmp_path) as catalog:
        catalog.catch_up()
        catalog.generations._make(2).catch_up()
        assert tables_of(catalog.database) == {"g1", "g2"}
    with catalog_over(history, tmp_path) as catalog:
        assert tables_of(catalog.database) == {"g1"}
        catalog.generations.rebuild().join(DEADLINE_S)
        assert names(catalog.application.models(contract.FindModels(), ANONYMOUS)) == ["m"]


def test_restored_log_is_read_from_the_start(history: History, tmp_path: Path) -> None:
    history.publish("kept")
    history.publish("lost")
    other = tmp_path / "restored"
    other.mkdir()
    restored = History(other)
    restored.publish("kept")
    with catalog_over(history, tmp_path) as catalog:
        catalog.catch_up()
        history.stores.update(restored.stores)
        catalog.generations = Generations(
            catalog.database, {source: restored.read_log(source) for source in restored.stores}
        )
        catalog.application._views._generations = catalog.generations
        with running(catalog.generations):
            assert eventually(lambda: catalog.generations.served.number == 2)
        page = catalog.application.models(contract.FindModels(), ANONYMOUS)
        assert names(page) == ["kept"]
    restored.close()


def test_restart_goes_on_where_it_stood(history: History, tmp_path: Path) -> None:
    history.publish("a")
    with catalog_over(history, tmp_path) as catalog:
        catalog.catch_up()
        before = catalog.application.version(Empty(), ANONYMOUS).version
    with catalog_over(history, tmp_path) as catalog:
        assert catalog.application.version(Empty(), ANONYMOUS).version == before
        history.publish("b")
        assert names(catalog.catch_up().models(contract.FindModels(sort="name"), ANONYMOUS)) == ["a", "b"]


def test_stop_returns_also_where_a_refresh_takes_its_wake_up(history: History, catalog: CatalogUnderTest) -> None:
    history.publish("m")
    served = catalog.generations.served
    stopping = served._stopping

    class LateToClear(threading.Event):
        """A refresh that has begun before `stop`, and is slow."""

        def clear(self) -> None:
            if threading.current_thread().name.startswith("catalog-index"):
                stopping.wait(DEADLINE_S)
            super().clear()

    served._behind = LateToClear()
    served._behind.set()
    catalog.generations.start()
    served._behind.set()
    stop = threading.Thread(target=catalog.generations.stop, daemon=True)
    stop.start()
    stop.join(10)
    assert not stop.is_alive()
