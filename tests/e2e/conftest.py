"""The two modes of a hub under test; one browser for all browser tests of a worker."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser

from tests.support.browser import launched
from tests.support.running import MODES


@pytest.fixture(scope="module", params=MODES)
def mode(request: pytest.FixtureRequest) -> str:
    """A test that takes a hub of a mode runs once in each: the modes differ in their composition root alone."""
    found: str = request.param
    return found


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    with launched() as started:
        yield started
