"""`restore`: an archive takes the place of a data directory's files, whole, whenever it is cut off.

See `pending` for how.
"""

from __future__ import annotations

import shutil
import time
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from gateway.archive.contents import LOGS, Manifest, newest_position
from gateway.archive.pending import ASIDE, STAGE, files_of, finish_interrupted, note
from gateway.archive.unpacking import unpack
from gateway.embedded_lock import data_directory_lock
from shared.config import Settings
from shared.database import Database
from shared.errors import Conflict
from shared.event_store.restore import after_restore

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
        there = list(files_of(settings))
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
        note(settings, aside, moved=not there)
        finish_interrupted(settings)
    return Restored(manifest=manifest, aside=aside)


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


def _new_aside(settings: Settings) -> Path:
    stamp = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime())
    aside, number = settings.data_dir / f"{ASIDE}{stamp}", 1
    while aside.exists():
        number += 1
        aside = settings.data_dir / f"{ASIDE}{stamp}-{number}"
    return aside
