"""`backup`: one cut over every database of a hub that may be running, packed into one file."""

from __future__ import annotations

import os
import shutil
import tarfile
import tempfile
from contextlib import ExitStack, suppress
from importlib.metadata import version
from pathlib import Path

from gateway.archive.contents import (
    DATABASES,
    FILES,
    FORMAT,
    LOGS,
    MANIFEST,
    NEWEST,
    Manifest,
    files_below,
    sha256_of,
)
from gateway.archive.repository import copy_repository
from shared.clock import wall_clock
from shared.config import OWN_UPSTREAM, Settings
from shared.database import Database


def write_backup(settings: Settings, target: Path) -> Manifest:
    """The whole hub in `target` (.tar.gz, mode 0600): it appears complete or not at all, over an older one too.

    Commands of a running hub wait while the databases are copied, and not while they are packed.
    """
    with tempfile.TemporaryDirectory(prefix=f".{target.name}.", dir=target.parent) as folder:
        stage, packed = Path(folder) / "hub", Path(folder) / "packed"
        stage.mkdir()
        made_at = int(wall_clock())
        logs = _cut(settings, stage)
        manifest = _described(stage, logs, made_at=made_at)
        _pack(stage, manifest, packed)
        packed.replace(target)
        _sync_directory(target.parent)
    return manifest


def _cut(settings: Settings, stage: Path) -> dict[str, int]:
    """No command is half in it: while every write lock is held, nobody commits anywhere. Answers the logs' heads."""
    with ExitStack() as stack:
        databases: dict[str, Database] = {}
        for name in DATABASES:
            if settings.database_file(name).exists():
                databases[name] = Database(settings.database_url_of(name))
                stack.callback(databases[name].close)
        held = {name: stack.enter_context(database.write()) for name, database in databases.items()}
        for name, database in databases.items():
            database.copy_to(stage / f"{name}.db")
        for name in FILES:
            with suppress(FileNotFoundError):
                shutil.copyfile(settings.data_dir / name, stage / name)
        if settings.own_upstream.is_dir():
            copy_repository(settings.own_upstream, stage / OWN_UPSTREAM)
        return {name: held[name].exec_driver_sql(NEWEST).scalar() or 0 for name in LOGS if name in held}


def _described(stage: Path, logs: dict[str, int], *, made_at: int) -> Manifest:
    files = {path.relative_to(stage).as_posix(): sha256_of(path) for path in files_below(stage) if path.is_file()}
    return Manifest(format=FORMAT, version=version("models-hub"), made_at=made_at, logs=logs, files=files)


def _pack(stage: Path, manifest: Manifest, packed: Path) -> None:
    (stage / MANIFEST).write_text(manifest.to_text(), encoding="utf-8")
    with os.fdopen(os.open(packed, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "wb") as file:
        with tarfile.open(fileobj=file, mode="w:gz", compresslevel=6) as archive:
            archive.add(stage / MANIFEST, MANIFEST, filter=_anonymous)
            for path in files_below(stage):
                if path.name != MANIFEST or path.parent != stage:
                    archive.add(path, path.relative_to(stage).as_posix(), recursive=False, filter=_anonymous)
        file.flush()
        os.fsync(file.fileno())


def _anonymous(member: tarfile.TarInfo) -> tarfile.TarInfo:
    member.uid = member.gid = 0
    member.uname = member.gname = ""
    return member


def _sync_directory(directory: Path) -> None:
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
