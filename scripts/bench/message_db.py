"""message-db as its authors hand it out: their npm package, installed by its own script."""

from __future__ import annotations

import os
import subprocess
import tarfile
from pathlib import Path
from urllib.parse import unquote, urlsplit

from scripts.bench.datasets import KEPT
from scripts.npm_packages import archive, locked
from scripts.servers.postgresql import program

PACKAGE = "@eventide/message-db@1.3.1"
SHA256 = "d7938e108d950e29da1974e3acad05bcf680045d0961f6a12039fb002140840d"
# What its README tells users to set: its functions call each other without naming their schema.
OPTIONS = "-c search_path=message_store,public"


def install(url: str) -> None:
    """The empty database at `url` gets message-db's schema; the package is downloaded once."""
    at = urlsplit(url)
    environment = {
        **os.environ,
        "PATH": f"{program('psql').parent}{os.pathsep}{os.environ['PATH']}",
        "PGHOST": at.hostname or "",
        "PGPORT": str(at.port),
        "PGUSER": unquote(at.username or ""),
        "PGPASSWORD": unquote(at.password or ""),
        "DATABASE_NAME": at.path.removeprefix("/"),
        "CREATE_DATABASE": "off",
    }
    script = _package() / "database" / "install.sh"
    done = subprocess.run(["bash", script], env=environment, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise RuntimeError(
            f"message-db: expected its install.sh to succeed, it said {(done.stdout + done.stderr)[-2000:]}"
        )


def _package() -> Path:
    folder = KEPT / "message-db"
    with locked(folder):
        if not (folder / SHA256).exists():
            with tarfile.open(archive(PACKAGE, sha256=SHA256, folder=folder)) as packed:
                packed.extractall(folder, filter="data")
            (folder / SHA256).touch()
    return folder / "package"
