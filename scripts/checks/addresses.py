"""The tree names no package registry and no machine: it installs from wherever the user's own tools are set to."""

from __future__ import annotations

import re
from pathlib import Path

from scripts.checks.tree import files

# escaped, so that this file does not find itself
ADDRESSES = {
    "a registry's address": re.compile(
        r"registry\.npmjs\.org|registry\.yarnpkg\.com|files\.pythonhosted\.org|(?<![\w.-])(?:test\.)?pypi\.org"
    ),
    "an index's address": re.compile(r"(?:^|--)(?:extra-)?index[-]url\b|--find[-]links\b", re.MULTILINE),
    "where a package was fetched from": re.compile(r'"resolved[ ]?"\s*:\s*"http'),
    "a path of one machine": re.compile(r"/(?:work|root)/"),
}


def problems(root: Path) -> list[str]:
    """One sentence for each address in any text file."""
    found = []
    for file in files(root):
        try:
            text = file.read_text(encoding="utf-8")
        except (UnicodeDecodeError, OSError):
            continue
        for what, pattern in ADDRESSES.items():
            for match in pattern.finditer(text):
                line = text.count("\n", 0, match.start()) + 1
                found.append(f"{file.relative_to(root)}:{line}: {what} ({match.group().strip()})")
    return found
