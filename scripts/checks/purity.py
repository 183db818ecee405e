"""The domain and what it speaks in are functions of their arguments: no clock, no chance, no input or output.

import-linter keeps frameworks out; it cannot say "of the standard library only these".
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
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
    "shared/client_releases.py",
    "shared/upstream_layout*.py",
    "shared/model_facts.py",
)
ALLOWED = {
    *("__future__", "abc", "base64", "binascii", "bisect", "collections", "collections.abc", "copy", "dataclasses"),
    *("datetime", "decimal", "difflib", "enum", "fractions", "functools", "hashlib", "heapq", "itertools", "json"),
    *("json.decoder", "json.scanner", "math", "operator", "re", "string", "textwrap", "types", "typing"),
    *("unicodedata", "urllib.parse", "uuid"),
}
FORBIDDEN_NAMES = {"open", "input", "print", "eval", "exec", "compile", "__import__", "breakpoint"}
FORBIDDEN_ATTRIBUTES = {"now", "utcnow", "today", "uuid1", "uuid4", "getnode"}


@dataclass(frozen=True)
class Source:
    """One file of the project; `path` from the root."""

    path: str
    tree: ast.Module


def is_promised(path: str) -> bool:
    """Whether the file at this path (from the root) must be pure, whoever imports it."""
    parts = path.count("/")
    return any(parts == pattern.count("/") and fnmatch(path, pattern) for pattern in PURE)


def _imports(tree: ast.Module) -> Iterator[tuple[int, str, tuple[str, ...]]]:
    """(line, module, names taken from it); an import relative to its package stays among promised files."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name, ()) for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            yield node.lineno, node.module or "", tuple(alias.name for alias in node.names)


def _files_of(module: str, names: tuple[str, ...], known: Mapping[str, Source]) -> list[str]:
    """The project's files that are loaded for it, packages on the way included."""
    steps = module.split(".")
    modules = ["/".join(steps[: count + 1]) for count in range(len(steps))] + ["/".join([*steps, n]) for n in names]
    return [path for m in modules for path in (f"{m}.py", f"{m}/__init__.py") if path in known]


def _uses(tree: ast.Module) -> Iterator[tuple[int, str]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom):
            named = FORBIDDEN_ATTRIBUTES.intersection(alias.name for alias in node.names)
            yield from ((node.lineno, f"imports {name}") for name in named)
        elif isinstance(node, ast.Name) and node.id in FORBIDDEN_NAMES:
            yield node.lineno, f"uses {node.id}"
        elif isinstance(node, ast.Attribute) and node.attr in FORBIDDEN_ATTRIBUTES and isinstance(node.ctx, ast.Load):
            yield node.lineno, f"uses .{node.attr}"


def _look(source: Source, known: Mapping[str, Source]) -> tuple[list[tuple[int, str]], list[str]]:
    """What is wrong in this file, by line, and the project's files that it loads."""
    slips, loaded = list(_uses(source.tree)), []
    for line, module, names in _imports(source.tree):
        files = _files_of(module, names, known)
        own = [path for path in files if path.startswith(f"{module.replace('.', '/')}")]
        if not own and module not in ALLOWED:
            slips.append((line, f"imports {module}"))
        loaded += files
    return slips, loaded


def problems(root: Path) -> list[str]:
    """One sentence for each import or use that is not pure, also in files that pure ones import."""
    known = {path: Source(path, tree) for path, _text, tree in parsed(root)}
    reasons = {path: "this file" for path in known if is_promised(path)}
    queue, found = list(reasons), []
    while queue:
        path = queue.pop(0)
        slips, loaded = _look(known[path], known)
        found += [
            f"{path}:{line}: {slip}; {reasons[path]} is pure: take the value as an argument" for line, slip in slips
        ]
        for other in loaded:
            if other not in reasons:
                reasons[other] = f"{path}, which imports this one,"
                queue.append(other)
    return found
