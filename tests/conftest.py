"""Marks each test by its folder, and keeps the browser's tests of one file on one worker."""

from __future__ import annotations

from pathlib import Path

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
        if parts and parts[0] == "e2e":
            # a hub is started once for a file and mode; on two workers it would be started twice
            item.add_marker(pytest.mark.xdist_group("/".join((*parts, _mode(item)))))


def _mode(item: pytest.Item) -> str:
    called = getattr(item, "callspec", None)
    return str(called.params.get("mode", "")) if called is not None else ""
