"""An acknowledged append survives kill -9, on every backend."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from shared.event_store.sql import SqlEventStore
from tests.integration.event_store.conftest import Backend
from tests.support.sample_events import TYPES

APPENDER = Path(__file__).with_name("appender.py")


@pytest.mark.parametrize("after_acknowledged", [1, 40, 150])
def test_every_acknowledged_append_is_there_once_after_kill_9(backend: Backend, after_acknowledged: int) -> None:
    child = subprocess.Popen(
        [sys.executable, "-m", "tests.integration.event_store.appender", backend.url],
        stdout=subprocess.PIPE,
        text=True,
        cwd=APPENDER.parents[3],
    )
    assert child.stdout is not None
    acknowledged = [child.stdout.readline().strip() for _ in range(after_acknowledged)]
    os.kill(child.pid, signal.SIGKILL)
    acknowledged += [line.strip() for line in child.stdout if line.endswith("\n")]
    child.stdout.close()
    child.wait()

    store = SqlEventStore(backend.open(), TYPES)
    stored: list[str] = []
    after, mark = 0, None
    while page := store.read_log(after=after, mark=mark).events:
        stored += [f"{event.stream}/{event.version}" for event in page]
        after, mark = page[-1].position, page[-1].mark
    assert len(acknowledged) >= after_acknowledged
    assert set(acknowledged) <= set(stored)
    assert len(stored) == len(set(stored))
    for writer in range(4):
        versions = [int(name.split("/")[1]) for name in stored if name.startswith(f"note-{writer}/")]
        assert versions == list(range(1, len(versions) + 1))
