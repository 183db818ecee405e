"""Relay and delivery work under eventlet, which services run on."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from tests.support.servers import postgresql, rabbitmq

ROOT = Path(__file__).parents[3]
_RUN = "import sys; from tests.support.green_delivery import main; main(*sys.argv[1:4], int(sys.argv[4]))"


def test_events_travel_under_eventlet() -> None:
    with rabbitmq().vhost() as uri, postgresql().database() as source, postgresql().database() as reader:
        ran = subprocess.run(
            [sys.executable, "-c", _RUN, uri, source, reader, "80"],
            cwd=ROOT,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
    assert (ran.returncode, ran.stdout.splitlines()[-1:]) == (0, ["80 True"]), ran.stderr
