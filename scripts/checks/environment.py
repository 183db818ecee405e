"""The environment is read in one place, `shared/config.py`: what a process was told is written in one table."""

from __future__ import annotations

import ast
from pathlib import Path

from scripts.checks.tree import parsed

READER = "shared/config.py"
PRODUCT = ("services/", "shared/", "gateway/")


def _reads_environment(node: ast.AST) -> bool:
    if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "os":
        return node.attr in ("environ", "environb", "getenv", "getenvb")
    if isinstance(node, ast.ImportFrom) and node.module == "os":
        return any(alias.name in ("environ", "environb", "getenv", "getenvb") for alias in node.names)
    return False


def problems(root: Path) -> list[str]:
    """One sentence for each look at the environment outside `shared/config.py`."""
    return [
        f"{path}:{node.lineno}: reads the environment; take it from shared.config.Settings"  # type: ignore[attr-defined]
        for path, _text, tree in parsed(root)
        if path.startswith(PRODUCT) and path != READER
        for node in ast.walk(tree)
        if _reads_environment(node)
    ]
