"""What anybody can do to a pull request, by the API or by hand, with GitHub's rules."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from tests.support.github import comparing, pull_shapes, shapes
from tests.support.github.answering import Refused, invalid
from tests.support.github.following import close, follow, hold, merged, notice, told
from tests.support.github.forge import Forge
from tests.support.github.git_objects import CommitObject, Signature, commit_of, write_commit
from tests.support.github.state import Comment, Pull, Repository, User


@dataclass(frozen=True, slots=True)
class Actor:
    """Somebody doing something in a repository."""

    forge: Forge
    repository: Repository
    user: User

    def event(self, event: str, action: str, **payload: Any) -> None:
        self.forge.tell(event, {"action": action, **payload}, self.repository, self.user)

    def told(self, pull: Pull, action: str, **more: object) -> None:
        told(self.forge, self.repository, pull, self.user, action, **more)

    def touched(self, pull: Pull) -> None:
        pull.updated_at = self.forge.now()


def _refused_if_taken(repository: Repository, head: Repository, ref: str, base: str) -> None:
    for pull in repository.pulls.values():
        same = (pull.head_repository, pull.head_ref, pull.base_ref) == (head, ref, base)
        if same and pull.state == "open":
            text = f"A pull request already exists for {head.owner.login}:{ref}."
            raise invalid(text, resource="PullRequest")


def _refused_if_too_long(**texts: str | None) -> None:
    for name, most in (("title", 256), ("body", 65_536)):
        if len(texts.get(name) or "") > most:
            raise invalid(f"{name} is too long (maximum is {most} characters)", resource="PullRequest")


def open_pull(
    actor: Actor, head: Repository, ref: str, *, base: str, title: str, body: str | None, draft: bool, modify: bool
) -> Pull:
    """A new pull request from `ref` of `head`."""
    repository, now = actor.repository, actor.forge.now()
    base_sha, head_sha = repository.git.branch(base), head.git.branch(ref)
    if base_sha is None:
        raise invalid("", resource="PullRequest", field="base", code="invalid")
    if head_sha is None:
        raise invalid("", resource="PullRequest", field="head", code="invalid")
    _refused_if_too_long(title=title, body=body)
    _refused_if_taken(repository, head, ref, base)
    pull = Pull(
        id=next(actor.forge.ids),
        number=repository.numbers + 1,
        user=actor.user,
        title=title,
        body=body,
        draft=draft,
        head_repository=head,
        head_ref=ref,
        head_sha=head_sha,
        base_ref=base,
        base_sha=base_sha,
        created_at=now,
        updated_at=now,
        maintainer_can_modify=modify and head is not repository,
    )
    hold(repository, pull)
    if repository.git.is_ancestor(head_sha, base_sha):
        repository.git.delete(f"refs/pull/{pull.number}/head")
        raise invalid(f"No commits between {base} and {ref}", resource="PullRequest")
    repository.numbers += 1
    repository.pulls[pull.number] = pull
    actor.told(pull, "opened")
    return pull


def edit_pull(actor: Actor, pull: Pull, changes: dict[str, Any]) -> None:
    """title, body, base, state, maintainer_can_modify: those that are given."""
    wanted = changes.get("state")
    if wanted not in (None, "open", "closed"):
        raise invalid("", resource="PullRequest", field="state", code="invalid")
    _refused_if_too_long(**{key: changes[key] for key in ("title", "body") if key in changes})
    if wanted == "open" and pull.state == "closed":
        _refuse_to_reopen(actor.repository, pull)
    edited = {}
    for key in ("title", "body"):
        if key in changes and changes[key] != getattr(pull, key):
            edited[key] = {"from": getattr(pull, key) or ""}
            setattr(pull, key, changes[key])
    if "base" in changes and changes["base"] != pull.base_ref:
        _rebased(actor.repository, pull, changes["base"])
    if "maintainer_can_modify" in changes:
        pull.maintainer_can_modify = bool(changes["maintainer_can_modify"])
    if changes:
        actor.touched(pull)
    if edited:
        actor.told(pull, "edited", changes=edited)
    if wanted == "closed" and pull.state == "open":
        close(actor.forge, actor.repository, pull, actor.user)
    elif wanted == "open" and pull.state == "closed":
        pull.state, pull.closed_at = "open", None
        actor.told(pull, "reopened")
        follow(actor.forge, actor.repository, pull, actor.user)


def _rebased(repository: Repository, pull: Pull, base: str) -> None:
    sha = repository.git.branch(base)
    if sha is None:
        raise invalid("", resource="PullRequest", field="base", code="invalid")
    pull.base_ref, pull.base_sha = base, sha


def _refuse_to_reopen(repository: Repository, pull: Pull) -> None:
    head = pull.head_repository
    sha = head.git.branch(pull.head_ref)
    if pull.merged:
        why = "the pull request is already merged."
    elif sha is None:
        why = f"state cannot be changed. The {pull.head_ref} branch has been deleted."
    elif not head.git.is_ancestor(pull.head_sha, sha):
        why = f"state cannot be changed. The {pull.head_ref} branch was force-pushed or recreated."
    elif repository.git.is_ancestor(pull.head_sha, repository.git.branch(pull.base_ref) or pull.base_sha):
        why = f"state cannot be changed. There are no new commits on the {pull.head_ref} branch."
    else:
        _refused_if_taken(repository, head, pull.head_ref, pull.base_ref)
        return
    raise invalid(why, resource="PullRequest")


def set_draft(actor: Actor, pull: Pull, *, draft: bool) -> None:
    if pull.draft != draft:
        pull.draft = draft
        actor.touched(pull)
        actor.told(pull, "converted_to_draft" if draft else "ready_for_review")


def merge(actor: Actor, pull: Pull, *, method: str = "merge", title: str = "", sha: str | None = None) -> str:
    """The commit of the base branch that carries it; 405 and 409 as GitHub answers them."""
    repository = actor.repository
    base = repository.git.branch(pull.base_ref)
    if pull.state != "open" or base is None:
        raise Refused(405, "Pull Request is not mergeable")
    if pull.draft:
        raise Refused(405, "Pull Request is still a draft")
    if sha is not None and sha != pull.head_sha:
        raise Refused(409, "Head branch was modified. Review and try the merge again.")
    tree = comparing.merge_tree(repository, base, pull.head_sha)
    if tree is None:
        raise Refused(405, "Pull Request is not mergeable")
    made = _merge_commit(actor, pull, base, tree, method, title)
    repository.git.move(f"refs/heads/{pull.base_ref}", made, expected=base)
    merged(actor.forge, repository, pull, actor.user, made)
    notice(actor.forge, actor.user)
    return made


def _merge_commit(actor: Actor, pull: Pull, base: str, tree: str, method: str, title: str) -> str:
    repository, now = actor.repository, int(actor.forge.now())
    who = Signature(name=actor.user.login, email=actor.user.email, seconds=now)
    bot = Signature(name="GitHub", email="noreply@github.com", seconds=now)
    if method == "merge":
        text = title or f"Merge pull request #{pull.number} from {pull.head_repository.owner.login}/{pull.head_ref}"
        return write_commit(
            repository.git, tree=tree, parents=(base, pull.head_sha), author=who, committer=bot, message=text
        )
    commits = [commit_of(repository.git, sha) for sha in comparing.between(repository, base, pull.head_sha)]
    first = commits[0]
    assert first is not None
    if method == "squash":
        text = f"{title or f'{pull.title} (#{pull.number})'}\n\n{first.message}"
        return write_commit(
            repository.git, tree=tree, parents=(base,), author=first.author, committer=bot, message=text
        )
    for found in commits:
        assert found is not None
        base = _picked(repository, base, found, bot)
    return base


def _picked(repository: Repository, base: str, found: CommitObject, committer: Signature) -> str:
    """The commit `found` again, on `base`."""
    at = commit_of(repository.git, base)
    assert at is not None
    # A commit with the base's tree beside `found`: merging the two is what picking `found` onto the base is.
    beside = write_commit(
        repository.git, tree=at.tree, parents=found.parents[:1], author=committer, committer=committer, message=""
    )
    tree = comparing.merge_tree(repository, beside, found.sha)
    if tree is None:
        raise Refused(405, "This branch can't be rebased")
    return write_commit(
        repository.git, tree=tree, parents=(base,), author=found.author, committer=committer, message=found.message
    )


def comment(actor: Actor, pull: Pull, body: str) -> Comment:
    now = actor.forge.now()
    made = Comment(id=next(actor.forge.ids), user=actor.user, body=body, created_at=now, updated_at=now)
    pull.comments.append(made)
    actor.touched(pull)
    commented(actor, pull, made, "created")
    return made


def commented(actor: Actor, pull: Pull, made: Comment, action: str, **more: object) -> None:
    """An `issue_comment` event: a pull request is an issue there."""
    if not actor.forge.listeners:
        return
    url, of = actor.forge.url, actor.repository
    shown = pull_shapes.comment(url, of, pull, made)
    actor.event("issue_comment", action, issue=pull_shapes.issue(url, of, pull), comment=shown, **more)


def add_labels(actor: Actor, pull: Pull, names: list[str]) -> None:
    if any(not 0 < len(name) <= 50 for name in names):
        raise invalid("name is too long (maximum is 50 characters)", resource="Label")
    for name in names:
        found = actor.forge.label(actor.repository, name)
        if found not in pull.labels:
            pull.labels.append(found)
            actor.told(pull, "labeled", label=shapes.label(actor.forge.url, actor.repository, found))
    actor.touched(pull)
