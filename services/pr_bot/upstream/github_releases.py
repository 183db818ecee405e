"""The first release of a repository on GitHub that holds a commit."""

from __future__ import annotations

import re
from typing import Any

from services.pr_bot.upstream.github_calls import GitHubCalls, path_of

RELEASE = re.compile(r"v?(\d+(?:\.\d+)+)([A-Za-z0-9.+-]*)")


def first_with(calls: GitHubCalls, repository: str, commit: str) -> str:
    """Its tag, "" while there is none: one call where the newest release lacks it, a few more where it has it."""
    named = {str(tag["name"]): str(tag["commit"]["sha"]) for tag in calls.pages(path_of("repos", repository, "tags"))}
    tags = sorted((name for name in named if RELEASE.fullmatch(name)), key=_order)
    if not tags or not _holds(calls, repository, named[tags[-1]], commit):
        return ""
    low, high = 0, len(tags) - 1
    while low < high:
        middle = (low + high) // 2
        if _holds(calls, repository, named[tags[middle]], commit):
            high = middle
        else:
            low = middle + 1
    return tags[high]


def _holds(calls: GitHubCalls, repository: str, release: str, commit: str) -> bool:
    if release == commit:
        return True
    path = path_of("repos", repository, "compare", f"{commit}...{release}")
    compared: Any = calls.get(path, {"per_page": 1, "page": 2})
    return compared is not None and compared["status"] in ("ahead", "identical")


def _order(tag: str) -> tuple[tuple[int, ...], bool, str]:
    """By version; a release comes after its own candidates."""
    found = RELEASE.fullmatch(tag)
    numbers, rest = (found[1], found[2]) if found else ("0", "")
    return tuple(int(number) for number in numbers.split(".")), not rest, rest
