"""What a bare repository cannot hold by itself: titles, bodies, drafts and comments of pull requests.

One JSON file a pull request in `hub-pulls/` of the repository, replaced whole, so that a kill
leaves the old or the new one.
"""

from __future__ import annotations

import dataclasses
import json
import os
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from services.pr_bot.upstream import UpstreamFailed


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredPull:
    """`state` is open, closed or merged; `comments` are (marker, text) pairs, oldest first."""

    number: int
    branch: str
    base: str
    title: str
    body: str
    draft: bool
    state: str = "open"
    head_sha: str = ""
    merge_sha: str = ""
    closed_by: str = ""
    comments: tuple[tuple[str, str], ...] = field(default=())


class PullFiles:
    """The pull requests in one directory; numbers count from 1 and are never given twice."""

    def __init__(self, directory: Path, *, durable: bool = True) -> None:
        self._directory = directory
        self._fsync: Callable[[int], None] = os.fsync if durable else lambda descriptor: None
        self._read: dict[int, tuple[tuple[int, int], StoredPull]] = {}

    def all(self) -> list[StoredPull]:
        """Every pull request, in order of number."""
        return [self.get(number) for number in self._numbers()]

    def of_branch(self, branch: str) -> list[StoredPull]:
        """The branch's, in order of number."""
        return [pull for pull in self.all() if pull.branch == branch]

    def get(self, number: int) -> StoredPull:
        path = self._directory / f"{number}.json"
        try:
            found = path.stat()
            version = (found.st_ino, found.st_mtime_ns)
            if (known := self._read.get(number)) is not None and known[0] == version:
                return known[1]
            data = json.loads(path.read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            raise UpstreamFailed(f"pull request {number}: {path.name} is not readable: {error}") from error
        pull = StoredPull(**data | {"comments": tuple((marker, text) for marker, text in data["comments"])})
        self._read[number] = (version, pull)
        return pull

    def create(self, pull: StoredPull) -> StoredPull:
        """Under the next free number."""
        self._directory.mkdir(exist_ok=True)
        number = max(self._numbers(), default=0) + 1
        while True:
            made = dataclasses.replace(pull, number=number)
            temporary = self._written(made)
            try:
                # A link, not a rename: it refuses a number that another writer took meanwhile.
                os.link(temporary, self._directory / f"{number}.json")
            except FileExistsError:
                number += 1
                continue
            finally:
                temporary.unlink()
            self._sync()
            return made

    def save(self, pull: StoredPull) -> StoredPull:
        self._written(pull).replace(self._directory / f"{pull.number}.json")
        self._sync()
        return pull

    def _numbers(self) -> list[int]:
        return sorted(int(path.stem) for path in self._directory.glob("[1-9]*.json"))

    def _written(self, pull: StoredPull) -> Path:
        text = json.dumps(dataclasses.asdict(pull), ensure_ascii=False, indent=1) + "\n"
        descriptor, name = tempfile.mkstemp(prefix=".writing-", dir=self._directory)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            self._fsync(file.fileno())
        return Path(name)

    def _sync(self) -> None:
        descriptor = os.open(self._directory, os.O_RDONLY)
        try:
            self._fsync(descriptor)
        finally:
            os.close(descriptor)
