"""`rebuild catalog`: the running hub switches generations without a token being left; without one it is done here."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

from tests.integration.console.conftest import Console
from tests.support.console_world import differences, published, query
from tests.support.hub_process import HubProcess
from tests.support.running import running_hub, settings_in


def test_a_running_hub_rebuilds_at_once_and_keeps_no_token(hub: HubProcess) -> None:
    hub.start()
    # The console knows where the hub is by its data directory alone.
    done = hub.console("rebuild", "catalog", HUB_PORT="1", HUB_URL="http://127.0.0.1:2")
    assert (done.returncode, done.stdout) == (0, "catalog: generation 2 is served, 1 is gone\n"), done.stderr
    with closing(sqlite3.connect(hub.data / "identity.db")) as connection:
        assert connection.execute("SELECT count(*) FROM tokens").fetchone() == (0,)
        told = connection.execute("SELECT type FROM events WHERE type LIKE '%Token%' ORDER BY position").fetchall()
    assert told == [("hub.identity.TokenIssued.v1",), ("hub.identity.TokenRevoked.v1",)]
    assert "hub_" not in done.stdout + done.stderr
    hub.require_clean()


def test_without_an_operator_a_running_hub_is_asked_for_one(hub: HubProcess) -> None:
    hub.start()
    with closing(sqlite3.connect(hub.data / "identity.db")) as connection, connection:
        connection.execute("UPDATE people SET disabled = 1 WHERE login = 'operator'")
    done = hub.console("rebuild", "catalog")
    assert (done.returncode, len(done.stderr.splitlines())) == (1, 1)
    assert "models-hub user add NAME" in done.stderr


def test_where_no_hub_runs_it_is_done_here(console: Console, tmp_path: Path) -> None:
    with running_hub(tmp_path) as hub:
        published(hub, "kept")
    settings = settings_in(tmp_path)
    query(settings, "catalog", "DELETE FROM g1_models")
    said = console("rebuild", "catalog")
    assert (said.exit_code, said.stdout) == (0, "catalog: generation 2 is served, 1 is gone\n"), said.stderr
    assert differences(settings) == []


def test_a_command_beside_a_rebuilding_hub_leaves_its_new_generation_alone(console: Console, tmp_path: Path) -> None:
    with running_hub(tmp_path) as hub:
        published(hub, "kept")
        settings = settings_in(tmp_path)
        query(settings, "catalog", "CREATE TABLE g2_models (id TEXT)")
        for command in (("token", "add", "max", "--scope", "read"), ("user", "role", "max", "+reviewer"), ("doctor",)):
            assert console(*command).exit_code == 0, command
        assert query(settings, "catalog", "SELECT name FROM sqlite_master WHERE name = 'g2_models'") == [("g2_models",)]
