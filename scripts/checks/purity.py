"""The domain and what it speaks in are functions of their arguments: no clock, no chance, no input or output.

import-linter keeps frameworks out; it cannot say "of the standard library only these".
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from fnmatch import fnmatch
from pathlib import Path

from scripts.checks.tree import parsed

PURE = (
    "services/*/domain.py",
    "services/*/domain/*.py",
    "shared/events/*.py",
    "shared/document*.py",
    "shared/document/*.py",
    "shared/errors.py",
    "shared/client_record.py",
    "shared/client_releases.py",
    "shared/client_repairs.py",
    "shared/client_rules.py",
    "shared/upstream_layout*.py",
    "shared/model_facts*.py",
)
ALLOWED = {
    *("__future__", "abc", "base64", "binascii", "bisect", "collections", "collections.abc", "copy", "dataclasses"),
    *("datetime", "decimal", "difflib", "enum", "fractions", "functools", "hashlib", "heapq", "itertools", "json"),
    *("json.decoder", "json.scanner", "math", "operator", "re", "string", "textwrap", "types", "typing"),
    *("unicodedata", "urllib.parse", "uuid"),
}
FORBIDDEN_NAMES = {"open", "input", "print", "eval", "exec", "compile", "__import__", "breakpoint"}
FORBIDDEN_ATTRIBUTES = {"now", "utcnow", "today", "uuid1", "uuid4", "getnode"}


def is_pure(path: str) -> bool:
    """Whether the file at this path (from the root) must be pure."""
    parts = path.count("/")
    return any(parts == pattern.count("/") and fnmatch(path, pattern) for pattern in PURE)


def _is_pure_module(module: str) -> bool:
    path = module.replace(".", "/")
    return is_pure(f"{path}.py") or is_pure(f"{path}/__init__.py")


def _imports(node: ast.AST) -> Iterator[str]:
    if isinstance(node, ast.Import):
        yield from (alias.name for alias in node.names)
    elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module == "shared":
        yield from (f"shared.{alias.name}" for alias in node.names)
    elif isinstance(node, ast.ImportFrom) and node.level == 0:
        yield node.module or ""


def _slips(tree: ast.Module) -> Iterator[tuple[int, str]]:
    for node in ast.walk(tree):
        for module in _imports(node):
            if module not in ALLOWED and not _is_pure_module(module):
                yield node.lineno, f"imports {module}"  # type: ignore[attr-defined]
        if isinstance(node, ast.ImportFrom):
            named = FORBIDDEN_ATTRIBUTES.intersection(alias.name for alias in node.names)
            yield from ((node.lineno, f"imports {name}") for name in named)
        elif isinstance(node, ast.Name) and node.id in FORBIDDEN_NAMES:
            yield node.lineno, f"uses {node.id}"
        elif isinstance(node, ast.Attribute) and node.attr in FORBIDDEN_ATTRIBUTES and isinstance(node.ctx, ast.Load):
            yield node.lineno, f"uses .{node.attr}"


def problems(root: Path) -> list[str]:
    """One sentence for each import or use that is not pure."""
    return [
        f"{path}:{line}: {slip}; this file is pure: take the value as an argument"
        for path, _text, tree in parsed(root)
        if is_pure(path)
        for line, slip in _slips(tree)
    ]
