"""The lock on the data directory: one hub at a time; light, for the server's parent process.

The file holds who has it and where it serves, so that the console finds the hub that runs.
"""

from __future__ import annotations

import fcntl
import json
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO

from shared.config import Settings
from shared.errors import Conflict

# A console that asks whether a hub runs holds the lock for an instant; a hub whose parent process
# was killed serves on for a second or two.
PATIENCE_S = 0.5
ORPHAN_PATIENCE_S = 10.0
_LOOK_S = 0.05


class DataDirectoryInUse(Conflict):
    slug = "data-directory-in-use"


@contextmanager
def data_directory_lock(settings: Settings) -> Iterator[IO[str]]:
    """Holds the data directory for this process; raises DataDirectoryInUse where another one has it."""
    settings.data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    with settings.lock_file.open("a+", encoding="utf-8") as file:
        _lock(file, settings)
        _write(file, {"pid": os.getpid()})
        yield file


def note_address(file: IO[str], settings: Settings, *, split: bool = False) -> None:
    """From here on the console finds the hub at its address; `split`: and its services at their servers."""
    held = {"pid": os.getpid(), "host": settings.host, "port": settings.port}
    _write(file, held | ({"split": True} if split else {}))


def running_hub(settings: Settings) -> str | None:
    """The address of the hub that has the data directory, empty while it starts; None where none has it."""
    try:
        with settings.lock_file.open("r", encoding="utf-8") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
            except BlockingIOError:
                return _address(_read(file))
    except FileNotFoundError:
        return None
    return None


def split_hub_runs(settings: Settings) -> bool:
    """Whether the hub that has the data directory is a split one that serves."""
    try:
        with settings.lock_file.open("r", encoding="utf-8") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
            except BlockingIOError:
                return bool(_read(file).get("split"))
    except FileNotFoundError:
        return False
    return False


def _address(held: dict[str, object]) -> str:
    if "port" not in held:
        return ""
    host = str(held["host"])
    # One cannot call "every address"; the hub listens on this machine's own then.
    host = {"0.0.0.0": "127.0.0.1", "::": "::1", "": "127.0.0.1"}.get(host, host)  # noqa: S104
    return f"http://{f'[{host}]' if ':' in host else host}:{held['port']}"


def _lock(file: IO[str], settings: Settings) -> None:
    started = time.monotonic()
    while True:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return
        except BlockingIOError as error:
            patience = PATIENCE_S if _is_alive(_read(file).get("pid")) else ORPHAN_PATIENCE_S
            if time.monotonic() - started > patience:
                raise DataDirectoryInUse(
                    f"data directory {settings.data_dir}: expected it free, but another hub runs on it; "
                    "stop that one or set HUB_DATA_DIR to another directory"
                ) from error
        time.sleep(_LOOK_S)


def _is_alive(pid: object) -> bool:
    if not isinstance(pid, int):
        return True
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _read(file: IO[str]) -> dict[str, object]:
    file.seek(0)
    try:
        held = json.loads(file.read() or "{}")
    except ValueError:
        return {}
    return held if isinstance(held, dict) else {}


def _write(file: IO[str], held: dict[str, object]) -> None:
    file.seek(0)
    file.truncate()
    file.write(json.dumps(held) + "\n")
    file.flush()
