"""The first start of a split hub on servers of one's own: the console is told of its databases."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from gateway.embedded import SERVICES
from shared.migrations import migrate
from tests.integration.console.conftest import Console
from tests.support.hub_process import generated_source
from tests.support.servers import postgresql


@pytest.fixture
def databases() -> Iterator[dict[str, str]]:
    with ExitStack() as stack:
        urls = {service: stack.enter_context(postgresql().database()) for service in SERVICES}
        for service, url in urls.items():
            migrate(service, url)
        yield {f"DATABASE_URL_{service.upper()}": url for service, url in urls.items()}


def test_first_start_imports_and_makes_accounts_once(
    console: Console, databases: dict[str, str], tmp_path: Path
) -> None:
    settings = {**databases, "HUB_CATALOG_SOURCE": str(generated_source(tmp_path / "source", 3))}
    first = console("first-start", **settings)
    assert first.exit_code == 0, first.output
    assert "3 models imported" in first.output
    assert "operator" in (tmp_path / "var" / "first-accounts.txt").read_text(encoding="utf-8")
    again = console("first-start", **settings)
    assert (again.exit_code, again.output) == (0, "")
    assert console("token", "add", "operator", "--scope", "admin", **settings).exit_code == 0
    assert console("doctor", **settings).exit_code == 0
    assert not list((tmp_path / "var").glob("*.db"))


def test_first_start_needs_every_database(console: Console) -> None:
    none = console("first-start")
    assert none.exit_code == 1
    assert "DATABASE_URL_<SERVICE>" in none.output
    some = console("first-start", DATABASE_URL_REGISTRY="postgresql://there/registry")
    assert some.exit_code == 1
    assert "DATABASE_URL_REVIEW, DATABASE_URL_IDENTITY" in some.output
