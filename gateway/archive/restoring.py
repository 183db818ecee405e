"""`restore`: an archive takes the place of a data directory's files, whole, whenever it is cut off.

A note in the data directory says how far it is; the next start or restore goes on from there.
"""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from gateway.archive.contents import LOGS, Manifest, newest_position
from gateway.archive.unpacking import unpack
from gateway.embedded_lock import data_directory_lock
from gateway.start_marks import write_whole
from shared.config import Settings
from shared.database import Database
from shared.errors import Conflict
from shared.event_store.restore import after_restore

STAGE = ".restoring"
NOTE = "restore.pending"
ASIDE = "replaced-"
# Where nobody can be asked which positions were given since the backup, none of those is given again:
# a reader that saw them would take new events for old ones.
UNKNOWN_POSITIONS = 1_000_000


class DataDirectoryNotEmpty(Conflict):
    slug = "data-directory-not-empty"


@dataclass(frozen=True, slots=True, kw_only=True)
class Restored:
    """`aside` is where the files that were there lie now, None where there were none."""

    manifest: Manifest
    aside: Path | None


def restore(settings: Settings, archive: Path, *, replace: bool) -> Restored:
    """The hub as the archive has it; its readers notice at the next start and read the logs again.

    Raises DataDirectoryInUse while a hub runs, DataDirectoryNotEmpty unless `replace` moves what is
    there aside, NoArchive before anything is touched.
    """
    with data_directory_lock(settings):
        finish_interrupted(settings)
        there = list(_files_of(settings))
        if there and not replace:
            raise DataDirectoryNotEmpty(
                f"data directory {settings.data_dir}: expected it empty, found {there[0].name}; "
                "--replace moves what is there aside"
            )
        stage = settings.data_dir / STAGE
        shutil.rmtree(stage, ignore_errors=True)
        try:
            manifest = unpack(archive, stage)
            _tell_readers(settings, stage)
        except BaseException:
            shutil.rmtree(stage, ignore_errors=True)
            raise
        aside = _new_aside(settings) if there else None
        _note(settings, aside, moved=not there)
        finish_interrupted(settings)
    return Restored(manifest=manifest, aside=aside)


def finish_interrupted(settings: Settings) -> bool:
    """Whether a restore had been cut off; it is complete now. The caller holds the data directory's lock."""
    note = settings.data_dir / NOTE
    if not note.exists():
        return False
    plan = json.loads(note.read_text(encoding="utf-8"))
    aside = settings.data_dir / plan["aside"] if plan["aside"] else None
    if aside is not None and not plan["moved"]:
        aside.mkdir(mode=0o700, exist_ok=True)
        for path in list(_files_of(settings)):
            path.rename(aside / path.name)
        _note(settings, aside, moved=True)
    stage = settings.data_dir / STAGE
    for path in sorted(stage.iterdir()) if stage.is_dir() else []:
        path.rename(settings.data_dir / path.name)
    shutil.rmtree(stage, ignore_errors=True)
    note.unlink()
    return True


def _files_of(settings: Settings) -> Iterator[Path]:
    """What a hub has left in its data directory; downloads stay where they are."""
    kept = {settings.lock_file.name, settings.cache_dir.name, STAGE, NOTE}
    for path in sorted(settings.data_dir.iterdir()):
        if path.name not in kept and not path.name.startswith(ASIDE):
            yield path


def _tell_readers(settings: Settings, stage: Path) -> None:
    """New positions above all that were ever given, new marks: every cursor on the old log is told LogRewound."""
    for name in LOGS:
        file = stage / f"{name}.db"
        if not file.exists():
            continue
        given = newest_position(settings.database_file(name))
        floor = given or newest_position(file) + UNKNOWN_POSITIONS
        with closing(Database(f"sqlite:///{file}")) as database, database.write() as connection:
            after_restore(connection, floor_position=floor, published_position=0)


def _note(settings: Settings, aside: Path | None, *, moved: bool) -> None:
    plan = {"aside": aside.name if aside else "", "moved": moved}
    write_whole(settings.data_dir / NOTE, json.dumps(plan) + "\n")


def _new_aside(settings: Settings) -> Path:
    stamp = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime())
    aside, number = settings.data_dir / f"{ASIDE}{stamp}", 1
    while aside.exists():
        number += 1
        aside = settings.data_dir / f"{ASIDE}{stamp}-{number}"
    return aside
