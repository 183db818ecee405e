"""A place of pull requests where a test says what people and machines answer."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from services.pr_bot.upstream import Budget, CheckRun, RateLimited, Remark, Upstream


class SaidUpstream:
    """All that it is not told here comes from the upstream behind it; `calls` names the methods that were asked."""

    def __init__(self, behind: Upstream) -> None:
        self._behind = behind
        self.said: dict[int, list[Remark]] = {}
        self.checked: dict[str, list[CheckRun]] = {}
        self.left: Budget | None = None
        self.limited: RateLimited | None = None
        self.calls: list[str] = []

    def remarks(self, number: int) -> Sequence[Remark]:
        self._called("remarks")
        return self.said.get(number, [])

    def checks(self, sha: str) -> Sequence[CheckRun]:
        self._called("checks")
        return self.checked.get(sha, [])

    def budget(self) -> Budget | None:
        return self.left

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._behind, name)
        if not callable(found) or name in ("is_machine", "close"):
            return found

        def ask(*arguments: Any, **named: Any) -> Any:
            self._called(name)
            return found(*arguments, **named)

        return ask

    def _called(self, name: str) -> None:
        if self.limited is not None:
            raise self.limited
        self.calls.append(name)
