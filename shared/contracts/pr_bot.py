"""pr_bot: the pull request of each public model."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from shared.contracts.common import Caller, Done, Empty, ModelName, Reason, Service


@dataclass(frozen=True, slots=True, kw_only=True)
class PullRequestAction:
    """The gateway has asked registry's `model_access` for owners; reviewers and operators may always."""

    name: ModelName
    reason: Reason


@dataclass(frozen=True, slots=True, kw_only=True)
class PullRequestAnswer:
    name: str
    state: str
    position: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class UpstreamState:
    """`enabled` is False with HUB_UPSTREAM=off. `looked_at` in Unix seconds, 0 before the first look."""

    enabled: bool
    target: str
    layout: str = ""
    head: str = ""
    looked_at: float = 0.0
    error: str = ""
    due: int = 0
    open: int = 0
    failed: int = 0


class PrBot(Service, Protocol):
    def retry(self, request: PullRequestAction, caller: Caller) -> PullRequestAnswer: ...

    def rebuild(self, request: PullRequestAction, caller: Caller) -> PullRequestAnswer: ...

    def reopen(self, request: PullRequestAction, caller: Caller) -> PullRequestAnswer: ...

    def look(self, request: Empty, caller: Caller) -> Done:
        """Look at upstream now instead of at the next poll."""

    def upstream(self, request: Empty, caller: Caller) -> UpstreamState: ...
