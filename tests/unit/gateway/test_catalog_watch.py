from __future__ import annotations

from typing import Any, cast

import pytest

from gateway.catalog_watch import CatalogWatch, Newest, watched
from shared.contracts.catalog import Catalog, CatalogVersion, FindModels, ModelPage
from shared.contracts.common import Caller, Empty
from shared.errors import Unavailable


class FakeCatalog:
    """A version that the test moves, and what was asked for."""

    def __init__(self) -> None:
        self.version_is = "1.7"
        self.fails = False
        self.asked: list[Any] = []

    def version(self, request: Empty, caller: Caller) -> CatalogVersion:
        if self.fails:
            raise Unavailable("catalog does not answer")
        return CatalogVersion(version=self.version_is, public_models=3)

    def models(self, request: FindModels, caller: Caller) -> ModelPage:
        self.asked.append(request.min_position)
        return cast(ModelPage, None)


class World:
    def __init__(self) -> None:
        self.now = 1000.0
        self.behind = FakeCatalog()
        self.watch = CatalogWatch(cast(Catalog, self.behind), clock=lambda: self.now)
        self.catalog = watched(cast(Catalog, self.behind), self.watch)

    def version(self) -> str:
        return self.catalog.version(Empty(), Caller()).version

    def sees(self, version: str) -> None:
        self.behind.version_is = version
        self.watch.look()


@pytest.fixture
def world() -> World:
    return World()


def test_version_is_asked_for_until_it_is_known_and_then_by_the_watch_alone(world: World) -> None:
    assert world.version() == "1.7"
    world.watch.look()
    world.behind.version_is = "1.8"
    assert world.version() == "1.7"
    world.watch.look()
    assert world.version() == "1.8"


def test_a_read_asks_for_at_least_what_was_seen(world: World) -> None:
    world.catalog.models(FindModels(), Caller())
    world.sees("2.40")
    world.catalog.models(FindModels(), Caller())
    world.catalog.models(FindModels(min_position="registry:3"), Caller())
    assert world.behind.asked == ["", "catalog:2.40", "catalog:2.40,registry:3"]


def test_a_replica_that_is_behind_moves_nothing(world: World) -> None:
    world.sees("2.100")
    world.sees("2.99")
    assert world.version() == "2.100"
    world.sees("3.1")
    world.sees("2.500")
    assert world.version() == "3.1"


def test_a_catalog_that_stays_behind_was_restored(world: World) -> None:
    world.sees("2.100")
    world.now += 4
    world.sees("2.90")
    assert world.version() == "2.100"
    world.now += 2
    world.sees("2.91")
    assert world.version() == "2.91"


def test_one_replica_far_behind_does_not_count_while_another_is_ahead() -> None:
    now = [0.0]
    newest = Newest(clock=lambda: now[0])
    for second in range(20):
        now[0] = float(second)
        assert newest.takes("1.50")
        assert not newest.takes("1.10")


def test_a_catalog_that_is_away_is_said_to_be_and_is_asked_for_what_was_seen_when_it_is_back(world: World) -> None:
    changes: list[str] = []
    world.watch.on_changed(lambda: changes.append(world.watch.seen))
    world.sees("1.7")
    world.behind.fails = True
    world.watch.look()
    with pytest.raises(Unavailable):
        world.version()
    assert world.watch.seen == "1.7"
    world.behind.fails = False
    world.watch.look()
    assert world.version() == "1.7"
    assert changes == ["1.7", "1.7"]
