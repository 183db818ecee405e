"""A feed that is kept between events is the one that would be made anew after each of them."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

from services.catalog.application.feeds import Feeds
from shared.client_release_table import packaged_table
from shared.contracts.catalog import ReadFeed
from shared.event_store.interface import RecordedEvent
from shared.events.registry import ModelArchived, ModelRestored
from tests.support import rich_history
from tests.support.catalog import ANONYMOUS, CatalogUnderTest, catalog_over
from tests.support.histories import History


class WatchedHistory(History):
    """Calls `look` after each event."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.look: Callable[[], None] = lambda: None

    def add(self, event: Any, *, actor: str = "someone", stream: str = "") -> RecordedEvent:
        recorded = super().add(event, actor=actor, stream=stream)
        self.look()
        return recorded


def _same(catalog: CatalogUnderTest) -> None:
    catalog.catch_up()
    kept = catalog.application.feed(ReadFeed(type="llm"), ANONYMOUS)
    generation = catalog.generations.served
    with catalog.database.read() as connection:
        anew = Feeds(packaged_table(), "1.13.0").public(connection, generation, "llm", generation.version())
    assert kept.body == anew.body.decode()


def test_kept_feed_is_the_one_made_anew_after_every_event(tmp_path: Path) -> None:
    with closing(WatchedHistory(tmp_path)) as history, catalog_over(history, tmp_path) as catalog:
        history.look = lambda: _same(catalog)
        rich_history.write(history)
        history.add(ModelArchived(model_name="pub", reason="obsolete"))
        history.add(ModelRestored(model_name="pub", reason="not so"))
        history.import_model("imported", revision=2, order=7)


def test_kept_feed_follows_many_events_at_once(tmp_path: Path) -> None:
    with closing(WatchedHistory(tmp_path)) as history, catalog_over(history, tmp_path) as catalog:
        _same(catalog)
        for number in range(30):
            history.publish(f"m{number}")
        _same(catalog)
        history.add(ModelArchived(model_name="m3", reason="obsolete"))
        _same(catalog)
