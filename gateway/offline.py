"""The services without a server: what the console command does on the hub's own machine, beside a running hub.

A running hub sees what is written here at its next look at the logs, a second later at most.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from uuid import uuid4

from gateway.embedded import EmbeddedHub
from shared.config import Settings
from shared.contracts.common import Caller, system_caller
from shared.log_lines import configure
from shared.service import Calls


@contextmanager
def beside(settings: Settings, *services: str) -> Iterator[Calls]:
    """The calls of these services, which run nothing in the background.

    Never catalog: building it settles its generations, which is for the hub that serves them.
    """
    log_to_stderr()
    hub = EmbeddedHub(settings, only=services)
    try:
        yield hub.calls
    finally:
        hub.close()


def log_to_stderr() -> None:
    """A command's answer is alone on standard output."""
    configure(json_lines=False, level=logging.WARNING)


def console_caller() -> Caller:
    """Whoever may read the data directory is an operator."""
    return system_caller("console", command_id=str(uuid4()))
