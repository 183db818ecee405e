"""A log, its relay and its readers over real servers; each test has databases and a virtual host of its own."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from tests.support.brokered import World
from tests.support.servers import rabbitmq


@pytest.fixture
def world() -> Iterator[World]:
    with ExitStack() as stack:
        yield World(stack, stack.enter_context(rabbitmq().vhost()))
