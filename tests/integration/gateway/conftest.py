"""One small hub for all tests of pages: they look, and change only what is their own."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support.hub import pages_hub
from tests.support.running import TestHub


@pytest.fixture(scope="session")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestHub]:
    with pages_hub(tmp_path_factory.mktemp("hub")) as found:
        yield found
