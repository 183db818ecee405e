"""What goes wrong between us and GitHub, each time once and where a test says."""

from __future__ import annotations

import fnmatch
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from copy import copy
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tests.support.github.answering import Answer, Refused
from tests.support.github.limits import secondary

if TYPE_CHECKING:
    from tests.support.github.forge import Forge
    from tests.support.github.state import Pull, Repository

BEFORE, AFTER = "before", "after"


@dataclass(slots=True, eq=False)
class Fault:
    """`when` the act is done or not: `before` leaves it undone. An `answer` of None cuts the connection."""

    method: str
    path: str
    when: str
    answer: Answer | None
    seconds: float = 0.0
    times: int = 1
    skip: int = 0
    met: int = 0

    def meets(self, method: str, path: str) -> bool:
        """Counts down: the first `skip` calls pass, the next `times` meet it."""
        if method != self.method or not fnmatch.fnmatchcase(path, f"*{self.path}") or self.times <= 0:
            return False
        if self.skip > 0:
            self.skip -= 1
            return False
        self.times -= 1
        self.met += 1
        return True


@dataclass(slots=True)
class Faults:
    """`method` and the end of the path without its query, `*` for anything: ("POST", "/pulls"), ("GET", "/git/ref/*").

    Each happens once unless `times` says otherwise, after `skip` calls that it lets pass. What is returned counts how
    often it was `met`.
    """

    remember: Callable[[], None]
    waiting: list[Fault] = field(default_factory=list)
    stale_reads: list[Fault] = field(default_factory=list)
    release: threading.Event = field(default_factory=threading.Event)

    def before(self, method: str, path: str, *, status: int = 502, times: int = 1, skip: int = 0) -> Fault:
        """A 5xx, and nothing was done."""
        return self._add(Fault(method, path, BEFORE, _failed(status), times=times, skip=skip))

    def after(self, method: str, path: str, *, status: int = 502, times: int = 1, skip: int = 0) -> Fault:
        """A 5xx, and it was done."""
        return self._add(Fault(method, path, AFTER, _failed(status), times=times, skip=skip))

    def cut(self, method: str, path: str, *, done: bool = False, times: int = 1, skip: int = 0) -> Fault:
        """The connection ends without an answer; `done` says whether the act was."""
        return self._add(Fault(method, path, AFTER if done else BEFORE, None, times=times, skip=skip))

    def hang(
        self, method: str, path: str, *, seconds: float, done: bool = False, times: int = 1, skip: int = 0
    ) -> Fault:
        """Says nothing for `seconds`, or until `release` is set, then ends the connection."""
        return self._add(Fault(method, path, AFTER if done else BEFORE, None, seconds, times=times, skip=skip))

    def secondary(self, method: str, path: str, *, retry_after_s: int = 60, times: int = 1, skip: int = 0) -> Fault:
        """403 of a secondary limit."""
        refused = secondary(retry_after_s)
        return self._add(Fault(method, path, BEFORE, _answer(refused), times=times, skip=skip))

    def too_many(self, method: str, path: str, *, retry_after_s: int = 60, times: int = 1, skip: int = 0) -> Fault:
        """The same as 429, which GitHub gives as well."""
        refused = secondary(retry_after_s)
        refused.body["status"], refused.status = "429", 429
        return self._add(Fault(method, path, BEFORE, _answer(refused), times=times, skip=skip))

    def unauthorized(self, method: str, path: str, *, times: int = 1, skip: int = 0) -> Fault:
        """401, as for a token that was revoked."""
        return self._add(Fault(method, path, BEFORE, _answer(Refused(401, "Bad credentials")), times=times, skip=skip))

    def stale(self, path: str, *, times: int = 1, skip: int = 0) -> Fault:
        """A GET of `path` answers once as if the last write had not been: by the API, or by people since now."""
        self.remember()
        fault = Fault("GET", path, AFTER, None, times=times, skip=skip)
        self.stale_reads.append(fault)
        return fault

    def met(self, method: str, path: str) -> Fault | None:
        return next((fault for fault in self.waiting if fault.meets(method, path)), None)

    def expects_stale(self) -> bool:
        return any(fault.times for fault in self.stale_reads)

    def is_stale(self, path: str) -> bool:
        return any(fault.meets("GET", path) for fault in self.stale_reads)

    def clear(self) -> None:
        self.waiting.clear()
        self.stale_reads.clear()

    def _add(self, fault: Fault) -> Fault:
        self.waiting.append(fault)
        return fault


def _answer(refused: Refused) -> Answer:
    return Answer(status=refused.status, body=refused.body, headers=refused.headers)


def _failed(status: int) -> Answer:
    return _answer(Refused(status, "Server Error"))


@dataclass(frozen=True, slots=True)
class Earlier:
    """A repository's references and pull requests as they were."""

    refs: Mapping[str, str]
    pulls: Mapping[int, Pull]


def remembered(forge: Forge) -> dict[str, Earlier]:
    """Everything that a stale read can still show."""
    return {name: Earlier(found.git.refs(), _copied(found)) for name, found in forge.repositories.items()}


@contextmanager
def shown_as(forge: Forge, earlier: Mapping[str, Earlier]) -> Iterator[None]:
    """Within, the repositories look as they did `earlier`."""
    now = {name: forge.repositories[name].pulls for name in earlier}
    for name, then in earlier.items():
        forge.repositories[name].pulls = dict(then.pulls)
        forge.repositories[name].git.overlay = then.refs
    try:
        yield
    finally:
        for name, pulls in now.items():
            forge.repositories[name].pulls = pulls
            forge.repositories[name].git.overlay = None


def _copied(repository: Repository) -> dict[int, Pull]:
    copies = {}
    for number, pull in repository.pulls.items():
        copies[number] = made = copy(pull)
        made.labels, made.comments = list(pull.labels), [copy(said) for said in pull.comments]
        made.reviews, made.line_comments = list(pull.reviews), list(pull.line_comments)
    return copies
