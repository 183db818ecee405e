"""Relay and delivery work under eventlet, which services run on."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from tests.support.servers import postgresql, rabbitmq

ROOT = Path(__file__).parents[3]
_RUN = """import sys
from tests.support import green_delivery
getattr(green_delivery, sys.argv[1])(*sys.argv[2:5], int(sys.argv[5]))
"""


def said_by(scene: str, number: int) -> str:
    with rabbitmq().vhost() as uri, postgresql().database() as source, postgresql().database() as reader:
        ran = subprocess.run(
            [sys.executable, "-c", _RUN, scene, uri, source, reader, str(number)],
            cwd=ROOT,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
    assert ran.returncode == 0, ran.stderr
    return ran.stdout.splitlines()[-1]


def test_events_travel_under_eventlet() -> None:
    assert said_by("main", 80) == "80 True"


def test_idle_connections_of_leader_and_standby_are_kept() -> None:
    assert said_by("idle", 6) == str(["reader events", "reader events", "sample relay"])
