"""The hub's own upstream, copied while the bot and people may be pushing to it."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

from gateway.archive.contents import PULLS
from shared.errors import Unavailable

ATTEMPTS = 10
TIMEOUT_S = 600


def copy_repository(source: Path, target: Path) -> None:
    """Branches, commits and pull requests as they were at one moment; Unavailable where it never stands still."""
    for _ in range(ATTEMPTS):
        before = _traces(source)
        # Not file by file: git alone knows which objects a reference needs while others repack.
        _git("clone", "--quiet", "--mirror", "--no-local", "--template=", "--", str(source), str(target))
        if (source / PULLS).is_dir():
            shutil.copytree(source / PULLS, target / PULLS)
        if _traces(source) == before:
            shutil.copyfile(source / "config", target / "config")
            return
        shutil.rmtree(target)
    raise Unavailable(f"upstream {source}: it changed during each of {ATTEMPTS} copies; try again when it is quieter")


def _traces(source: Path) -> tuple[bytes, list[tuple[str, int, int]]]:
    """What differs after anybody has changed something."""
    references = _git(f"--git-dir={source}", "for-each-ref", "--format=%(refname) %(objectname)")
    pulls = sorted((source / PULLS).iterdir()) if (source / PULLS).is_dir() else []
    return references, [(path.name, path.stat().st_mtime_ns, path.stat().st_size) for path in pulls]


def _git(*arguments: str) -> bytes:
    program = shutil.which("git") or "git"
    environment = {
        "PATH": f"{Path(program).parent}{os.pathsep}{os.defpath}",
        "LC_ALL": "C",
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_CONFIG_NOSYSTEM": "1",
    }
    done = subprocess.run(
        [program, *arguments],
        capture_output=True,
        stdin=subprocess.DEVNULL,
        timeout=TIMEOUT_S,
        env=environment,
        check=False,
    )
    if done.returncode != 0:
        said = done.stderr.decode("utf-8", "replace").strip().splitlines()[-1:] or [str(done.returncode)]
        raise Unavailable(f"git {arguments[0]}: it failed ({said[0]}); look at the hub's upstream repository")
    return done.stdout
