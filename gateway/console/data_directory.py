"""What a command expects of the data directory before it touches it."""

from __future__ import annotations

from shared.config import Settings
from shared.errors import NotFound


class NoHubHere(NotFound):
    slug = "no-hub-here"


def require_hub(settings: Settings) -> None:
    """Raises NoHubHere where no hub has ever been: a mistyped HUB_DATA_DIR must not make a new one."""
    if not settings.database_file("identity").exists():
        raise NoHubHere(
            f"data directory {settings.data_dir}: expected a hub's files, found none; "
            "set HUB_DATA_DIR to the hub's, or make one with: models-hub run"
        )
