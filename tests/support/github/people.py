"""What people do on GitHub's pages and with git, by methods."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from tests.support.github import acts, check_shapes
from tests.support.github.acts import Actor
from tests.support.github.following import notice
from tests.support.github.forge import Forge
from tests.support.github.git_objects import Signature, commit_of, edited_tree, write_commit
from tests.support.github.pull_shapes import line_comment as shown_line_comment
from tests.support.github.pull_shapes import pull as shown_pull
from tests.support.github.pull_shapes import release as shown_release
from tests.support.github.pull_shapes import review as shown_review
from tests.support.github.state import Check, Comment, LineComment, Pull, Release, Repository, Review, Status

VERDICTS = {"approved": "APPROVED", "changes_requested": "CHANGES_REQUESTED", "commented": "COMMENTED"}
MAINTAINER = "maintainer"


class People(Forge):
    """Each act is somebody's: `by` a login, made where there is none."""

    def pull(self, number: int) -> Pull:
        """As it is now."""
        with self.lock:
            notice(self)
            return self.main.pulls[number]

    def pulls(self) -> list[Pull]:
        """All, in order of number, as they are now."""
        with self.lock:
            notice(self)
            return list(self.main.pulls.values())

    def look(self) -> None:
        """What was pushed by git has its consequences now, its webhooks too."""
        with self.lock:
            notice(self)

    def _actor(self, by: str, repository: Repository | None = None) -> Actor:
        return Actor(self, repository or self.main, self.person(by))

    def merge(
        self, number: int, *, method: Literal["merge", "squash", "rebase"] = "merge", by: str = MAINTAINER
    ) -> str:
        """The commit on main; a draft becomes ready first. Raises Refused where GitHub would refuse."""
        with self.lock:
            pull, actor = self.pull(number), self._actor(by)
            acts.set_draft(actor, pull, draft=False)
            return acts.merge(actor, pull, method=method)

    def close_pull(self, number: int, *, by: str = MAINTAINER) -> None:
        with self.lock:
            acts.edit_pull(self._actor(by), self.pull(number), {"state": "closed"})

    def reopen_pull(self, number: int, *, by: str = MAINTAINER) -> None:
        with self.lock:
            acts.edit_pull(self._actor(by), self.pull(number), {"state": "open"})

    def edit_pull(
        self, number: int, *, title: str | None = None, body: str | None = None, by: str = MAINTAINER
    ) -> None:
        with self.lock:
            given = {key: value for key, value in (("title", title), ("body", body)) if value is not None}
            acts.edit_pull(self._actor(by), self.pull(number), given)

    def comment(self, number: int, text: str, *, by: str = MAINTAINER) -> Comment:
        with self.lock:
            return acts.comment(self._actor(by), self.pull(number), text)

    def review(self, number: int, verdict: str, text: str = "", *, by: str = MAINTAINER) -> Review:
        """`verdict`: approved, changes_requested or commented."""
        with self.lock:
            actor, pull = self._actor(by), self.pull(number)
            made = Review(
                id=next(self.ids),
                user=actor.user,
                body=text,
                state=VERDICTS[verdict],
                commit=pull.head_sha,
                at=self.now(),
            )
            pull.reviews.append(made)
            actor.touched(pull)
            shown = shown_review(self.url, self.main, pull, made)
            # In webhooks, unlike in the API, the state is in lower case.
            shown |= {"state": made.state.lower()}
            pulled = shown_pull(self.url, self.main, pull)
            actor.event("pull_request_review", "submitted", review=shown, pull_request=pulled)
            return made

    def line_comment(self, number: int, path: str, text: str, *, line: int = 1, by: str = MAINTAINER) -> LineComment:
        with self.lock:
            actor, pull = self._actor(by), self.pull(number)
            made = LineComment(
                id=next(self.ids),
                user=actor.user,
                body=text,
                path=path,
                line=line,
                commit=pull.head_sha,
                hunk="@@ -1 +1 @@",
                review=self.review(number, "commented", by=by).id,
                created_at=self.now(),
            )
            pull.line_comments.append(made)
            shown = shown_line_comment(self.url, self.main, pull, made)
            pulled = shown_pull(self.url, self.main, pull)
            actor.event("pull_request_review_comment", "created", comment=shown, pull_request=pulled)
            return made

    def commit(
        self,
        files: Mapping[str, str | None],
        message: str,
        *,
        branch: str = "main",
        by: str = MAINTAINER,
        repository: Repository | None = None,
    ) -> str:
        """A commit pushed to `branch` of the repository or of a fork; None removes a file."""
        with self.lock:
            where = repository or self.main
            before = where.git.branch(branch) or where.git.branch("main")
            at = commit_of(where.git, before or "")
            assert at is not None, f"{where.full_name} has no branch to stand on"
            changes = [
                {"path": path, "mode": "100644", **({"sha": None} if text is None else {"content": text})}
                for path, text in files.items()
            ]
            who = self.person(by)
            wrote = Signature(name=who.login, email=who.email, seconds=int(self.now()))
            tree = edited_tree(where.git, at.tree, changes)
            sha = write_commit(
                where.git, tree=tree, parents=(at.sha,), author=wrote, committer=wrote, message=f"{message}\n"
            )
            where.git.move(f"refs/heads/{branch}", sha)
            notice(self, who)
            return sha

    def delete_branch(self, branch: str, *, by: str = MAINTAINER, repository: Repository | None = None) -> None:
        with self.lock:
            (repository or self.main).git.delete(f"refs/heads/{branch}")
            notice(self, self.person(by))

    def tag(self, name: str, *, commit: str | None = None, release: bool = True, by: str = MAINTAINER) -> str:
        """A tag on main's head or on `commit`, published as a release; the commit's SHA."""
        with self.lock:
            actor = self._actor(by)
            sha = commit or self.main.git.branch("main")
            assert sha is not None
            self.main.git.move(f"refs/tags/{name}", sha)
            notice(self, actor.user)
            if release:
                made = Release(
                    id=next(self.ids), tag=name, author=actor.user, target="main", body="", created_at=self.now()
                )
                self.main.releases.append(made)
                for action in ("created", "published", "released"):
                    actor.event("release", action, release=shown_release(self.url, self.main, made))
            return sha

    def check(self, sha: str, name: str, conclusion: str = "success", *, status: str = "completed") -> Check:
        """A check run of a commit; `status` queued or in_progress has no conclusion yet."""
        with self.lock:
            done = conclusion if status == "completed" else ""
            known = [check for check in self.main.checks if (check.sha, check.name) == (sha, name)]
            suite = known[-1].suite if known else next(self.ids)
            made = Check(
                id=next(self.ids), name=name, sha=sha, status=status, conclusion=done, at=self.now(), suite=suite
            )
            self.main.checks.append(made)
            actor = self._actor("github-actions[bot]")
            shown = check_shapes.check(self.url, self.main, made)
            actor.event("check_run", "completed" if done else "created", check_run=shown)
            if done:
                runs = [*known, made]
                actor.event("check_suite", "completed", check_suite=check_shapes.suite(self.url, self.main, runs))
            return made

    def status(self, sha: str, context: str, state: str = "success") -> Status:
        """The older kind of check: error, failure, pending or success."""
        with self.lock:
            made = Status(id=next(self.ids), context=context, sha=sha, state=state, at=self.now())
            self.main.statuses.append(made)
            return made
