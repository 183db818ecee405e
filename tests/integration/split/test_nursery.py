"""The process that service processes are forked from: what it shares with them, and what it must not."""

from __future__ import annotations

import re
import socket
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from tests.support.hub_process import free_port
from tests.support.polling import eventually
from tests.support.split_nursery import Nursery

_WATCHED = re.compile(r"^tfd:\s*(\d+) .*\bino:(\w+)", re.MULTILINE)


@pytest.fixture
def nursery() -> Iterator[Nursery]:
    made = Nursery()
    yield made
    made.end()


def test_each_child_waits_for_its_own_files_alone(nursery: Nursery, tmp_path: Path) -> None:
    """An event loop that came along with the fork would take what the others wait for."""
    ports = [free_port(), free_port()]
    pids = [nursery.start("review", _environment(port), tmp_path / f"{port}.log") for port in ports]
    for port in ports:
        # They wait for a database that is not there, and answer meanwhile.
        eventually(lambda: _answers(port), (tmp_path / f"{port}.log").read_text)  # noqa: B023
    for pid in pids:
        watched = _watched(pid)
        assert watched
        assert [entry for entry in watched if not _is_open(pid, *entry)] == []


def _environment(port: int) -> dict[str, str]:
    nowhere = free_port()
    return {
        "PATH": "/usr/bin",
        "DATABASE_URL": f"postgresql://nobody:none@127.0.0.1:{nowhere}/none",
        "AMQP_URI": f"amqp://nobody:none@127.0.0.1:{nowhere}/",
        "HUB_HEALTH_PORT": str(port),
    }


def _answers(port: int) -> bool:
    try:
        with closing(socket.create_connection(("127.0.0.1", port), timeout=1)) as connection:
            connection.sendall(b"GET /livez HTTP/1.0\r\n\r\n")
            return b" 200 " in connection.recv(100)
    except OSError:
        return False


def _watched(pid: int) -> list[tuple[int, int]]:
    """(file, inode) of all that the process's epolls wait for."""
    found = []
    for file in Path(f"/proc/{pid}/fdinfo").iterdir():
        found += [(int(number), int(inode, 16)) for number, inode in _WATCHED.findall(file.read_text())]
    return found


def _is_open(pid: int, number: int, inode: int) -> bool:
    try:
        return Path(f"/proc/{pid}/fd/{number}").stat().st_ino == inode
    except FileNotFoundError:
        return False
