"""Fetches releases from the package index and gives them a Python of their own, once per cache folder."""

from __future__ import annotations

import hashlib
import subprocess
import sys
import venv
import zipfile
from collections.abc import Sequence
from pathlib import Path

from scripts.npm_packages import locked

# All that a release needs, besides its stubs, from start to registry. openai: its types are fields of a class.
NEEDS = ("pydantic>=2,<3", "requests>=2,<3", "openai>=1.40,<3", "filelock", "packaging")
PARTS = (".py", ".json", ".yaml")


def cache_folder() -> Path:
    """Where wheels and the clients' Python are kept between runs, outside any checkout."""
    return Path.home() / ".cache" / "models-hub" / "xinference-clients"


def client_python(cache: Path) -> Path:
    """A Python with what every release needs; made the first time, about 10 s."""
    mark = hashlib.sha256(repr((NEEDS, sys.version)).encode()).hexdigest()[:12]
    folder = cache / f"python-{mark}"
    python, ready = folder / "bin" / "python", folder / "ready"
    with locked(cache):
        if not ready.exists():
            venv.create(folder, clear=True, with_pip=True)
            _run([str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *NEEDS])
            ready.touch()
    return python


def unpacked(release: str, cache: Path) -> Path:
    """The folder to put on sys.path for this release; fetched the first time (about 60 MB)."""
    folder = cache / "releases" / release
    python = client_python(cache)
    with locked(cache):
        if not (folder / "ready").exists():
            wheel = _download(release, cache=cache, python=python)
            _unpack(wheel, folder)
            wheel.unlink()
            (folder / "ready").touch()
    return folder


def _download(release: str, *, cache: Path, python: Path) -> Path:
    target = cache / "wheels" / release
    command = [str(python), "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-cache-dir"]
    _run([*command, "--no-deps", "--only-binary", ":all:", "--dest", str(target), f"xinference=={release}"])
    found = sorted(target.glob("*.whl"))
    if len(found) != 1:
        raise RuntimeError(
            f"xinference {release}: expected one wheel in {target}, found {len(found)}; empty the folder"
        )
    return found[0]


def _unpack(wheel: Path, folder: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        for name in archive.namelist():
            inside = name.startswith("xinference/") and not name.startswith("xinference/ui/")
            if inside and name.endswith(PARTS):
                archive.extract(name, folder)


def run_inside(cache: Path, module: str, arguments: Sequence[str], *, timeout_s: float = 600) -> str:
    """Run a module of this package in the clients' Python; its output. Raises RuntimeError where it fails."""
    command = [str(client_python(cache)), "-m", f"scripts.xinference_client.{module}", *arguments]
    return _run(command, timeout_s=timeout_s)


def _run(command: Sequence[str], *, timeout_s: float = 600) -> str:
    done = subprocess.run(
        command, capture_output=True, text=True, timeout=timeout_s, check=False, cwd=Path(__file__).parents[2]
    )
    if done.returncode:
        raise RuntimeError(f"{' '.join(command[:6])}: exit {done.returncode}\n{done.stderr[-2000:]}")
    return done.stdout
