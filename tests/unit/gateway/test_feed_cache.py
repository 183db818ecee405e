from __future__ import annotations

from pathlib import Path
from typing import cast

import pytest

from gateway.feed_cache import TYPES, FeedCache, takes_gzip
from gateway.kept_feed import KeptFeed
from shared.contracts.catalog import Catalog, Feed, FeedVersions, ReadFeed, ReadFeedVersions
from shared.contracts.common import Caller
from shared.errors import Unavailable


@pytest.mark.parametrize(
    ("accept", "taken"),
    [
        ("gzip, deflate, br", True),
        ("br;q=0, gzip", True),
        ("gzip;q=0.5", True),
        ("", False),
        ("identity", False),
        ("gzip;q=0", False),
        ("gzip; q=0.0, identity", False),
    ],
)
def test_gzip_is_sent_to_those_who_take_it(accept: str, taken: bool) -> None:
    assert takes_gzip(accept) is taken


class FakeCatalog:
    """Two replicas that take turns: `versions` of one answer after the other, each with its own feed."""

    def __init__(self, *versions: str) -> None:
        self.versions = list(versions)
        self.asked: list[str] = []
        self.fails = False

    def feed_versions(self, request: ReadFeedVersions, caller: Caller) -> FeedVersions:
        if self.fails:
            raise Unavailable("catalog does not answer")
        version = self.versions.pop(0) if len(self.versions) > 1 else self.versions[0]
        return FeedVersions(etags=dict.fromkeys(TYPES, f'"{version}"'), version=version)

    def feed(self, request: ReadFeed, caller: Caller) -> Feed:
        self.asked.append(request.min_position)
        version = request.min_position.removeprefix("catalog:")
        return Feed(etag=f'"{version}"', body=f'["{version}"]')


def cache(catalog: FakeCatalog, folder: Path | None = None) -> FeedCache:
    return FeedCache(cast(Catalog, catalog), kept=KeptFeed(folder) if folder else None)


def body(made: FeedCache) -> bytes:
    snapshot = made.get("llm")
    return snapshot.body if snapshot is not None else b""


def test_feed_is_fetched_at_the_version_that_was_told() -> None:
    catalog = FakeCatalog("1.5")
    made = cache(catalog)
    made.refresh()
    assert set(catalog.asked) == {"catalog:1.5"}


def test_an_older_replica_takes_no_newer_feed_away() -> None:
    made = cache(FakeCatalog("1.5", "1.4", "1.6"))
    shown = []
    for _ in range(3):
        made.refresh()
        shown.append(body(made))
    assert shown == [b'["1.5"]', b'["1.5"]', b'["1.6"]']


def test_kept_feed_serves_a_start_without_catalog(tmp_path: Path) -> None:
    cache(FakeCatalog("1.5"), tmp_path).refresh()
    away = FakeCatalog("1.6")
    away.fails = True
    made = cache(away, tmp_path)
    made.start()
    try:
        assert body(made) == b'["1.5"]'
        assert made.get("llm").etag == '"1.5"'  # type: ignore[union-attr]
        away.fails = False
        made.refresh()
        assert body(made) == b'["1.6"]'
    finally:
        away.fails = True
        made.stop()


@pytest.mark.parametrize("spoil", [b"", b'"1.5"\n', b'"1.5"\nabc\n[]'])
def test_a_kept_feed_that_is_not_whole_is_none(tmp_path: Path, spoil: bytes) -> None:
    kept = KeptFeed(tmp_path / "feed")
    kept.keep("llm", '"1.5"', b"[]\n[]")
    assert kept.find("llm") == ('"1.5"', b"[]\n[]")
    (tmp_path / "feed" / "llm.feed").write_bytes(spoil)
    assert kept.find("llm") is None


def test_a_disk_that_cannot_be_written_costs_nothing_else(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    made = cache(FakeCatalog("1.5"), tmp_path / "file")
    made.refresh()
    assert body(made) == b'["1.5"]'
