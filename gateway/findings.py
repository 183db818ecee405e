"""What validation found, as the editing pages show it."""

from __future__ import annotations

import re
from typing import Any

from gateway.service_words import in_language

_MISSING = re.compile(r"(\S+) is missing")


def finding(severity: str, message: str, *, path: str = "", line: int = 0, column: int = 0) -> dict[str, Any]:
    """`message`, the service's own, in the reader's language; `missing` is the member that `path` lacks, or ""."""
    found = _MISSING.match(message)
    return {
        "severity": severity,
        "message": in_language(message),
        "path": path,
        "missing": found[1].rpartition(".")[2] if found else "",
        "line": line,
        "column": column,
    }
