"""Where one account's branches go: upstream itself, or, where it may not push there, its own fork."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from services.pr_bot.upstream import TokenRefused, UpstreamFailed
from services.pr_bot.upstream.github_calls import GitHubCalls, path_of
from shared.upstream_layout import BRANCHES

_PERSONAL = re.compile(rf"{re.escape(BRANCHES)}user-([a-z0-9-]+)/")


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """`repository` is `owner/name`; `is_fork`: pull requests come from another repository."""

    repository: str
    is_fork: bool

    @property
    def owner(self) -> str:
        return self.repository.partition("/")[0]


class Places:
    """Looks once; a fork is made where there is none."""

    def __init__(self, repository: str, base: str, calls: GitHubCalls) -> None:
        self._repository = repository
        self._base = base
        self._calls = calls
        self._found: Place | None = None
        self._abreast: set[str] = set()

    @property
    def known(self) -> Place | None:
        return self._found

    def find(self) -> Place:
        """Raises TokenRefused where upstream cannot be seen with this token."""
        if self._found is None:
            seen = self._calls.get(path_of("repos", self._repository))
            if seen is None:
                raise TokenRefused(
                    f"GitHub: {self._calls.who} cannot see {self._repository}; its token needs scope repo"
                )
            if (seen.get("permissions") or {}).get("push"):
                self._found = Place(repository=seen["full_name"], is_fork=False)
            else:
                self._found = Place(repository=self._forked(seen), is_fork=True)
        return self._found

    @cached_property
    def login(self) -> str:
        seen = self._calls.get("/user")
        if not isinstance(seen, Mapping) or not seen.get("login"):
            raise UpstreamFailed(f"GitHub: expected to hear whose token {self._calls.who} has, found nothing")
        return str(seen["login"])

    def head_owners(self, branch: str) -> list[str]:
        """Whose branches of that name may have pull requests; the likeliest first."""
        upstream = self._repository.partition("/")[0]
        personal = _PERSONAL.match(branch)
        owners = [self._found.owner] if self._found else []
        owners += [upstream] if personal or not owners else []
        owners += [personal[1]] if personal else []
        # The same name in another case is no second owner; the first one is as GitHub spells it.
        spelled: dict[str, str] = {}
        for owner in owners:
            spelled.setdefault(owner.lower(), owner)
        return list(spelled.values())

    def catch_up(self, commit: str) -> None:
        """The fork has upstream's `commit`, as far as GitHub brings it there: a diverged fork keeps its own main."""
        place = self.find()
        if place.is_fork and commit not in self._abreast:
            path = path_of("repos", place.repository, "merge-upstream")
            self._calls.write("POST", path, {"branch": self._base}, accept=(404, 409, 422))
            self._abreast = {commit}

    def _forked(self, upstream: Mapping[str, Any]) -> str:
        """The account's fork: one that is there already, or a new one."""
        if not upstream.get("allow_forking", True):
            raise TokenRefused(
                f"GitHub: {self._calls.who} may not push to {self._repository}, which allows no forks; "
                "its token needs the right to push"
            )
        own = self._calls.get(path_of("repos", self.login, str(upstream["name"])))
        if own is not None and _is_fork_of(own, upstream["full_name"]):
            return str(own["full_name"])
        # Asked again, GitHub answers with the fork that is there.
        made = self._calls.write("POST", path_of("repos", self._repository, "forks"), {"default_branch_only": True})
        fork = str(made.data["full_name"])
        if self._calls.get(path_of("repos", fork)) is None:
            raise UpstreamFailed(f"GitHub: fork {fork} is still being made; it is looked at again")
        return fork


def _is_fork_of(repository: Mapping[str, Any], upstream: str) -> bool:
    parents = [repository.get(kind) or {} for kind in ("parent", "source")]
    return bool(repository.get("fork")) and any(
        parent.get("full_name", "").lower() == upstream.lower() for parent in parents
    )
