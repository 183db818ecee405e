"""A bare git repository as upstream: branches and commits in git, pull requests in small files beside them.

A pull request is merged once its content lies on the target branch, however it came there, and
closed once a person deletes its branch. `refs/pull/<n>/head` keeps the last head after that.
"""

from __future__ import annotations

import dataclasses
import json
import re
import secrets
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path

from services.pr_bot.upstream import (
    BranchMoved,
    Budget,
    CheckRun,
    Commit,
    CommitText,
    NewPull,
    Pull,
    Remark,
    UpstreamFailed,
)
from services.pr_bot.upstream.git import ZERO, Git, commit_stream
from services.pr_bot.upstream.pulls import PullFiles, StoredPull

CATALOGUE = "xinference/model"
RELEASE = re.compile(r"v?\d+(\.\d+)+[A-Za-z0-9.+-]*")
_SEEDER = CommitText(author="Models Hub", email="hub@models-hub.invalid", date_s=0, message="Import the catalogue\n")
_PAIRS_KEPT = 4096
_CI_AUTHORS = ("github-actions[bot]",)


class LocalGit:
    """See `Upstream`. The repository must exist with the target branch. `durable` as for `Git`."""

    def __init__(self, path: Path, *, base: str = "main", durable: bool = True) -> None:
        self._git = Git(path, durable=durable)
        self._base = base
        self._pulls = PullFiles(path / "hub-pulls", durable=durable)
        self._files: tuple[str, Mapping[str, str]] = ("", {})
        self._carried: dict[tuple[str, str], bool] = {}
        self._writing = threading.Lock()

    @property
    def target(self) -> str:
        return f"file:{self._git.path}"

    @property
    def fetch_from(self) -> str:
        return "origin"

    @property
    def base(self) -> str:
        return self._base

    def head(self) -> str:
        found = self.branch_head(self._base)
        if found is None:
            raise UpstreamFailed(
                f"upstream {self._git.path.name}: expected a branch {self._base}, found none; "
                "set HUB_UPSTREAM_BRANCH or push it"
            )
        return found

    def files(self, commit: str) -> Mapping[str, str]:
        # Another thread may read another commit meanwhile.
        kept = self._files
        if kept[0] != commit:
            _, listed = self._git.run("ls-tree", "-r", "-z", commit, "--", CATALOGUE)
            rows = (row.split("\t", 1) for row in listed.decode("utf-8", "replace").split("\0") if row)
            kept = self._files = (commit, {path: meta.split(" ")[2] for meta, path in rows})
        return kept[1]

    def text(self, commit: str, path: str) -> str | None:
        found = self._git.read(f"{commit}:{path}")
        if found is None or found[1] != "blob":
            return None
        try:
            return found[2].decode("utf-8")
        except UnicodeDecodeError as error:
            raise UpstreamFailed(f"{path} at {commit[:12]}: expected UTF-8: {error}") from error

    def branch_head(self, branch: str) -> str | None:
        return self._git.sha(f"refs/heads/{branch}")

    def commit(self, sha: str) -> Commit:
        found = self._git.read(sha)
        if found is None or found[1] != "commit":
            raise UpstreamFailed(f"commit {sha[:12]}: not in {self._git.path.name}")
        return _parsed(sha, found[2].decode("utf-8", "replace"))

    def changed(self, before: str, after: str) -> Sequence[str]:
        _, listed = self._git.run("diff-tree", "-r", "-z", "--no-renames", "--name-only", before, after, "--")
        return [path for path in listed.decode("utf-8", "replace").split("\0") if path]

    def build(self, base: str, changes: Mapping[str, str | None], text: CommitText) -> str:
        encoded = {path: None if content is None else content.encode() for path, content in changes.items()}
        return _imported(self._git, base, encoded, text)

    def point(self, branch: str, commit: str, *, expected: str | None) -> None:
        code = self._git.move_ref(f"refs/heads/{branch}", commit, expected or ZERO, accept=(0, 1, 128))
        if code and (found := self.branch_head(branch)) != commit:
            raise BranchMoved(
                f"branch {branch}: expected at {(expected or 'nothing')[:12]}, found at {(found or 'nothing')[:12]}; "
                "look again"
            )

    def delete_branch(self, branch: str) -> None:
        if self.branch_head(branch) is not None:
            self._git.move_ref(f"refs/heads/{branch}", delete=True)

    def pulls(self, branch: str) -> Sequence[Pull]:
        with self._writing:
            return [_shown(self._seen(stored)) for stored in self._pulls.of_branch(branch)]

    def recent_pulls(self, since: float) -> Sequence[Pull]:
        with self._writing:
            return [_shown(self._seen(stored)) for stored in self._pulls.all()]

    def open_pull(self, new: NewPull) -> Pull:
        with self._writing:
            for stored in self._pulls.of_branch(new.branch):
                if self._seen(stored).state == "open":
                    return _shown(self._edited(stored, title=new.title, body=new.body, draft=new.draft))
            fresh = StoredPull(
                number=0, branch=new.branch, base=self._base, title=new.title, body=new.body, draft=new.draft
            )
            return _shown(self._seen(self._pulls.create(fresh)))

    def edit_pull(self, number: int, *, title: str, body: str, draft: bool) -> Pull:
        with self._writing:
            return _shown(self._edited(self._pulls.get(number), title=title, body=body, draft=draft))

    def close_pull(self, number: int) -> Pull:
        with self._writing:
            stored = self._seen(self._pulls.get(number))
            if stored.state == "open":
                stored = self._pulls.save(dataclasses.replace(stored, state="closed", closed_by="hub"))
            return _shown(stored)

    def reopen_pull(self, number: int) -> Pull:
        """Its branch must be there again."""
        with self._writing:
            stored = self._pulls.get(number)
            if stored.state == "closed":
                stored = self._pulls.save(dataclasses.replace(stored, state="open", closed_by=""))
            return _shown(self._seen(stored))

    def comment(self, number: int, marker: str, text: str) -> None:
        with self._writing:
            stored = self._pulls.get(number)
            if all(said != marker for said, _ in stored.comments):
                said = (marker, f"<!-- {marker} -->\n{text}")
                self._pulls.save(dataclasses.replace(stored, comments=(*stored.comments, said)))

    def comments(self, number: int) -> Sequence[str]:
        """What was said, oldest first, each with its hidden marker."""
        return [text for _, text in self._pulls.get(number).comments]

    def diff(self, base: str, head: str) -> str:
        _, text = self._git.run(
            "diff-tree", "-r", "-p", "--no-color", "--no-ext-diff", "--no-textconv", "--no-renames", base, head, "--"
        )
        return text.decode("utf-8", "replace")

    def remarks(self, number: int) -> Sequence[Remark]:
        return ()

    def checks(self, sha: str) -> Sequence[CheckRun]:
        return ()

    def first_release(self, commit: str) -> str:
        # An unknown commit is in no release: git says so with 129.
        _, listed = self._git.run(
            *("for-each-ref", "--sort=creatordate", "--sort=version:refname", "--format=%(refname:lstrip=2)"),
            *(f"--contains={commit}", "refs/tags"),
            accept=(0, 129),
        )
        return next((tag for tag in listed.decode("utf-8", "replace").splitlines() if RELEASE.fullmatch(tag)), "")

    def budget(self) -> Budget | None:
        return None

    def is_machine(self, commit: Commit) -> bool:
        return commit.author.partition(" <")[0] in _CI_AUTHORS

    def close(self) -> None:
        self._git.close()

    def _edited(self, stored: StoredPull, *, title: str, body: str, draft: bool) -> StoredPull:
        edited = dataclasses.replace(self._seen(stored), title=title, body=body, draft=draft)
        return stored if edited == stored else self._pulls.save(edited)

    def _seen(self, stored: StoredPull) -> StoredPull:
        """As the branches say now: a new head, merged, or closed by a person; kept where it changed."""
        if stored.state != "open":
            return stored
        branch_head = self.branch_head(stored.branch)
        now = stored
        if branch_head is not None and branch_head != stored.head_sha:
            self._git.move_ref(f"refs/pull/{stored.number}/head", branch_head)
            now = dataclasses.replace(now, head_sha=branch_head)
        main = self.head()
        if now.head_sha and self._is_carried(main, now.head_sha):
            now = dataclasses.replace(now, state="merged", merge_sha=main, draft=False)
        elif branch_head is None:
            now = dataclasses.replace(now, state="closed", closed_by="upstream")
        return now if now == stored else self._pulls.save(now)

    def _is_carried(self, main: str, head: str) -> bool:
        """`_holds`, worked out once for each pair of commits."""
        key = (main, head)
        if key not in self._carried:
            if len(self._carried) >= _PAIRS_KEPT:
                self._carried.clear()
            self._carried[key] = self._holds(main, head)
        return self._carried[key]

    def _holds(self, main: str, head: str) -> bool:
        """Whether the target branch carries all that the head changed, merged, squashed or picked."""
        _, merge_base = self._git.run("merge-base", main, head, accept=(0, 1))
        fork = merge_base.decode().strip()
        if fork == head:
            return True
        if fork in ("", main):
            return False
        paths = self.changed(fork, head)
        return bool(paths) and all(
            _carries(self.text(fork, path), self.text(head, path), self.text(main, path)) for path in paths
        )


def seed(path: Path, files: Mapping[str, bytes], *, base: str = "main", message: str = "", durable: bool = True) -> str:
    """The bare repository at `path` has `files` on its target branch; one that has it already is left alone.

    Returns the target branch's head. A kill half way leaves what a second call completes.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    git = Git(path, durable=durable)
    if not (path / "HEAD").exists():
        git.run("init", "--quiet", "--bare", f"--initial-branch={base}", "--", str(path))
    try:
        if (there := git.sha(f"refs/heads/{base}")) is not None:
            return there
        text = dataclasses.replace(_SEEDER, message=message) if message else _SEEDER
        head = _imported(git, None, files or _empty_catalogue(), text)
        git.move_ref(f"refs/heads/{base}", head)
        return head
    finally:
        git.close()


def _shown(stored: StoredPull) -> Pull:
    return Pull(
        number=stored.number,
        url="",
        branch=stored.branch,
        base=stored.base,
        title=stored.title,
        body=stored.body,
        draft=stored.draft,
        state=stored.state,
        head_sha=stored.head_sha,
        merge_sha=stored.merge_sha,
        closed_by=stored.closed_by,
    )


def _empty_catalogue() -> dict[str, bytes]:
    """The newest layout with no model in it."""
    types = ("llm", "embedding", "rerank", "image", "audio", "video", "world")
    return {f"{CATALOGUE}/{kind}/models/.gitkeep": b"" for kind in types}


def _imported(git: Git, base: str | None, changes: Mapping[str, bytes | None], text: CommitText) -> str:
    stream = commit_stream(base, changes, text, f"refs/hub/build/{secrets.token_hex(8)}")
    _, printed = git.run("fast-import", "--quiet", "--done", "--force", "--date-format=raw", stdin=stream)
    return printed.decode().split()[0]


def _parsed(sha: str, text: str) -> Commit:
    head, _, message = text.partition("\n\n")
    fields = [line.partition(" ") for line in head.split("\n")]
    parents = tuple(value for key, _, value in fields if key == "parent")
    author = next(value for key, _, value in fields if key == "author")
    committer = next(value for key, _, value in fields if key == "committer")
    who, date, _zone = author.rsplit(" ", 2)
    return Commit(
        sha=sha,
        parents=parents,
        author=who,
        committer=committer.rsplit(" ", 2)[0],
        date_s=int(date),
        message=message,
    )


def _carries(before: str | None, after: str | None, main: str | None) -> bool:
    """Whether `main` has made the change from `before` to `after`; lists are compared record by record."""
    if after == main:
        return True
    if after is None or main is None:
        return False
    old, new, now = _records(before or "[]"), _records(after), _records(main)
    if new is None or now is None or old is None:
        return False
    added = [record for record in new if record not in old]
    removed = [record for record in old if record not in new]
    if not added and not removed:
        return False
    return all(record in now for record in added) and all(record not in now for record in removed)


def _records(text: str) -> list[str] | None:
    """Each record of a JSON array as comparable text; None where it is none."""
    try:
        parsed = json.loads(text)
    except ValueError:
        return None
    return [json.dumps(record, sort_keys=True) for record in parsed] if isinstance(parsed, list) else None
