"""What the reconciler asks of a place that holds the catalogue; one adapter per kind of place.

Everything here may be called twice with the same effect as once. Adapters raise `UpstreamFailed`
for what is worth another try; they never decide what a pull request should be.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

from shared.errors import Conflict, Forbidden, Unavailable


class UpstreamFailed(Unavailable):
    """Upstream did not do what was asked; try again later."""

    slug = "upstream-failed"


class RateLimited(UpstreamFailed):
    """Upstream takes no more calls of this account until `retry_at` (Unix seconds).

    `account` is `default` or the login whose token it is. `why`: `budget` where a window's calls are used up,
    `pace` where upstream wants a pause (a secondary limit). `person`: whose account it is, where a step knows that.
    """

    slug = "rate-limited"

    def __init__(
        self, message: str, *, retry_at: float, account: str = "default", why: Literal["budget", "pace"] = "budget"
    ) -> None:
        super().__init__(message, details={"retry_at": retry_at})
        self.retry_at = retry_at
        self.account = account
        self.person = ""
        self.why = why


class TokenRefused(Forbidden):
    """The account's token no longer does what it must; the message tells its owner what to do, without the token."""

    slug = "token-refused"


class BranchMoved(Conflict):
    """The branch is not where it was seen: look again before acting."""

    slug = "branch-moved"


@dataclass(frozen=True, slots=True, kw_only=True)
class CommitText:
    """All of a commit that is not its content. `date_s` is Unix seconds, shown in UTC."""

    author: str
    email: str
    date_s: int
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Commit:
    """`parents` are full SHAs; `committer` and `author` as `name <email>`."""

    sha: str
    parents: tuple[str, ...]
    author: str
    committer: str
    date_s: int
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Pull:
    """A pull request as upstream holds it now.

    `state` is `open`, `closed` or `merged`; `head_sha` the branch's head (the last one known once
    it is gone); `merge_sha` the commit of the target branch that carried it, where merged.
    `closed_by` is `hub` or `upstream`, empty while open. `updated_at` is when upstream last changed anything
    about it (Unix seconds), 0 where it does not say.
    """

    number: int
    url: str
    branch: str
    base: str
    title: str
    body: str
    draft: bool
    state: str
    head_sha: str
    merge_sha: str = ""
    closed_by: str = ""
    updated_at: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class NewPull:
    branch: str
    title: str
    body: str
    draft: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Remark:
    """What a person said on a pull request. `id` is upstream's own, the same at every look; `at` in Unix seconds.

    `path` is the file that a `line` remark stands at; `verdict` a review's: approved, changes_requested, commented.
    """

    id: str
    author: str
    text: str
    url: str
    at: int
    kind: Literal["comment", "review", "line"]
    path: str = ""
    verdict: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckRun:
    name: str
    state: Literal["pending", "success", "failure", "neutral"]
    url: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Budget:
    """Calls that upstream takes from this account per window, and when the window ends (Unix seconds)."""

    limit: int
    remaining: int
    resets_at: int


class Upstream(Protocol):
    """One repository and its target branch. Commits are full SHAs; an absent branch or file is None."""

    @property
    def target(self) -> str:
        """What people call it; no secret in it."""

    @property
    def fetch_from(self) -> str:
        """Where anybody's clone fetches its commits from: an address, or `origin` where there is none to tell."""

    @property
    def base(self) -> str:
        """The target branch's name."""

    def head(self) -> str:
        """The target branch's newest commit."""

    def files(self, commit: str) -> Mapping[str, str]:
        """path -> blob id of every file under the catalogue's directory."""

    def text(self, commit: str, path: str) -> str | None:
        """The file's text as it was written; UpstreamFailed where it is no UTF-8."""

    def branch_head(self, branch: str) -> str | None: ...

    def commit(self, sha: str) -> Commit: ...

    def changed(self, before: str, after: str) -> Sequence[str]:
        """Paths that differ between two commits."""

    def build(self, base: str, changes: Mapping[str, str | None], text: CommitText) -> str:
        """The commit on `base` with `changes` (None removes a file): the same arguments give the same SHA.

        No branch moves.
        """

    def point(self, branch: str, commit: str, *, expected: str | None) -> None:
        """The branch is at `commit`; raises BranchMoved where it was neither there nor at `expected`."""

    def delete_branch(self, branch: str) -> None: ...

    def pulls(self, branch: str) -> Sequence[Pull]:
        """Every pull request of the branch, oldest first, as it is now: merged and closed ones detected."""

    def recent_pulls(self, since: float) -> Sequence[Pull]:
        """The hub's pull requests that changed at `since` (Unix seconds) or later, maybe others, in any order.

        One call where nothing changed. `merge_sha` and `closed_by` may be empty.
        """

    def open_pull(self, new: NewPull) -> Pull:
        """The branch's open pull request, made where there is none."""

    def edit_pull(self, number: int, *, title: str, body: str, draft: bool) -> Pull: ...

    def close_pull(self, number: int) -> Pull: ...

    def reopen_pull(self, number: int) -> Pull: ...

    def comment(self, number: int, marker: str, text: str) -> None:
        """One comment per `marker`: said once, however often it is asked."""

    def diff(self, base: str, head: str) -> str:
        """Unified diff from one commit to another."""

    def remarks(self, number: int) -> Sequence[Remark]:
        """What people said on the pull request, oldest first; without the hub's own marked comments."""

    def checks(self, sha: str) -> Sequence[CheckRun]:
        """The results of upstream's automation for a commit, by name, the newest of each."""

    def first_release(self, commit: str) -> str:
        """The first release tag whose history holds the commit, empty while there is none."""

    def budget(self) -> Budget | None:
        """What is left of the account's calls as last told, without a call; None where nothing is limited."""

    def is_machine(self, commit: Commit) -> bool:
        """Whether upstream's own automation wrote it (generated documentation)."""

    def close(self) -> None: ...


Connect = Callable[[], Upstream]
