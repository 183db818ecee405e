"""PostgreSQL's own dump and restore of one database, under whoever uses it."""

from __future__ import annotations

import subprocess
from pathlib import Path

from sqlalchemy import create_engine, make_url

from scripts.servers.postgresql import program
from shared.event_store.restore import after_restore


def dump(url: str, file: Path) -> None:
    """The database as it is now, in `file`."""
    _run([str(program("pg_dump")), "--format=custom", f"--file={file}", f"--dbname={_plain(url)}"])


def restore(url: str, file: Path, *, floor_position: int, published_position: int) -> None:
    """The database as it was when `file` was made, and then what a restored log needs."""
    _run([str(program("pg_restore")), "--clean", "--if-exists", "--no-owner", f"--dbname={_plain(url)}", str(file)])
    engine = create_engine(make_url(url).set(drivername="postgresql+psycopg2"))
    try:
        with engine.begin() as connection:
            after_restore(connection, floor_position=floor_position, published_position=published_position)
    finally:
        engine.dispose()


def _plain(url: str) -> str:
    return make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)


def _run(command: list[str]) -> None:
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    if done.returncode != 0:
        raise RuntimeError(f"{Path(command[0]).name}: {done.stderr.strip()}")
