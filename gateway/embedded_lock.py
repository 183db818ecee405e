"""The lock on the data directory: one hub at a time; light, for the server's parent process."""

from __future__ import annotations

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO

from shared.config import Settings
from shared.errors import Conflict


class DataDirectoryInUse(Conflict):
    slug = "data-directory-in-use"


@contextmanager
def data_directory_lock(settings: Settings) -> Iterator[None]:
    """Holds the data directory for this process; raises DataDirectoryInUse where another one has it."""
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    with settings.lock_file.open("a+") as file:
        _lock(file, settings)
        yield


def _lock(file: IO[str], settings: Settings) -> None:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        raise DataDirectoryInUse(
            f"data directory {settings.data_dir}: expected it free, but another hub runs on it; "
            "stop that one or set HUB_DATA_DIR to another directory"
        ) from error
