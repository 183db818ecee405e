"""A repository on GitHub as upstream, as one account sees it and writes to it.

Commits are named before GitHub has them, so that nothing is sent that is there already; every act
looks first, is sent once, and an answer that gets lost is found by the next look.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any, Literal

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
from services.pr_bot.upstream.github_calls import Answer, GitHubCalls, path_of
from services.pr_bot.upstream.github_content import Content, ContentReader
from services.pr_bot.upstream.github_place import Place, Places
from services.pr_bot.upstream.github_pulls import (
    CLOSED,
    DRAFT,
    READY,
    check_of,
    pull_of,
    remark_of,
    status_of,
)
from services.pr_bot.upstream.github_releases import first_with
from services.pr_bot.upstream.kept import Kept
from services.pr_bot.upstream.objects import TREE
from shared.document.unified import unified
from shared.upstream_layout import BRANCHES

CATALOGUE = "xinference/model/"
_PULLS_KEPT = 256
_CI_AUTHORS = ("github-actions[bot]",)


class GitHub:
    """See `Upstream`. `repository` is `owner/name`; adapters of one repository may share `content`.

    Where the account may not push there, its branches lie in its fork, made with the first write.
    """

    def __init__(
        self, repository: str, calls: GitHubCalls, *, base: str = "main", content: Content | None = None
    ) -> None:
        self._repository = repository
        self._calls = calls
        self._base = base
        self._content = content or Content()
        self._places = Places(repository, base, calls)
        self._heads: dict[str, str] = {}
        # GraphQL's name of each pull request and what was seen last; each step begins with a look.
        self._pulls: Kept[int, tuple[str, Pull]] = Kept(most=_PULLS_KEPT)
        self._files: tuple[str, Mapping[str, str]] = ("", {})

    @property
    def target(self) -> str:
        return f"github:{self._repository}"

    @property
    def fetch_from(self) -> str:
        return f"{self._calls.site}/{self._repository}.git"

    @property
    def base(self) -> str:
        return self._base

    def head(self) -> str:
        found = self._reference(self._repository, self._base)
        if found is None:
            raise UpstreamFailed(
                f"upstream {self._repository}: expected a branch {self._base}, found none; "
                "set HUB_UPSTREAM_BRANCH, or give the token access to the repository"
            )
        return found

    def files(self, commit: str) -> Mapping[str, str]:
        # Another thread may read another commit meanwhile.
        kept = self._files
        if kept[0] != commit:
            listing = self._reader.listing(commit)
            found = {
                path: entry.sha for path, entry in listing.items() if path.startswith(CATALOGUE) and entry.mode != TREE
            }
            kept = self._files = (commit, found)
        return kept[1]

    def text(self, commit: str, path: str) -> str | None:
        return self._reader.text(commit, path)

    def branch_head(self, branch: str) -> str | None:
        # A pull request that was looked at just now has told it; `point` looks again.
        if (told := self._heads.pop(branch, None)) is not None:
            return told
        return self._reference(self._places.find().repository, branch)

    def commit(self, sha: str) -> Commit:
        return self._reader.commit(sha)

    def changed(self, before: str, after: str) -> Sequence[str]:
        return self._reader.changed(before, after)

    def build(self, base: str, changes: Mapping[str, str | None], text: CommitText) -> str:
        return self._reader.build(base, changes, text)

    def point(self, branch: str, commit: str, *, expected: str | None) -> None:
        place = self._places.find()
        self._forget_heads()
        if (built := self._content.built.get(commit)) is not None:
            self._places.catch_up(built.base)
        self._reader.make(commit, place.repository)
        if expected is None:
            self._create(place, branch, commit)
            return
        found = self._reference(place.repository, branch)
        if found == commit:
            return
        if found != expected:
            raise _moved(branch, expected, found)
        path = path_of("repos", place.repository, "git/refs/heads", branch)
        answer = self._calls.write("PATCH", path, {"sha": commit, "force": True}, accept=(404, 422))
        if answer.status != 200:
            raise _moved(branch, expected, self._reference(place.repository, branch))

    def delete_branch(self, branch: str) -> None:
        self._forget_heads()
        path = path_of("repos", self._places.find().repository, "git/refs/heads", branch)
        self._calls.write("DELETE", path, accept=(404, 422))

    def pulls(self, branch: str) -> Sequence[Pull]:
        if self._calls.can_write:
            self._places.find()
        for owner in self._places.head_owners(branch):
            if found := self._pulls_from(owner, branch):
                return found
        return ()

    def recent_pulls(self, since: float) -> Sequence[Pull]:
        query = {"state": "all", "base": self._base, "sort": "updated", "direction": "desc"}
        found = []
        for data in self._calls.pages(path_of("repos", self._repository, "pulls"), query):
            if (pull := pull_of(data)).updated_at < since:
                break
            if pull.branch.startswith(BRANCHES):
                found.append(pull)
        return found

    def open_pull(self, new: NewPull) -> Pull:
        if (found := self._open_of(new.branch)) is not None:
            return self._as_wanted(found, new)
        place = self._places.find()
        body = {
            "title": new.title,
            "head": f"{place.owner}:{new.branch}" if place.is_fork else new.branch,
            "base": self._base,
            "body": new.body,
            "draft": new.draft,
        }
        if place.is_fork:
            body["maintainer_can_modify"] = True
        answer = self._written("POST", path_of("repos", self._repository, "pulls"), body, accept=(422,))
        if answer.status == 201:
            return self._seen(answer.data)
        if (found := self._open_of(new.branch)) is not None:
            return self._as_wanted(found, new)
        raise UpstreamFailed(f"GitHub: pull request of {new.branch}: {self._calls.clean(answer.said)}")

    def edit_pull(self, number: int, *, title: str, body: str, draft: bool) -> Pull:
        known = self._pulls.get(number)
        if known is None or (known[1].title, known[1].body) != (title, body):
            answer = self._written("PATCH", self._pull_path(number), {"title": title, "body": body})
            known = self._keep(answer.data)
        node, pull = known
        if pull.draft == draft or pull.state != "open":
            return pull
        self._forget_heads()
        self._calls.mutate(DRAFT if draft else READY, id=node)
        return self._pulls.keep(number, (node, dataclasses.replace(pull, draft=draft)))[1]

    def close_pull(self, number: int) -> Pull:
        seen = self._looked(number)
        pull = pull_of(seen)
        if pull.state != "open":
            return pull
        changed = {"state": "closed", "body": f"{seen.get('body') or ''}\n{CLOSED}"}
        return self._seen(self._written("PATCH", self._pull_path(number), changed).data)

    def reopen_pull(self, number: int) -> Pull:
        """Still closed where GitHub does not open it again: its branch is another since."""
        seen = self._looked(number)
        if pull_of(seen).state != "closed":
            return pull_of(seen)
        changed = {"state": "open", "body": str(seen.get("body") or "").replace(f"\n{CLOSED}", "")}
        answer = self._written("PATCH", self._pull_path(number), changed, accept=(422,))
        return self._seen(answer.data) if answer.status == 200 else pull_of(seen)

    def comment(self, number: int, marker: str, text: str) -> None:
        hidden = f"<!-- {marker} -->"
        path = path_of("repos", self._repository, "issues", str(number), "comments")
        if not any(hidden in str(said.get("body") or "") for said in self._calls.pages(path)):
            self._written("POST", path, {"body": f"{hidden}\n{text}"})

    def comments(self, number: int) -> Sequence[str]:
        """What was said, oldest first, each of the hub's own with its hidden marker."""
        path = path_of("repos", self._repository, "issues", str(number), "comments")
        return [str(said.get("body") or "") for said in self._calls.pages(path)]

    def diff(self, base: str, head: str) -> str:
        return "".join(self._file_diff(path, base, head) for path in self.changed(base, head))

    def remarks(self, number: int) -> Sequence[Remark]:
        places: dict[Literal["comment", "review", "line"], str] = {
            "comment": f"issues/{number}/comments",
            "review": f"pulls/{number}/reviews",
            "line": f"pulls/{number}/comments",
        }
        said = [
            remark_of(data, kind)
            for kind, path in places.items()
            for data in self._calls.pages(path_of("repos", self._repository, path))
        ]
        return sorted((remark for remark in said if remark is not None), key=lambda remark: (remark.at, remark.id))

    def checks(self, sha: str) -> Sequence[CheckRun]:
        commit = path_of("repos", self._repository, "commits", sha)
        found = [check_of(data) for data in self._calls.pages(f"{commit}/check-runs", {"filter": "latest"})]
        told = self._calls.get(f"{commit}/status") or {}
        found += [status_of(data) for data in told.get("statuses") or ()]
        return sorted(found, key=lambda check: check.name)

    def first_release(self, commit: str) -> str:
        return first_with(self._calls, self._repository, commit)

    def budget(self) -> Budget | None:
        return self._calls.budget

    def is_machine(self, commit: Commit) -> bool:
        return commit.author.partition(" <")[0] in _CI_AUTHORS

    def close(self) -> None:
        self._calls.close()

    @property
    def _reader(self) -> ContentReader:
        place = self._places.known
        repositories = [self._repository, place.repository] if place and place.is_fork else [self._repository]
        return ContentReader(self._content, self._calls, repositories)

    def _reference(self, repository: str, branch: str) -> str | None:
        found = self._calls.get(path_of("repos", repository, "git/ref/heads", branch))
        return None if found is None else str(found["object"]["sha"])

    def _create(self, place: Place, branch: str, commit: str) -> None:
        body = {"ref": f"refs/heads/{branch}", "sha": commit}
        answer = self._calls.write("POST", path_of("repos", place.repository, "git/refs"), body, accept=(422,))
        if answer.status == 201:
            return
        found = self._reference(place.repository, branch)
        if found is None:
            raise UpstreamFailed(f"GitHub: branch {branch} at {commit[:12]}: {self._calls.clean(answer.said)}")
        if found != commit:
            raise _moved(branch, None, found)

    def _pulls_from(self, owner: str, branch: str) -> list[Pull]:
        query = {"state": "all", "head": f"{owner}:{branch}", "base": self._base}
        found = [
            data
            for data in self._calls.pages(path_of("repos", self._repository, "pulls"), query)
            # Asked for a head that it does not know, GitHub answers with every pull request.
            if data["head"]["ref"] == branch and _owner(data) in (owner.lower(), "")
        ]
        pulls = sorted((self._seen(data) for data in found), key=lambda pull: pull.number)
        place = self._places.known
        if pulls and pulls[-1].state == "open" and place is not None and place.owner == owner:
            self._heads[branch] = pulls[-1].head_sha
        return pulls

    def _open_of(self, branch: str) -> Pull | None:
        found = [pull for pull in self.pulls(branch) if pull.state == "open"]
        self._forget_heads()
        return found[-1] if found else None

    def _as_wanted(self, pull: Pull, new: NewPull) -> Pull:
        if (pull.title, pull.body, pull.draft) == (new.title, new.body, new.draft):
            return pull
        return self.edit_pull(pull.number, title=new.title, body=new.body, draft=new.draft)

    def _looked(self, number: int) -> Mapping[str, Any]:
        found = self._calls.get(self._pull_path(number))
        if found is None:
            raise UpstreamFailed(f"GitHub: pull request {number} of {self._repository}: expected it, found none")
        return dict(found)

    def _seen(self, data: Mapping[str, Any]) -> Pull:
        return self._keep(data)[1]

    def _keep(self, data: Mapping[str, Any]) -> tuple[str, Pull]:
        return self._pulls.keep(data["number"], (str(data["node_id"]), pull_of(data)))

    def _written(self, verb: str, path: str, body: Any, *, accept: Sequence[int] = ()) -> Answer:
        self._forget_heads()
        return self._calls.write(verb, path, body, accept=accept)

    def _pull_path(self, number: int) -> str:
        return path_of("repos", self._repository, "pulls", str(number))

    def _forget_heads(self) -> None:
        """What was looked at before an act is old after it."""
        self._heads.clear()

    def _file_diff(self, path: str, base: str, head: str) -> str:
        before, after = self.text(base, path), self.text(head, path)
        lines = [f"diff --git a/{path} b/{path}\n"]
        if before is None:
            lines.append("new file mode 100644\n")
        if after is None:
            lines.append("deleted file mode 100644\n")
        return "".join(lines) + unified(
            before or "",
            after or "",
            from_name="/dev/null" if before is None else f"a/{path}",
            to_name="/dev/null" if after is None else f"b/{path}",
        )


def _moved(branch: str, expected: str | None, found: str | None) -> BranchMoved:
    return BranchMoved(
        f"branch {branch}: expected at {(expected or 'nothing')[:12]}, found at {(found or 'nothing')[:12]}; look again"
    )


def _owner(data: Mapping[str, Any]) -> str:
    return str(((data["head"].get("user") or {}).get("login")) or "").lower()
