"""The traces that a first start leaves, by which later starts know what is done; light to look at."""

from __future__ import annotations

import json
import os
from pathlib import Path

from shared.config import Settings


def is_needed(settings: Settings) -> bool:
    """Whether a part of the first start is still to be done."""
    return not (
        is_imported(settings)
        and accounts_mark(settings).exists()
        and (settings.seal_public_key is not None or settings.seal_key is not None or settings.seal_key_file.exists())
        and (settings.upstream.kind != "file" or Path(settings.upstream.location).exists())
    )


def is_imported(settings: Settings) -> bool:
    """Whether this source's catalogue was imported to its end."""
    if settings.catalog_source == "none":
        return True
    mark = import_mark(settings)
    return mark.exists() and json.loads(mark.read_text(encoding="utf-8"))["source"] == settings.catalog_source


def import_mark(settings: Settings) -> Path:
    """{"source", "origin", "problems"} of the last import that came to its end."""
    return settings.marks_dir / "imported.json"


def import_problems(settings: Settings) -> list[dict[str, str]]:
    """`{"name", "reason"}` of each model that the first import could not take."""
    mark = import_mark(settings)
    if not mark.exists():
        return []
    problems: list[dict[str, str]] = json.loads(mark.read_text(encoding="utf-8")).get("problems", [])
    return problems


def accounts_mark(settings: Settings) -> Path:
    """There once the first accounts are made."""
    return settings.marks_dir / "accounts.done"


def write_whole(path: Path, text: str) -> None:
    """All of it or nothing, readable by its owner alone, on disk when this returns."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    draft.touch(mode=0o600)
    with draft.open("w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)
