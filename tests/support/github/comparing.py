"""What git says of two commits: whether they merge, what differs, which commits lie between. Kept once known."""

from __future__ import annotations

from typing import Any

from tests.support.github.git_objects import Signature, write_commit
from tests.support.github.state import Repository

_STATUS = {"A": "added", "D": "removed", "M": "modified", "R": "renamed", "C": "copied", "T": "changed"}


def merge_tree(repository: Repository, base: str, head: str) -> str | None:
    """The tree that merging `head` into `base` gives; None where they conflict."""
    code, out = repository.git.git("merge-tree", "--write-tree", "--no-messages", base, head, accept=(0, 1))
    return out.decode().split()[0] if code == 0 else None


def trial_merge(repository: Repository, base: str, head: str) -> str | None:
    """The commit that a merge would make, None where it cannot."""
    key = (base, head)
    if key not in repository.mergeable:
        tree = merge_tree(repository, base, head)
        who = Signature(name="GitHub", email="noreply@github.com", seconds=0)
        repository.mergeable[key] = tree and write_commit(
            repository.git, tree=tree, parents=key, author=who, committer=who, message=f"Merge {head} into {base}"
        )
    return repository.mergeable[key]


def merge_base(repository: Repository, one: str, other: str) -> str | None:
    key = ("base", one, other)
    if key not in repository.comparisons:
        code, out = repository.git.git("merge-base", one, other, accept=(0, 1))
        repository.comparisons[key] = out.decode().strip() if code == 0 else None
    found: str | None = repository.comparisons[key]
    return found


def between(repository: Repository, base: str, head: str) -> list[str]:
    """Commits of `head` that `base` lacks, oldest first."""
    key = ("between", base, head)
    if key not in repository.comparisons:
        repository.comparisons[key] = repository.git.lines("rev-list", "--reverse", "--topo-order", f"{base}..{head}")
    found: list[str] = repository.comparisons[key]
    return found


def diff(repository: Repository, before: str, after: str) -> str:
    return repository.git.git("diff", "--no-color", before, after)[1].decode("utf-8", "replace")


def changed_files(repository: Repository, before: str, after: str) -> list[dict[str, Any]]:
    """Each file that differs, with the fields of a `diff-entry` that depend on no address."""
    patches = _patches(diff(repository, before, after))
    files = touched_files(repository, before, after)
    return [found | ({"patch": patches[name]} if (name := found["filename"]) in patches else {}) for found in files]


def touched_files(repository: Repository, before: str, after: str) -> list[dict[str, Any]]:
    """The same without the patches."""
    key = ("files", before, after)
    if key not in repository.comparisons:
        repository.comparisons[key] = _touched_files(repository, before, after)
    found: list[dict[str, Any]] = repository.comparisons[key]
    return found


def _touched_files(repository: Repository, before: str, after: str) -> list[dict[str, Any]]:
    raw = repository.git.git("diff", "--raw", "--numstat", "-z", "--no-abbrev", "-M", before, after)[1].decode()
    parts = iter(raw.split("\0"))
    found: dict[str, dict[str, Any]] = {}
    for part in parts:
        if part.startswith(":"):
            _, _, old, new, letter = part.split(" ")
            name, previous = next(parts), ""
            if letter[0] in "RC":
                previous, name = name, next(parts)
            found[name] = {"filename": name, "status": _STATUS[letter[0]], "sha": new if letter != "D" else old}
            if previous:
                found[name]["previous_filename"] = previous
        elif part:
            added, removed, name = part.split("\t")
            if not name:
                next(parts)
                name = next(parts)
            counts = [int(number) if number != "-" else 0 for number in (added, removed)]
            found[name] |= {"additions": counts[0], "deletions": counts[1]}
    return list(found.values())


def _patches(text: str) -> dict[str, str]:
    """Name -> hunks; GitHub leaves out those of very large files."""
    found = {}
    for part in ("\n" + text).split("\ndiff --git ")[1:]:
        head, mark, hunks = part.partition("\n@@ ")
        lines = head.splitlines()
        names = [line[6:] for line in lines if line.startswith(("--- a/", "+++ b/"))]
        if mark and names and len(hunks) < 100_000:
            found[names[-1]] = f"@@ {hunks.rstrip(chr(10))}"
    return found


def counted(repository: Repository, base: str, head: str) -> dict[str, int]:
    """What a pull request's page counts."""
    start = merge_base(repository, base, head)
    files = touched_files(repository, start, head) if start else []
    return {
        "commits": len(between(repository, base, head)),
        "changed_files": len(files),
        "additions": sum(found["additions"] for found in files),
        "deletions": sum(found["deletions"] for found in files),
    }
