from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.catalog import CatalogUnderTest, catalog_over
from tests.support.histories import History


@pytest.fixture
def history(tmp_path: Path) -> Iterator[History]:
    written = History(tmp_path)
    yield written
    written.close()


@pytest.fixture
def catalog(history: History, tmp_path: Path) -> Iterator[CatalogUnderTest]:
    with catalog_over(history, tmp_path) as made:
        yield made
