"""Whatever the console refuses, it says in a line what to do."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from tests.integration.console.conftest import Console

COMMANDS = (
    "run",
    "import SOURCE",
    "user add NAME --email E [--role R]… --password-stdin",
    "user role NAME +ROLE|-ROLE",
    "token add NAME --scope read|write|admin",
    "rebuild catalog",
    "backup FILE",
    "restore FILE",
    "doctor",
    "lint FILE --type T",
    "submit FILE --type T [--readme F] [--public]",
    "pull --type T [--dir D]",
)


def test_help_lists_every_command(console: Console) -> None:
    said = console("--help")
    assert said.exit_code == 0
    assert [command for command in COMMANDS if f"\n  {command}" not in said.output] == []


@pytest.mark.parametrize("command", ["run", "doctor", "backup x.tar.gz", "rebuild catalog", "pull --type llm"])
def test_unknown_settings_are_refused_by_every_command(console: Console, command: str) -> None:
    said = console(*command.split(), HUB_DATA_DIRR="x", HUB_PORT="none")
    assert said.exit_code == 1
    assert said.stderr.splitlines() == [
        "models-hub: HUB_DATA_DIRR: no such setting; did you mean HUB_DATA_DIR?",
        "models-hub: HUB_PORT: expected a port from 1 to 65535",
    ]


@pytest.mark.parametrize(
    "command",
    [
        "doctor",
        "backup x.tar.gz",
        "rebuild catalog",
        "token add max --scope read",
        "user role max +reviewer",
        "user add max --email m@example.org --password-stdin",
    ],
)
def test_a_mistyped_data_directory_makes_no_new_hub(console: Console, tmp_path: Path, command: str) -> None:
    said = console(*command.split(), HUB_DATA_DIR=str(tmp_path / "mistyped"))
    assert (said.exit_code, len(said.stderr.splitlines())) == (1, 1)
    assert "expected a hub's files, found none" in said.stderr
    assert not (tmp_path / "mistyped").exists()


def test_a_taken_port_is_one_line_and_nothing_is_started(console: Console, tmp_path: Path) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        said = console("run", HUB_PORT=str(other.getsockname()[1]))
    assert (said.exit_code, len(said.stderr.splitlines())) == (1, 1)
    assert "another program listens there" in said.stderr
    assert not (tmp_path / "var" / "registry.db").exists()


def test_an_address_of_another_machine_is_one_line(console: Console) -> None:
    said = console("run", HUB_HOST="192.0.2.1")
    assert (said.exit_code, len(said.stderr.splitlines())) == (1, 1)
    assert "expected an address of this machine" in said.stderr


def test_a_data_directory_that_cannot_be_is_one_line(console: Console, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    said = console("run", HUB_DATA_DIR=str(tmp_path / "file" / "var"))
    assert (said.exit_code, len(said.stderr.splitlines())) == (1, 1)
    assert "file/var: Not a directory" in said.stderr


def test_a_restore_of_what_is_no_backup_is_one_line(console: Console, tmp_path: Path) -> None:
    (tmp_path / "x.tar.gz").write_bytes(b"no archive")
    said = console("restore", "x.tar.gz")
    assert (said.exit_code, len(said.stderr.splitlines())) == (1, 1)
    assert "expected a whole backup" in said.stderr


def test_a_hub_that_does_not_answer_is_one_line(console: Console, tmp_path: Path) -> None:
    (tmp_path / "m.json").write_text("{}")
    said = console("lint", "m.json", "--type", "llm", HUB_URL="http://127.0.0.1:1")
    assert (said.exit_code, said.stderr) == (
        1,
        "models-hub: http://127.0.0.1:1: expected a hub there, nothing answers; check HUB_URL\n",
    )


def test_submitting_without_a_token_says_where_to_get_one(console: Console, tmp_path: Path) -> None:
    (tmp_path / "m.json").write_text("{}")
    said = console("submit", "m.json", "--type", "llm")
    assert (said.exit_code, "make one in the User Center" in said.stderr) == (1, True)
