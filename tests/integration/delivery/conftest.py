"""A log and a reader of it, each in a database of its own."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.support.log_reading import Hub, Reader


@pytest.fixture
def hub(tmp_path: Path) -> Iterator[Hub]:
    with ExitStack() as stack:
        yield Hub(tmp_path, stack)


@pytest.fixture
def reader(hub: Hub) -> Reader:
    return Reader(hub.database("reader"))
