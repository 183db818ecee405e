"""What an archive holds, and its manifest, by which it is verified before anything is touched."""

from __future__ import annotations

import hashlib
import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import asdict, dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from shared.config import OWN_UPSTREAM
from shared.errors import Invalid

FORMAT = 1
MANIFEST = "manifest.json"
# The order in which their write locks are taken, always the same one.
DATABASES = ("catalog", "identity", "pr_bot", "registry", "review")
LOGS = ("identity", "pr_bot", "registry", "review")
# Keys and the traces of the first start: without them a restored hub would start as a new one.
FILES = ("accounts.done", "first-accounts.txt", "imported.json", "seal.key")
PULLS = "hub-pulls"
NEWEST = "SELECT seq FROM sqlite_sequence WHERE name = 'events'"
_CHUNK = 1 << 20


class NoArchive(Invalid):
    slug = "no-archive"


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """`files` is {path: SHA-256}, `logs` {service: newest position}, `made_at` Unix seconds, `version` the hub's."""

    format: int
    version: str
    made_at: int
    logs: dict[str, int]
    files: dict[str, str]

    @property
    def has_upstream(self) -> bool:
        return any(path.startswith(f"{OWN_UPSTREAM}/") for path in self.files)

    def to_text(self) -> str:
        return json.dumps(asdict(self), indent=1, sort_keys=True) + "\n"

    @staticmethod
    def from_text(text: bytes, *, archive: str) -> Manifest:
        """Raises NoArchive for anything else than what `to_text` answers, and for another format."""
        try:
            values: dict[str, Any] = json.loads(text)
            found = values.pop("format")
            if found != FORMAT:
                raise NoArchive(
                    f"{archive}: expected a backup of format {FORMAT}, found format {found}; "
                    "restore it with the release that made it"
                )
            manifest = Manifest(format=found, **values)
            safe = all(is_safe(path) for path in manifest.files)
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            raise NoArchive(f"{archive}: its manifest cannot be read; make another backup") from error
        if not safe or "identity.db" not in manifest.files:
            raise NoArchive(f"{archive}: its manifest is not one of a hub's backup; name another file")
        return manifest


def is_safe(path: str) -> bool:
    """A hub's own file, and nowhere else: an archive may come from anyone."""
    parts = PurePosixPath(path).parts
    known = path in FILES or (path.endswith(".db") and path.removesuffix(".db") in DATABASES)
    return known or (len(parts) > 1 and parts[0] == OWN_UPSTREAM and ".." not in parts)


def sha256_of(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            digest.update(chunk)
    return digest.hexdigest()


def files_below(root: Path) -> Iterator[Path]:
    """Every file and directory below `root`, directories before what is in them."""
    for path in sorted(root.rglob("*")):
        if path.is_file() or path.is_dir():
            yield path


def newest_position(database: Path) -> int:
    """The highest position a log has ever given, 0 where there is no such log; nobody else may have it open."""
    if not database.is_file():
        return 0
    with closing(sqlite3.connect(database)) as connection:
        try:
            row = connection.execute(NEWEST).fetchone()
        except sqlite3.DatabaseError:
            return 0
    return int(row[0]) if row else 0
