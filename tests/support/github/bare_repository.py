"""A real bare git repository, as a server holds it: objects and references, read and written fast.

Objects are written as git writes loose ones, and read through one `git cat-file --batch`; whatever
needs git's judgement (merging, walking, comparing) is asked of git.
"""

from __future__ import annotations

import hashlib
import os
import subprocess
import threading
import zlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO

ZERO = "0" * 40
ENVIRONMENT = {
    "PATH": "/usr/local/bin:/usr/bin:/bin",
    "HOME": "/nonexistent",
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_CONFIG_GLOBAL": "/dev/null",
    "GIT_COMMITTER_NAME": "GitHub",
    "GIT_COMMITTER_EMAIL": "noreply@github.com",
    "GIT_AUTHOR_NAME": "GitHub",
    "GIT_AUTHOR_EMAIL": "noreply@github.com",
}


class BareRepository:
    """At `path`; safe to call from any thread. `overlay` are references as of an earlier moment, for stale reads."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.overlay: Mapping[str, str] | None = None
        self._reader: subprocess.Popen[bytes] | None = None
        self._reading = threading.Lock()
        self._loose: dict[str, tuple[tuple[int, int], str]] = {}
        self._packed: tuple[tuple[int, int], dict[str, str]] = ((0, 0), {})

    def git(self, *arguments: str, stdin: bytes = b"", accept: Sequence[int] = (0,)) -> tuple[int, bytes]:
        """(exit code, output); RuntimeError for an exit code not in `accept`."""
        done = subprocess.run(
            ["git", "--git-dir", str(self.path), "-c", "core.quotePath=false", "-c", "gc.auto=0", *arguments],
            input=stdin,
            capture_output=True,
            check=False,
            env=ENVIRONMENT,
            timeout=60,
        )
        if done.returncode not in accept:
            raise RuntimeError(f"git {arguments} in {self.path}: {done.stderr.decode(errors='replace')}")
        return done.returncode, done.stdout

    def lines(self, *arguments: str) -> list[str]:
        return self.git(*arguments)[1].decode().splitlines()

    def refs(self) -> dict[str, str]:
        """Full name -> SHA of every reference there is, pushed by whomever, in order of name."""
        if self.overlay is not None:
            return dict(self.overlay)
        found = dict(self._read_packed())
        root = str(self.path / "refs")
        stack = [root]
        seen: dict[str, tuple[tuple[int, int], str]] = {}
        while stack:
            for entry in os.scandir(stack.pop()):
                if entry.is_dir():
                    stack.append(entry.path)
                elif not entry.name.endswith(".lock"):
                    name = "refs" + entry.path[len(root) :]
                    seen[name] = self._read_loose(name, entry)
        self._loose = seen
        found |= {name: sha for name, (_, sha) in seen.items() if sha}
        return dict(sorted(found.items()))

    def ref(self, name: str) -> str | None:
        if self.overlay is not None:
            return self.overlay.get(name)
        if not name.startswith("refs/") or ".." in name:
            return None
        try:
            return (self.path / name).read_text().strip()
        except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
            return self._read_packed().get(name)

    def branch(self, name: str) -> str | None:
        return self.ref(f"refs/heads/{name}")

    def move(self, name: str, sha: str, *, expected: str | None = None) -> None:
        """The reference is at `sha`; `expected` is the value it must have had, all zeros for none."""
        self.git("update-ref", name, sha, *([expected] if expected is not None else []))

    def delete(self, name: str) -> None:
        self.git("update-ref", "-d", name)

    def read(self, sha: str) -> tuple[str, bytes] | None:
        """(kind, content) of an object by its full SHA."""
        if len(sha) != 40 or not set(sha) <= set("0123456789abcdef"):
            return None
        with self._reading:
            to, answer = self._pipes()
            to.write(f"{sha}\n".encode())
            to.flush()
            head = answer.readline().split()
            if len(head) != 3:
                return None
            content = answer.read(int(head[2]))
            answer.read(1)
            return head[1].decode(), content

    def kind(self, sha: str) -> str | None:
        found = self.read(sha)
        return found[0] if found else None

    def write(self, kind: str, content: bytes) -> str:
        """The object's SHA, the one that git gives it."""
        data = f"{kind} {len(content)}".encode() + b"\0" + content
        sha = hashlib.sha1(data, usedforsecurity=False).hexdigest()
        folder = self.path / "objects" / sha[:2]
        target = folder / sha[2:]
        if not target.exists():
            folder.mkdir(exist_ok=True)
            writing = folder / f"tmp_obj_{os.getpid()}_{threading.get_ident()}"
            writing.write_bytes(zlib.compress(data, 1))
            writing.chmod(0o444)
            writing.rename(target)
        return sha

    def resolve(self, name: str) -> str | None:
        """The commit that a branch, a tag, HEAD or a SHA (whole or abbreviated) names."""
        for full in (f"refs/heads/{name}", f"refs/tags/{name}", f"refs/{name}"):
            if (sha := self.ref(full)) is not None:
                name = sha
                break
        if name.startswith("-") or ".." in name or not name:
            return None
        code, out = self.git("rev-parse", "--quiet", "--verify", f"{name}^{{commit}}", accept=(0, 1, 128))
        return out.decode().strip() if code == 0 else None

    def is_ancestor(self, older: str, newer: str) -> bool:
        return older == newer or self.git("merge-base", "--is-ancestor", older, newer, accept=(0, 1))[0] == 0

    def close(self) -> None:
        with self._reading:
            if self._reader is not None:
                assert self._reader.stdin and self._reader.stdout
                self._reader.stdin.close()
                self._reader.stdout.close()
                self._reader.wait()
                self._reader = None

    def _pipes(self) -> tuple[IO[bytes], IO[bytes]]:
        if self._reader is None:
            self._reader = subprocess.Popen(
                ["git", "--git-dir", str(self.path), "cat-file", "--batch"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                env=ENVIRONMENT,
            )
        assert self._reader.stdin and self._reader.stdout
        return self._reader.stdin, self._reader.stdout

    def _read_loose(self, name: str, entry: os.DirEntry[str]) -> tuple[tuple[int, int], str]:
        try:
            status = entry.stat()
            version = (status.st_ino, status.st_mtime_ns)
            known = self._loose.get(name)
            if known is not None and known[0] == version:
                return known
            return version, Path(entry.path).read_text().strip()
        except FileNotFoundError:
            return (0, 0), ""

    def _read_packed(self) -> dict[str, str]:
        try:
            status = (self.path / "packed-refs").stat()
        except FileNotFoundError:
            return {}
        version = (status.st_ino, status.st_mtime_ns)
        if version != self._packed[0]:
            lines = (self.path / "packed-refs").read_text().splitlines()
            pairs = (line.split(" ", 1) for line in lines if line[:1] not in "#^")
            self._packed = (version, {name: sha for sha, name in pairs})
        return self._packed[1]


def created(path: Path, files: Mapping[str, str | bytes], *, date_s: int) -> BareRepository:
    """A new bare repository whose main has `files` in its first commit; one that is there is taken as it is."""
    path.parent.mkdir(parents=True, exist_ok=True)
    repository = BareRepository(path)
    if (path / "HEAD").exists():
        return repository
    subprocess.run(
        ["git", "init", "--quiet", "--bare", "--initial-branch=main", str(path)],
        check=True,
        env=ENVIRONMENT,
        timeout=60,
    )
    stream = [f"commit refs/heads/main\ncommitter Octocat <octocat@github.test> {date_s} +0000\ndata 7\nInitial\n"]
    parts = ["".join(stream).encode()]
    for name, text in files.items():
        content = text.encode() if isinstance(text, str) else text
        parts.append(f"M 100644 inline {name}\ndata {len(content)}\n".encode() + content + b"\n")
    repository.git("fast-import", "--quiet", "--date-format=raw", stdin=b"".join(parts))
    return repository


def forked(source: BareRepository, path: Path, *, only: str | None) -> BareRepository:
    """A bare repository on the objects of `source`, as GitHub's forks share theirs; `only` one branch, or all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    subprocess.run(
        ["git", "init", "--quiet", "--bare", "--initial-branch=main", str(path)],
        check=True,
        env=ENVIRONMENT,
        timeout=60,
    )
    (path / "objects" / "info" / "alternates").write_text(f"{source.path.resolve() / 'objects'}\n")
    fork = BareRepository(path)
    wanted = "refs/heads/" if only is None else f"refs/heads/{only}"
    for name, sha in source.refs().items():
        if name == wanted or (only is None and name.startswith(("refs/heads/", "refs/tags/"))):
            fork.move(name, sha)
    return fork
