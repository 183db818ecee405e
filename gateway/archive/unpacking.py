"""An archive opened and verified in a directory of its own."""

from __future__ import annotations

import hashlib
import os
import sqlite3
import tarfile
import zlib
from contextlib import closing
from pathlib import Path

from gateway.archive.contents import DATABASES, MANIFEST, Manifest, NoArchive, is_safe
from shared.config import OWN_UPSTREAM

_CHUNK = 1 << 20


def unpack(archive: Path, stage: Path) -> Manifest:
    """Every file of the archive in `stage` (new), each as its manifest says; raises NoArchive otherwise."""
    stage.mkdir(mode=0o700)
    try:
        with tarfile.open(archive, "r:gz") as opened:
            manifest = _manifest(opened, archive.name)
            found = {_unpacked(opened, member, stage, manifest, archive.name) for member in opened}
    except (tarfile.TarError, EOFError, zlib.error) as error:
        raise NoArchive(
            f"{archive.name}: expected a whole backup, found it damaged ({error}); name another file"
        ) from error
    if missing := sorted(manifest.files.keys() - found):
        raise NoArchive(f"{archive.name}: expected {missing[0]} in it, found none; it is not whole, name another file")
    for name in DATABASES:
        _check_database(stage / f"{name}.db", archive.name)
    return manifest


def _manifest(opened: tarfile.TarFile, name: str) -> Manifest:
    first = opened.next()
    file = opened.extractfile(first) if first is not None and first.name == MANIFEST and first.isfile() else None
    if file is None:
        raise NoArchive(f"{name}: expected a file that `models-hub backup` made; name another one")
    return Manifest.from_text(file.read(), archive=name)


def _unpacked(opened: tarfile.TarFile, member: tarfile.TarInfo, stage: Path, manifest: Manifest, name: str) -> str:
    if member.name == MANIFEST:
        return MANIFEST
    target = stage / member.name
    if member.isdir() and (member.name == OWN_UPSTREAM or is_safe(member.name)):
        # git knows a repository by its directories, the empty ones too
        target.mkdir(parents=True, exist_ok=True)
        return member.name
    source = opened.extractfile(member) if member.isfile() and member.name in manifest.files else None
    if source is None:
        raise NoArchive(f"{name}: {member.name} does not belong into a hub's backup; name another file")
    target.parent.mkdir(parents=True, exist_ok=True)
    digest = hashlib.sha256()
    with os.fdopen(os.open(target, os.O_CREAT | os.O_EXCL | os.O_WRONLY, member.mode & 0o777), "wb") as file:
        while chunk := source.read(_CHUNK):
            digest.update(chunk)
            file.write(chunk)
        file.flush()
        os.fsync(file.fileno())
    if digest.hexdigest() != manifest.files[member.name]:
        raise NoArchive(f"{name}: {member.name} is not what was backed up; the file is damaged, name another one")
    return member.name


def _check_database(path: Path, name: str) -> None:
    if not path.exists():
        return
    try:
        with closing(sqlite3.connect(path)) as connection:
            said = connection.execute("PRAGMA integrity_check(1)").fetchone()[0]
    except sqlite3.DatabaseError as error:
        said = str(error)
    if said != "ok":
        raise NoArchive(f"{name}: {path.name} is not a sound database ({said}); name another backup")
