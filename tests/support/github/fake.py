"""GitHub for tests: its API over HTTP on real bare repositories, and the people who work there."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from itertools import count
from pathlib import Path

from tests.support.github.answering import Answer
from tests.support.github.limits import Limit
from tests.support.github.people import People
from tests.support.github.server import Request, Server, answered
from tests.support.github.state import Token, User


class FakeGitHub(People):
    """`url` is the API's base. `calls` are (method, path with query, status) in order, status 0 where cut.

    `forking` False forbids forks; a new fork is seen after `fork_appears_after` looks.
    """

    def __init__(
        self, folder: Path, files: Mapping[str, str | bytes], *, full_name: str, repository: Path | None
    ) -> None:
        super().__init__(folder, files, full_name=full_name, repository=repository)
        self.limit = Limit()
        self.calls: list[tuple[str, str, int]] = []
        self.forking = True
        self.fork_appears_after = 0
        self.requests = count(1)
        self.server = Server(self)
        self.url = self.server.url

    @property
    def repository(self) -> Path:
        """The bare repository that pull requests go to."""
        return self.main.git.path

    def user(
        self, login: str, *, token: str, scopes: tuple[str, ...] = ("repo", "workflow"), push: bool = True
    ) -> User:
        """A user with a token: `github_pat_…` is fine-grained and its `scopes` are what it may write.

        `push`: may push to the repository. A second call gives a further token.
        """
        with self.lock:
            who = self.person(login)
            self.tokens[token] = Token(value=token, user=who, scopes=scopes)
            (self.main.pushers.add if push else self.main.pushers.discard)(login)
            return who

    def revoke(self, token: str) -> None:
        with self.lock:
            del self.tokens[token]

    def advance(self, seconds: float) -> None:
        """The fake's clock goes ahead of the real one."""
        self.ahead += seconds

    def set_clock(self, clock: Callable[[], float]) -> None:
        self.clock = clock

    def serve(self, request: Request) -> Answer | None:
        """None is a connection that is cut."""
        answer, _route = answered(self, request)
        self.calls.append((request.method, request.target, answer.status))
        return answer

    def emptied(self) -> None:
        """After each call that was let in."""

    def close(self) -> None:
        self.server.close()
        for repository in self.repositories.values():
            repository.git.close()


@contextmanager
def fake_github(
    folder: Path,
    files: Mapping[str, str | bytes],
    *,
    full_name: str = "xorbitsai/inference",
    repository: Path | None = None,
) -> Iterator[FakeGitHub]:
    """A GitHub with one repository, its main holding `files`; `repository` is an existing bare one instead."""
    github = FakeGitHub(folder, files, full_name=full_name, repository=repository)
    try:
        yield github
    finally:
        github.close()
