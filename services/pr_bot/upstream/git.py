"""The git program, run without a shell, without anyone's configuration and without hooks.

Reads go through one long-lived `git cat-file --batch`; writes through `git fast-import`, which
makes blobs, trees and the commit in one run and moves no branch.
"""

from __future__ import annotations

import shutil
import subprocess
import threading
import time
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import IO

from services.pr_bot.upstream import CommitText, UpstreamFailed

ZERO = "0" * 40
_TIMEOUT_S = 60
_ABANDONED_S = 3.0
# Git's default leaves loose objects to the kernel; an empty object file after a power cut is never written again.
_DURABLE, _FAST = "core.fsync=objects,reference", "core.fsync=none"
_OPTIONS = (
    "core.hooksPath=/dev/null",
    "core.quotePath=false",
    "gc.auto=0",
    "core.logAllRefUpdates=false",
)


class Git:
    """One bare repository at `path`. Safe to call from any thread.

    `durable=False` gives up the last writes at a power cut: for repositories that are thrown away.
    """

    def __init__(self, path: Path, *, durable: bool = True) -> None:
        self.path = path
        self._fsync = _DURABLE if durable else _FAST
        self._reader: subprocess.Popen[bytes] | None = None
        self._reading = threading.Lock()

    def run(self, *arguments: str, stdin: bytes | None = None, accept: tuple[int, ...] = (0,)) -> tuple[int, bytes]:
        """(exit code, output); raises UpstreamFailed for any exit code not in `accept`."""
        try:
            done = subprocess.run(
                self._command(*arguments),
                input=stdin if stdin is not None else b"",
                capture_output=True,
                timeout=_TIMEOUT_S,
                env=_environment(self.path),
                check=False,
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            raise UpstreamFailed(
                f"git {arguments[0]}: expected to run within {_TIMEOUT_S} s: {type(error).__name__}"
            ) from error
        if done.returncode not in accept:
            said = done.stderr.decode("utf-8", "replace").strip().splitlines()
            raise UpstreamFailed(f"git {arguments[0]} in {self.path.name}: {said[-1] if said else done.returncode}")
        return done.returncode, done.stdout

    def move_ref(self, reference: str, *to: str, delete: bool = False, accept: tuple[int, ...] = (0,)) -> int:
        """`git update-ref`; its exit code. A lock that a killed git has left behind is taken away first.

        `to` is the new value and, where given, the expected old one.
        """
        self._unlock_abandoned(reference)
        options = ("-d",) if delete else ()
        code, _ = self.run("update-ref", "--no-deref", *options, reference, *to, accept=accept)
        return code

    def _unlock_abandoned(self, reference: str) -> None:
        """Git holds such a lock for milliseconds; whoever holds it for seconds was killed and never lets it go."""
        for lock in (self.path / f"{reference}.lock", self.path / "packed-refs.lock"):
            try:
                if time.time() - lock.stat().st_mtime > _ABANDONED_S:
                    lock.unlink()
            except FileNotFoundError:
                continue

    def read(self, name: str) -> tuple[str, str, bytes] | None:
        """(sha, type, content) of an object by any name git knows, None where there is none."""
        with self._reading:
            try:
                return self._read(name)
            except (OSError, ValueError) as error:
                self._stop_reader()
                raise UpstreamFailed(f"git cat-file in {self.path.name}: {type(error).__name__}: {error}") from error

    def sha(self, reference: str) -> str | None:
        """The commit a full reference name points at."""
        found = self.read(reference)
        return found[0] if found else None

    def close(self) -> None:
        with self._reading:
            self._stop_reader()

    def _read(self, name: str) -> tuple[str, str, bytes] | None:
        asked, answers = self._pipes()
        asked.write(f"{name}\n".encode())
        asked.flush()
        header = answers.readline().decode("utf-8", "replace").split()
        if not header:
            raise ValueError("expected an answer, found the end")
        if len(header) != 3:
            return None
        size = int(header[2])
        content = _exactly(answers, size + 1)
        if len(content) != size + 1:
            raise ValueError(f"expected {size} bytes, found {len(content)}")
        return header[0], header[1], content[:-1]

    def _pipes(self) -> tuple[IO[bytes], IO[bytes]]:
        process = self._started()
        if process.stdin is None or process.stdout is None:
            raise ValueError("expected a process with pipes")
        return process.stdin, process.stdout

    def _started(self) -> subprocess.Popen[bytes]:
        if self._reader is None or self._reader.poll() is not None:
            self._stop_reader()
            self._reader = subprocess.Popen(
                self._command("cat-file", "--batch"),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                env=_environment(self.path),
            )
        return self._reader

    def _stop_reader(self) -> None:
        process, self._reader = self._reader, None
        if process is None:
            return
        for pipe in (process.stdin, process.stdout):
            if pipe is not None:
                try:
                    pipe.close()
                except OSError:
                    continue  # the process is gone and took what was not yet written with it
        process.kill()
        process.wait()

    def _command(self, *arguments: str) -> list[str]:
        options = [part for option in (*_OPTIONS, self._fsync) for part in ("-c", option)]
        # Somebody set this path as the hub's upstream; git's doubt about its owner is answered by that.
        return [_program(), *options, "-c", f"safe.directory={self.path}", f"--git-dir={self.path}", *arguments]


def commit_stream(base: str | None, changes: Mapping[str, bytes | None], text: CommitText, scratch: str) -> bytes:
    """A fast-import stream that makes one commit, prints its SHA and leaves no reference behind."""
    who = f"{_one_line(text.author)} <{_one_line(text.email)}> {text.date_s} +0000".encode()
    message = text.message.encode()
    lines = [
        f"commit {scratch}".encode(),
        b"mark :1",
        b"author " + who,
        b"committer " + who,
        b"data %d" % len(message),
        message,
    ]
    if base is not None:
        lines.append(f"from {base}".encode())
    for path, content in sorted(changes.items()):
        if content is None:
            lines.append(b"D " + _quoted(path))
        else:
            lines += [b"M 100644 inline " + _quoted(path), b"data %d" % len(content), content]
    lines += [b"get-mark :1", f"reset {scratch}".encode(), f"from {ZERO}".encode(), b"", b"done", b""]
    return b"\n".join(lines)


def _quoted(path: str) -> bytes:
    escaped = path.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{escaped}"'.encode()


def _one_line(text: str) -> str:
    return " ".join(text.translate({ord("<"): " ", ord(">"): " "}).split())


@cache
def _program() -> str:
    found = shutil.which("git")
    if found is None:
        raise UpstreamFailed("git: expected the program on the PATH, found none; install git")
    return found


def _exactly(pipe: IO[bytes], size: int) -> bytes:
    """`size` bytes, fewer only at the end: a green pipe answers with what is in it now."""
    parts = []
    while size and (part := pipe.read(size)):
        parts.append(part)
        size -= len(part)
    return b"".join(parts)


def _environment(path: Path) -> dict[str, str]:
    return {
        "PATH": f"{Path(_program()).parent}:/usr/bin:/bin",
        "HOME": str(path),
        "LC_ALL": "C",
        "GIT_CONFIG_GLOBAL": "/dev/null",
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_TERMINAL_PROMPT": "0",
        "GIT_OPTIONAL_LOCKS": "0",
    }
