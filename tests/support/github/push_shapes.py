"""What webhooks say of a push."""

from __future__ import annotations

from tests.support.github import comparing
from tests.support.github.bare_repository import ZERO
from tests.support.github.git_objects import commit_of
from tests.support.github.shapes import JSON, SITE
from tests.support.github.state import Repository, User

_EMPTY_TREE = "4b825dc642cb6eb9a060e54bf8d69288fbee4904"


def created(name: str) -> JSON:
    """A new branch or tag."""
    _, kind, short = name.split("/", 2)
    return {
        "ref": short,
        "ref_type": "tag" if kind == "tags" else "branch",
        "master_branch": "main",
        "description": None,
        "pusher_type": "user",
    }


def push(repository: Repository, sender: User, name: str, before: str, after: str) -> JSON:
    """The reference `name` went from `before` to `after`, all zeros where it was not or is not."""
    head = _commit(repository, after)
    # Of a new branch GitHub tells what no other holds; that it stands on main is near enough.
    base = before if before != ZERO else repository.git.branch("main") or after
    new = comparing.between(repository, base, after) if head else []
    commits = [_commit(repository, sha) for sha in new] if name.startswith("refs/heads/") else []
    return {
        "ref": name,
        "before": before,
        "after": after,
        "created": before == ZERO,
        "deleted": after == ZERO,
        "forced": ZERO not in (before, after) and not repository.git.is_ancestor(before, after),
        "base_ref": None,
        "compare": f"{SITE}/{repository.full_name}/compare/{before[:12]}...{after[:12]}",
        "commits": commits,
        "head_commit": head,
        "pusher": {"name": sender.login, "email": sender.email},
    }


def _commit(repository: Repository, sha: str) -> JSON | None:
    """None for the zeros of what is gone."""
    made = commit_of(repository.git, sha) if sha != ZERO else None
    if made is None:
        return None
    files = comparing.touched_files(repository, made.parents[0] if made.parents else _EMPTY_TREE, sha)
    touched = {
        key: [file["filename"] for file in files if file["status"] == status]
        for key, status in (("added", "added"), ("removed", "removed"), ("modified", "modified"))
    }
    return {
        "id": sha,
        "tree_id": made.tree,
        "distinct": True,
        "message": made.message,
        "timestamp": made.committer.date,
        "url": f"{SITE}/{repository.full_name}/commit/{sha}",
        "author": {"name": made.author.name, "email": made.author.email, "date": made.author.date},
        "committer": {"name": made.committer.name, "email": made.committer.email, "date": made.committer.date},
        **touched,
    }
