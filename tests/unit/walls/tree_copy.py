"""A copy of the tree to break on purpose."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
PACKAGES = ("services", "shared", "gateway", "scripts")
NOT_CODE = shutil.ignore_patterns("__pycache__", "node_modules", "static", "frontend", "*.so")


def copy_tree(target: Path) -> Path:
    """The packages and `pyproject.toml`, in `target`."""
    for package in PACKAGES:
        shutil.copytree(ROOT / package, target / package, ignore=NOT_CODE)
    shutil.copy(ROOT / "pyproject.toml", target)
    return target


def add_missing(root: Path, module: str) -> None:
    """An empty module, and its packages, unless there is one."""
    path = root.joinpath(*module.split("."))
    if path.is_dir():
        (path / "__init__.py").touch()
    if path.with_suffix(".py").exists() or path.is_dir():
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    for folder in (path.parent, *path.parent.parents):
        if folder == root:
            break
        (folder / "__init__.py").touch()
    path.with_suffix(".py").write_text('"""Empty."""\n', encoding="utf-8")


def append(root: Path, module: str, line: str) -> Path:
    """`line` at the end of the module, which is made where it is missing."""
    add_missing(root, module)
    path = root.joinpath(*module.split("."))
    path = path / "__init__.py" if path.is_dir() else path.with_suffix(".py")
    with path.open("a", encoding="utf-8") as file:
        file.write(f"\n{line}\n")
    return path


def python(root: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """This Python, in the copy."""
    return subprocess.run(
        [sys.executable, *arguments], cwd=root, capture_output=True, text=True, check=False, timeout=120
    )
