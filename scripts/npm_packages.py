"""Packages of npm that are looked into, not installed: fetched once, by name, version and hash."""

from __future__ import annotations

import fcntl
import hashlib
import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from scripts.build_frontend import find_node


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """One process at a time in `folder`, which is there."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def archive(package: str, *, sha256: str, folder: Path) -> Path:
    """The package's .tgz in `folder`, downloaded where it is not there; RuntimeError where it is another."""
    name = package.removeprefix("@").replace("/", "-").replace("@", "-")
    packed = folder / f"{name}.tgz"
    if not packed.exists():
        folder.mkdir(parents=True, exist_ok=True)
        node = find_node()
        done = subprocess.run(
            [*node.npm, "pack", package, "--silent", "--pack-destination", str(folder)],
            env={**os.environ, "PATH": node.path},
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode != 0 or not packed.exists():
            raise RuntimeError(f"{package}: expected npm to download {packed.name}, it said {done.stderr[-1000:]}")
    found = hashlib.sha256(packed.read_bytes()).hexdigest()
    if found != sha256:
        packed.unlink()
        raise RuntimeError(f"{package}: expected sha256 {sha256}, found {found}")
    return packed
