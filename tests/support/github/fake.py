"""GitHub for tests: its API over HTTP on real bare repositories, and the people who work there."""

from __future__ import annotations

import traceback
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import Any

from tests.support.github import shapes
from tests.support.github.answering import Answer
from tests.support.github.checking import Checked
from tests.support.github.faults import AFTER, Earlier, Faults, remembered
from tests.support.github.following import notice
from tests.support.github.limits import Limit
from tests.support.github.people import People
from tests.support.github.server import Request, Server, answered
from tests.support.github.state import Repository, Token, User
from tests.support.github.webhooks import Receiver, Webhooks

_HOOK = {
    "type": "Repository",
    "id": 1,
    "name": "web",
    "active": True,
    "events": ["*"],
    "config": {"content_type": "json", "insecure_ssl": "0"},
    "updated_at": "2026-01-01T00:00:00Z",
    "created_at": "2026-01-01T00:00:00Z",
}


class FakeGitHub(People):
    """`url` is the API's base. `calls` are (method, path with query, status) in order, status 0 where cut.

    `forking` False forbids forks; a new fork is seen after `fork_appears_after` looks.
    """

    def __init__(
        self, folder: Path, files: Mapping[str, str | bytes], *, full_name: str, repository: Path | None
    ) -> None:
        super().__init__(folder, files, full_name=full_name, repository=repository)
        self.limit = Limit()
        self.checked = Checked()
        self.calls: list[tuple[str, str, int]] = []
        self.forking = True
        self.fork_appears_after = 0
        self.requests = count(1)
        self.faults = Faults(self.remember)
        self.earlier: dict[str, Earlier] = {}
        self._senders: list[Webhooks] = []
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
        with self.lock:
            fault = self.faults.met(request.method, request.path)
        answer = self._answered(request) if fault is None or fault.when == AFTER else None
        if fault is not None:
            self.faults.release.wait(fault.seconds)
            answer = fault.answer
        self.calls.append((request.method, request.target, answer.status if answer else 0))
        return answer

    def _answered(self, request: Request) -> Answer:
        try:
            return answered(self, request)
        except Exception:
            # Of the fake itself: the client sees what GitHub's own mistakes look like, and the test fails.
            self.checked.violations.append(f"{request.method} {request.target}: {traceback.format_exc()}")
            return Answer(status=500, body={"message": "Server Error"})

    def remember(self) -> None:
        """What a stale read will show."""
        with self.lock:
            notice(self)
            self.earlier = remembered(self)

    def webhooks(self, target: str | Receiver, secret: str) -> Webhooks:
        """From now on all that happens is told to `target`: an address, or a function of headers and content.

        What people did is told at once; what was pushed by git beside the fake at the next call, or by `look`.
        """
        sender = Webhooks(target, secret)
        self._senders.append(sender)
        self.listeners.append(lambda *told: self._deliver(sender, *told))
        return sender

    def ping(self) -> None:
        """What GitHub sends to a new webhook."""
        zen = {"zen": "Design for failure.", "hook_id": 1, "hook": _HOOK}
        with self.lock:
            self.tell("ping", zen, self.main, self.main.owner)

    def _deliver(self, sender: Webhooks, event: str, payload: dict[str, Any], repository: Repository, by: User) -> None:
        whole = payload | {"repository": shapes.repository(self.url, repository), "sender": shapes.user(self.url, by)}
        self.checked.webhook(event, whole)
        if repository is self.main:
            sender.deliver(event, whole)

    def close(self) -> None:
        self.faults.release.set()
        self.server.close()
        for sender in self._senders:
            sender.close()
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
    except BaseException as error:
        for violation in dict.fromkeys(github.checked.violations):
            error.add_note(f"and not as GitHub describes its API: {violation}")
        raise
    finally:
        github.close()
    github.checked.refuse()
