"""The console command against data directories and hubs of its own."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from gateway.cli import main
from tests.support.hub_process import HubProcess

Console = Callable[..., Result]


@pytest.fixture
def console(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Console:
    """`models-hub` in this process; settings by keyword, the data directory is `tmp_path/var` without one."""
    monkeypatch.chdir(tmp_path)

    def run(*arguments: str, typed: str = "", **settings: str) -> Result:
        environment = {"HUB_DATA_DIR": str(tmp_path / "var"), "HUB_CATALOG_SOURCE": "none", **settings}
        return CliRunner(env=environment).invoke(main, list(arguments), input=typed)

    return run


@pytest.fixture
def hub(tmp_path: Path) -> Iterator[HubProcess]:
    """Not started yet; whatever is left of it is killed afterwards."""
    process = HubProcess(tmp_path)
    yield process
    process.end()
