from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path

from services.catalog.application.generations import Generations
from services.catalog.projection import SOURCES
from shared.event_store.interface import LogPage
from tests.support.catalog import CatalogUnderTest, all_pages, catalog_over
from tests.support.histories import History
from tests.support.rich_history import MODELS, write

SHUFFLES = 20
READERS = ("anonymous", "owner", "reviewer")


def test_any_interleaving_of_the_logs_gives_the_same_pages(history: History, tmp_path: Path) -> None:
    write(history)
    with catalog_over(history, tmp_path, "in-order") as catalog:
        expected = all_pages(catalog.catch_up(), MODELS, who=READERS)
    for seed in range(SHUFFLES):
        with catalog_over(history, tmp_path, f"shuffled-{seed}") as catalog:
            _apply_shuffled(catalog, random.Random(seed))
            assert all_pages(catalog.application, MODELS, who=READERS) == expected, f"seed {seed}"


def _apply_shuffled(catalog: CatalogUnderTest, chance: random.Random) -> None:
    """Small steps of the four logs in random order, with reads in between that fill every cache."""
    allowed = dict.fromkeys(SOURCES, 0)
    heads = {source: catalog.history.stores[source].head()[0] for source in SOURCES}
    catalog.generations = Generations(
        catalog.database, {source: _up_to(catalog.history, source, allowed) for source in SOURCES}
    )
    catalog.application._generations = catalog.generations
    catalog.application._views._generations = catalog.generations
    while behind := [source for source in SOURCES if allowed[source] < heads[source]]:
        source = chance.choice(behind)
        allowed[source] = min(heads[source], allowed[source] + chance.randint(1, 9))
        catalog.generations.served.subscriptions[source].catch_up()
        if chance.random() < 0.1:
            all_pages(catalog.application, MODELS[:1], who=READERS)


def _up_to(history: History, source: str, allowed: dict[str, int]) -> Callable[[int, str | None, int], LogPage]:
    def read_log(after: int, mark: str | None, limit: int) -> LogPage:
        page = history.stores[source].read_log(after=after, mark=mark, limit=limit)
        events = tuple(event for event in page.events if event.position <= allowed[source])
        return LogPage(events=events, head=allowed[source])

    return read_log
