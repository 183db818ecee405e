"""Keeps one RabbitMQ for all workers of a run..

A process of its own, because whichever worker started the broker may be the first to end, or be killed.
"""

from __future__ import annotations

import fcntl
import json
import os
import secrets
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from scripts.servers.rabbitmq import Account, RabbitMQ

ACCOUNT = "tests"
LOOK_S = 0.3


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Alone among the processes that use `folder`."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    with (folder / "lock").open("ab") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def users(folder: Path) -> list[int]:
    """The processes that use the broker and still live."""
    return [int(file.name) for file in (folder / "users").glob("*") if Path("/proc", file.name).exists()]


def keep(folder: Path) -> None:
    """Starts the broker, writes where it is, and ends it when nobody uses it any more."""
    node = Path(tempfile.mkdtemp(prefix="node-", dir=folder))
    account = Account(ACCOUNT, secrets.token_hex(12))
    server = RabbitMQ(node, accounts=[account], ends_with_us=True)
    try:
        server.start()
        ready = folder / "address.new"
        ready.write_text(json.dumps({"uri": server.uri(), "node": str(node)}), encoding="utf-8")
        ready.rename(folder / "address")
        while True:
            time.sleep(LOOK_S)
            with locked(folder):
                if not users(folder):
                    (folder / "address").unlink()
                    break
    finally:
        server.stop()
        shutil.rmtree(node, ignore_errors=True)


def main() -> None:
    """Until nobody uses it; SIGTERM ends it earlier."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    os.chdir("/")
    keep(Path(sys.argv[1]))
