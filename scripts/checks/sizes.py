"""Files and functions stay small enough to be read in one go."""

from __future__ import annotations

import ast
from pathlib import Path

from scripts.checks.tree import files, parsed

FILE_LINES = 400
FUNCTION_LINES = 40
FILE_BYTES = 400_000


def problems(root: Path) -> list[str]:
    """One sentence for each file or function that is too long."""
    found = []
    for path, text, tree in parsed(root):
        if (lines := text.count("\n")) > FILE_LINES:
            found.append(f"{path}: {lines} lines, at most {FILE_LINES}; which second job did it take on?")
        for node in ast.walk(tree):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                lines = (node.end_lineno or node.lineno) - node.lineno + 1
                if lines > FUNCTION_LINES:
                    found.append(f"{path}:{node.lineno}: {node.name} has {lines} lines, at most {FUNCTION_LINES}")
    return found + [
        f"{file.relative_to(root)}: {size} bytes, at most {FILE_BYTES}; data and builds stay out"
        for file in files(root)
        if (size := file.lstat().st_size) > FILE_BYTES
    ]
