"""`min_position`: a client reads its own writes."""

from __future__ import annotations

import re

from shared.errors import Invalid

WAIT_S = 2.0
_POSITION = re.compile(r"(registry|review|pr_bot|identity):(\d{1,18})", re.ASCII)
_POSITIONS_AT_MOST = 8


def positions_in(text: str) -> dict[str, int]:
    """{source: position} of `registry:12,review:3`; raises Invalid for anything else. The highest counts."""
    wanted: dict[str, int] = {}
    parts = [part.strip() for part in text.split(",") if part.strip()]
    for part in parts[:_POSITIONS_AT_MOST]:
        found = _POSITION.fullmatch(part)
        if found is None:
            raise Invalid(
                f"min_position {part[:80]!r}: expected <service>:<number> as commands answer it, such as registry:12",
                details={"errors": [{"path": "/min_position", "message": "Expected <service>:<number>."}]},
            )
        wanted[found[1]] = max(wanted.get(found[1], 0), int(found[2]))
    return wanted
