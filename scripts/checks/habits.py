"""No test that does not run, no exception that nobody hears of."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

from scripts.checks.tree import parsed

NOT_RUN = {"skip", "skipif", "xfail", "importorskip", "skipUnless", "skipIf", "expectedFailure"}
BROAD = {"Exception", "BaseException"}


def _names(node: ast.expr | None) -> set[str]:
    return {name.id for name in ast.walk(node) if isinstance(name, ast.Name)} if node else set(BROAD)


def _says_nothing(statement: ast.stmt) -> bool:
    return isinstance(statement, ast.Pass | ast.Continue) or (
        isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)
    )


def _slips(path: str, tree: ast.Module) -> Iterator[tuple[int, str]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.ExceptHandler) and BROAD & _names(node.type) and all(map(_says_nothing, node.body)):
            yield node.lineno, "swallows every exception; catch what is handled here, or say what happened"
        if (
            path.startswith("tests/")
            and isinstance(node, ast.Attribute)
            and node.attr in NOT_RUN
            and ast.unparse(node.value) in ("pytest", "pytest.mark", "unittest", "mark")
        ):
            yield node.lineno, f"{node.attr}: a test runs or is deleted"


def problems(root: Path) -> list[str]:
    """One sentence for each skipped test and each swallowed exception."""
    return [f"{path}:{line}: {slip}" for path, _text, tree in parsed(root) for line, slip in _slips(path, tree)]
