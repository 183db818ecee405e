"""Makes the standard library's threads, locks and sockets green; before anything else is loaded."""

from __future__ import annotations

import warnings


def go_green() -> None:
    """From here on a thread that waits lets the others go on, all in one thread of the system."""
    with warnings.catch_warnings():
        # nameko stands on it, pinned; whoever runs a service can do nothing about it.
        warnings.simplefilter("ignore")
        import eventlet
    eventlet.monkey_patch()
