"""Reads the packaged table of client releases; the only place that does."""

from __future__ import annotations

from functools import cache
from importlib.resources import files

from shared.client_releases import ReleaseTable, load_table


@cache
def packaged_table() -> ReleaseTable:
    """The table this hub was built with (`shared/data/client-releases.json`), read once."""
    return load_table(files("shared").joinpath("data", "client-releases.json").read_text(encoding="utf-8"))
