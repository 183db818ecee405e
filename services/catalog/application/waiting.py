"""`min_position`: a client reads its own writes."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from shared.errors import Invalid

WAIT_S = 2.0
_POSITION = re.compile(r"(registry|review|pr_bot|identity):(\d{1,18})", re.ASCII)
_VERSION = re.compile(r"catalog:(\d{1,9})\.(\d{1,18})", re.ASCII)
_POSITIONS_AT_MOST = 9


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What an answer is to show at least: {source: position} to be waited for, and (generation, change in it)."""

    positions: Mapping[str, int]
    version: tuple[int, int]


def wish_in(text: str) -> Wish:
    """Of `registry:12,review:3,catalog:2.417`; raises Invalid for anything else. The highest counts."""
    wanted: dict[str, int] = {}
    version = (0, 0)
    parts = [part.strip() for part in text.split(",") if part.strip()]
    for part in parts[:_POSITIONS_AT_MOST]:
        if seen := _VERSION.fullmatch(part):
            version = max(version, (int(seen[1]), int(seen[2])))
            continue
        found = _POSITION.fullmatch(part)
        if found is None:
            raise Invalid(
                f"min_position {part[:80]!r}: expected <service>:<number> as commands answer it, such as registry:12",
                details={"errors": [{"path": "/min_position", "message": "Expected <service>:<number>."}]},
            )
        wanted[found[1]] = max(wanted.get(found[1], 0), int(found[2]))
    return Wish(positions=wanted, version=version)
