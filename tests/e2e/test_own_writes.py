"""A person who reads with the position of an own write sees it, many at once."""

from __future__ import annotations

from pathlib import Path

from tests.support import own_writes
from tests.support.hub_process import HubProcess


def test_an_own_write_is_seen_under_load(tmp_path: Path) -> None:
    hub = HubProcess(tmp_path)
    try:
        hub.start()
        token = hub.token("maintainer", scope="write")
        outcome = own_writes.run([hub.url], [token], tries=300, threads=8)
    finally:
        hub.end()
    assert (outcome.stale, outcome.late, outcome.failed) == ({}, {}, 0), str(outcome)
    assert outcome.tries == 300
