"""Which files are the project's own."""

from __future__ import annotations

import ast
import os
from collections.abc import Iterator
from pathlib import Path

SKIPPED = {"node_modules", "var", "build", "dist", "__pycache__"}
KEPT = {".ci", ".github"}


def files(root: Path, suffix: str = "") -> Iterator[Path]:
    """Every file below `root` but hidden folders, data and what is built, in order of name."""
    for folder, folders, names in os.walk(root):
        folders[:] = sorted(
            name
            for name in folders
            if name not in SKIPPED and not name.endswith(".egg-info") and (name in KEPT or not name.startswith("."))
        )
        yield from (Path(folder, name) for name in sorted(names) if name.endswith(suffix))


def parsed(root: Path) -> Iterator[tuple[str, str, ast.Module]]:
    """(path from `root`, text, tree) of every Python file; one that does not parse is the linter's to tell."""
    for path in files(root, ".py"):
        text = path.read_text(encoding="utf-8")
        try:
            tree = ast.parse(text)
        except SyntaxError:
            continue
        yield path.relative_to(root).as_posix(), text, tree
