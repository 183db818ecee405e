from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.github import FakeGitHub, fake_github
from tests.support.github.asking import Client

FILES = {"a.json": "[]\n", "b/c.json": "[2]\n", "big.json": "x" * 1_100_000}


@pytest.fixture
def github(tmp_path: Path) -> Iterator[FakeGitHub]:
    with fake_github(tmp_path, FILES) as made:
        made.user("hub", token="ghp_hub")
        made.user("uma", token="ghp_uma", push=False)
        yield made


@pytest.fixture
def hub(github: FakeGitHub) -> Client:
    return Client(github, "ghp_hub")


@pytest.fixture
def uma(github: FakeGitHub) -> Client:
    """Without the right to push."""
    return Client(github, "ghp_uma")
