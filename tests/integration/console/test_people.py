"""`user` and `token`, beside a hub on its own machine."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.integration.console.conftest import Console
from tests.support.running import TestHub, running_hub


@pytest.fixture
def hub(tmp_path: Path) -> Iterator[TestHub]:
    with running_hub(tmp_path) as running:
        yield running


def test_an_account_made_beside_the_hub_can_sign_in_at_once(hub: TestHub, console: Console) -> None:
    said = console(
        *("user", "add", "nina", "--email", "n@example.org", "--role", "maintainer", "--role", "reviewer"),
        "--password-stdin",
        typed="a long enough password\n",
    )
    assert (said.exit_code, said.stdout) == (0, "nina: user, maintainer, reviewer\n"), said.stderr
    body = {"login": "nina", "password": "a long enough password"}
    assert hub.api(None).post("/session", body).status_code == 200
    assert "password" not in said.output


def test_roles_come_and_go(hub: TestHub, console: Console) -> None:
    assert console("user", "role", "uma", "+reviewer").stdout == "uma: user, reviewer\n"
    assert console("user", "role", "uma", "-reviewer").stdout == "uma: user\n"
    assert console("user", "role", "uma", "reviewer").exit_code == 2
    said = console("user", "role", "olga", "-operator")
    assert (said.exit_code, "last operator" in said.stderr) == (1, True)


def test_a_token_is_printed_alone_and_works(hub: TestHub, console: Console) -> None:
    said = console("token", "add", "max", "--scope", "read", "--days", "1")
    assert (said.exit_code, said.stderr, len(said.stdout.splitlines())) == (0, "", 1)
    headers = {"Authorization": f"Bearer {said.stdout.strip()}"}
    assert hub.app.test_client().get("/api/v1/me", headers=headers).get_json()["login"] == "max"


def test_nobody_is_one_line(hub: TestHub, console: Console) -> None:
    said = console("token", "add", "nobody", "--scope", "read")
    assert (said.exit_code, said.stderr) == (1, "models-hub: account nobody: there is none; check the spelling\n")
