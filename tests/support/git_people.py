"""What people do to a bare repository: clone, commit, merge, push."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping
from pathlib import Path


class Person:
    """Somebody with a clone and the right to push."""

    def __init__(self, repository: Path, clone: Path, *, name: str = "Alice") -> None:
        self._clone = clone
        self._environment = {
            "PATH": "/usr/local/bin:/usr/bin:/bin",
            "HOME": str(clone.parent),
            "GIT_CONFIG_NOSYSTEM": "1",
            "GIT_CONFIG_GLOBAL": "/dev/null",
            "GIT_AUTHOR_NAME": name,
            "GIT_AUTHOR_EMAIL": "alice@example.invalid",
            "GIT_COMMITTER_NAME": name,
            "GIT_COMMITTER_EMAIL": "alice@example.invalid",
        }
        clone.parent.mkdir(parents=True, exist_ok=True)
        subprocess.run(
            ["git", "clone", "--quiet", str(repository), str(clone)], check=True, env=self._environment, timeout=60
        )

    def commit(self, files: Mapping[str, str | None], message: str, *, branch: str = "main") -> str:
        """Pushed to `branch`; None removes a file."""
        self._on(branch)
        for path, text in files.items():
            file = self._clone / path
            if text is None:
                file.unlink()
            else:
                file.parent.mkdir(parents=True, exist_ok=True)
                file.write_text(text, encoding="utf-8")
        self._git("add", "--all")
        self._git("commit", "--quiet", "--allow-empty", "-m", message)
        return self._pushed(branch)

    def read(self, path: str, *, branch: str = "main") -> str:
        self._on(branch)
        return (self._clone / path).read_text(encoding="utf-8")

    def merge(self, branch: str) -> str:
        self._on("main")
        self._git("merge", "--quiet", "--no-ff", "-m", f"Merge {branch}", f"origin/{branch}")
        return self._pushed("main")

    def fast_forward(self, branch: str) -> str:
        self._on("main")
        self._git("merge", "--quiet", "--ff-only", f"origin/{branch}")
        return self._pushed("main")

    def squash(self, branch: str) -> str:
        self._on("main")
        self._git("merge", "--quiet", "--squash", f"origin/{branch}")
        self._git("commit", "--quiet", "-m", f"Squash {branch}")
        return self._pushed("main")

    def amend(self, branch: str, message: str) -> str:
        self._on(branch)
        self._git("commit", "--quiet", "--amend", "-m", message)
        self._git("push", "--quiet", "--force", "origin", f"HEAD:refs/heads/{branch}")
        return self._git("rev-parse", "HEAD")

    def tag(self, name: str, commit: str) -> None:
        self._git("tag", name, commit)
        self._git("push", "--quiet", "origin", f"refs/tags/{name}")

    def delete(self, branch: str) -> None:
        self._git("push", "--quiet", "origin", "--delete", branch)

    def _on(self, branch: str) -> None:
        self._git("fetch", "--quiet", "--prune", "origin")
        self._git("checkout", "--quiet", "--force", "--detach", f"origin/{branch}")

    def _pushed(self, branch: str) -> str:
        self._git("push", "--quiet", "origin", f"HEAD:refs/heads/{branch}")
        return self._git("rev-parse", "HEAD")

    def _git(self, *arguments: str) -> str:
        done = subprocess.run(
            ["git", "-C", str(self._clone), *arguments],
            check=False,
            capture_output=True,
            text=True,
            env=self._environment,
            timeout=60,
        )
        assert done.returncode == 0, f"git {arguments}: {done.stderr}"
        return done.stdout.strip()
