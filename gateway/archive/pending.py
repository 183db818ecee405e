"""A restore that is under way: how far it is, and what completes it; light, for every start looks.

The new files lie verified in a folder of the data directory. A note beside it says whether the old
ones have been moved away; whoever finds the note goes on from there.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

from gateway.start_marks import write_whole
from shared.config import Settings

STAGE = ".restoring"
NOTE = "restore.pending"
ASIDE = "replaced-"


def finish_interrupted(settings: Settings) -> bool:
    """Whether a restore had been cut off; it is complete now. The caller holds the data directory's lock."""
    noted = settings.data_dir / NOTE
    if not noted.exists():
        return False
    plan = json.loads(noted.read_text(encoding="utf-8"))
    aside = settings.data_dir / plan["aside"] if plan["aside"] else None
    if aside is not None and not plan["moved"]:
        aside.mkdir(mode=0o700, exist_ok=True)
        for path in list(files_of(settings)):
            path.rename(aside / path.name)
        note(settings, aside, moved=True)
    stage = settings.data_dir / STAGE
    for path in sorted(stage.iterdir()) if stage.is_dir() else []:
        path.rename(settings.data_dir / path.name)
    shutil.rmtree(stage, ignore_errors=True)
    noted.unlink()
    return True


def files_of(settings: Settings) -> Iterator[Path]:
    """What a hub has left in its data directory; downloads stay where they are."""
    kept = {settings.lock_file.name, settings.cache_dir.name, STAGE, NOTE}
    for path in sorted(settings.data_dir.iterdir()):
        if path.name not in kept and not path.name.startswith(ASIDE):
            yield path


def note(settings: Settings, aside: Path | None, *, moved: bool) -> None:
    plan = {"aside": aside.name if aside else "", "moved": moved}
    write_whole(settings.data_dir / NOTE, json.dumps(plan) + "\n")
