"""The last good feed on disk: what a gateway serves that starts while catalog is away.

Several processes may keep it in one place: each file is replaced whole, and says what it must hold.
"""

from __future__ import annotations

import hashlib
import os
import threading
from pathlib import Path

import structlog

log = structlog.get_logger(__name__)


class KeptFeed:
    """One file for each type: the etag, the body's SHA-256, then the body."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._failing = False

    def keep(self, model_type: str, etag: str, body: bytes) -> None:
        """A disk that cannot be written is said once and costs nothing else."""
        path = self._path(model_type)
        draft = path.with_name(f".{path.name}.{os.getpid()}.{threading.get_ident()}")
        try:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            draft.write_bytes(b"%s\n%s\n%s" % (etag.encode(), hashlib.sha256(body).hexdigest().encode(), body))
            draft.replace(path)
        except OSError as error:
            if not self._failing:
                log.warning("the last good feed cannot be kept", folder=str(self._folder), error=str(error))
            self._failing = True
        else:
            self._failing = False

    def find(self, model_type: str) -> tuple[str, bytes] | None:
        """(etag, body) as last kept; None where there is nothing whole."""
        try:
            etag, digest, body = self._path(model_type).read_bytes().split(b"\n", 2)
        except (OSError, ValueError):
            return None
        if hashlib.sha256(body).hexdigest().encode() != digest:
            return None
        return etag.decode("ascii", "replace"), body

    def _path(self, model_type: str) -> Path:
        return self._folder / f"{model_type}.feed"
