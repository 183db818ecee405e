"""Marks each test by its folder, and keeps the tests of one hub on one worker."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

HERE = Path(__file__).parent
LEVELS = ("unit", "integration", "e2e")


def pytest_configure(config: pytest.Config) -> None:
    for level in LEVELS:
        config.addinivalue_line("markers", f"{level}: tests/{level}")


# First, for xdist reads the groups in the same hook.
@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        parts = item.path.relative_to(HERE).parts if item.path.is_relative_to(HERE) else ()
        if parts and parts[0] in LEVELS:
            item.add_marker(parts[0])


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """Tests of one hub stay together on one worker."""
    from tests.support.grouping import TogetherOrAlone

    return TogetherOrAlone(config, log) if config.getvalue("dist") == "loadgroup" else None
