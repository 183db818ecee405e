"""What GitHub does by itself when something was pushed: heads follow, pull requests merge or close."""

from __future__ import annotations

from tests.support.github import comparing, pull_shapes, push_shapes
from tests.support.github.bare_repository import ZERO
from tests.support.github.forge import Forge
from tests.support.github.git_objects import commit_of
from tests.support.github.state import Pull, Repository, User


def notice(forge: Forge, sender: User | None = None) -> None:
    """Everything pushed since the last look has its consequences; `sender` is who pushed, where known."""
    moved = [(found, changes) for found in forge.repositories.values() if (changes := _changes(found))]
    for repository, changes in moved:
        who = sender or repository.owner
        for name, (before, after) in changes.items():
            _told(forge, repository, who, name, before, after)
    if not moved:
        return
    for repository in forge.repositories.values():
        for pull in repository.pulls.values():
            if pull.state == "open":
                follow(forge, repository, pull, sender or pull.head_repository.owner)
    for repository, changes in moved:
        bases = {name.removeprefix("refs/heads/") for name, (_, after) in changes.items() if after != ZERO}
        for base in bases & {pull.base_ref for pull in repository.pulls.values() if pull.state == "open"}:
            _merged_by_push(forge, repository, base, sender or repository.owner)


def _changes(repository: Repository) -> dict[str, tuple[str, str]]:
    before, after = repository.seen, repository.git.refs()
    if before == after:
        return {}
    repository.seen = after
    return {
        name: (before.get(name, ZERO), after.get(name, ZERO))
        for name in [*after, *(set(before) - set(after))]
        if before.get(name) != after.get(name) and name.startswith(("refs/heads/", "refs/tags/"))
    }


def follow(forge: Forge, repository: Repository, pull: Pull, sender: User) -> None:
    """The pull request's head is where its branch is; it closes where the branch is gone or holds nothing new."""
    now_at = pull.head_repository.git.branch(pull.head_ref)
    if now_at is None:
        close(forge, repository, pull, sender)
        return
    if now_at == pull.head_sha:
        return
    before, pull.head_sha, pull.updated_at = pull.head_sha, now_at, forge.now()
    base = repository.git.branch(pull.base_ref)
    pull.base_sha = base or pull.base_sha
    hold(repository, pull)
    if base is not None and repository.git.is_ancestor(now_at, base):
        # Only a head that was pushed back holds nothing new here: one that main took in is seen by `_merged_by_push`.
        if not repository.git.is_ancestor(before, now_at):
            close(forge, repository, pull, sender)
        return
    told(forge, repository, pull, sender, "synchronize", before=before, after=now_at)


def hold(repository: Repository, pull: Pull) -> None:
    """`refs/pull/<n>/head` keeps the head, wherever its branch is and goes."""
    name = f"refs/pull/{pull.number}/head"
    if pull.head_repository is repository:
        repository.git.move(name, pull.head_sha)
    else:
        source = str(pull.head_repository.git.path.resolve())
        repository.git.git("fetch", "--quiet", "--no-tags", source, f"+{pull.head_sha}:{name}")


def _merged_by_push(forge: Forge, repository: Repository, base: str, sender: User) -> None:
    """Whoever pushes a pull request's commits to its base has merged it."""
    tip = repository.git.branch(base)
    if tip is None:
        return
    inside = set(repository.git.lines("for-each-ref", "--format=%(refname)", f"--merged={tip}", "refs/pull/"))
    for pull in repository.pulls.values():
        if pull.state == "open" and pull.base_ref == base and f"refs/pull/{pull.number}/head" in inside:
            carried = repository.git.lines("rev-list", "--first-parent", "--ancestry-path", f"{pull.head_sha}..{tip}")
            first = carried[-1] if carried else pull.head_sha
            made = commit_of(repository.git, first)
            merges = made is not None and pull.head_sha in made.parents[1:]
            merged(forge, repository, pull, sender, first if merges else pull.head_sha)


def merged(forge: Forge, repository: Repository, pull: Pull, sender: User, commit_sha: str) -> None:
    pull.state, pull.merge_commit = "closed", commit_sha
    pull.merged_at = pull.closed_at = pull.updated_at = forge.now()
    pull.merged_by = sender
    told(forge, repository, pull, sender, "closed")


def close(forge: Forge, repository: Repository, pull: Pull, sender: User) -> None:
    pull.state = "closed"
    pull.closed_at = pull.updated_at = forge.now()
    told(forge, repository, pull, sender, "closed")


def told(forge: Forge, repository: Repository, pull: Pull, sender: User, action: str, **more: object) -> None:
    """A `pull_request` event."""
    if not forge.listeners:
        return
    counted = comparing.counted(repository, pull.base_sha, pull.head_sha)
    shown = pull_shapes.full_pull(forge.url, repository, pull, counted, None)
    payload = {"action": action, "number": pull.number, "pull_request": shown, **more}
    forge.tell("pull_request", payload, repository, sender)


def _told(forge: Forge, repository: Repository, sender: User, name: str, before: str, after: str) -> None:
    """`create` for a new branch or tag, and `push`."""
    if not forge.listeners:
        return
    if before == ZERO:
        forge.tell("create", push_shapes.created(name), repository, sender)
    forge.tell("push", push_shapes.push(repository, sender, name, before, after), repository, sender)
