"""pr_bot: the pull request of each public model."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, Protocol

from shared.contracts.common import Caller, Done, Empty, ModelName, Reason, Service, ShortText


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


@dataclass(frozen=True, slots=True, kw_only=True)
class OpensAsQuery:
    """Of the model `name` as it stands, or, where that is empty, of a model that the caller would submit."""

    name: ShortText = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class OpensAs:
    """Whose account opens the pull request, as far as is known without asking upstream.

    `kind`: personal (the token of `login`), default (the hub's, `login` where it is known), local (a repository
    without accounts), off (no pull requests), paused (none can be opened now). `note` says why and what to do.
    """

    kind: Literal["personal", "default", "local", "off", "paused"]
    login: str = ""
    note: str = ""


class PrBot(Service, Protocol):
    def retry(self, request: PullRequestAction, caller: Caller) -> PullRequestAnswer: ...

    def rebuild(self, request: PullRequestAction, caller: Caller) -> PullRequestAnswer: ...

    def reopen(self, request: PullRequestAction, caller: Caller) -> PullRequestAnswer: ...

    def look(self, request: Empty, caller: Caller) -> Done:
        """Look at upstream now instead of at the next poll."""

    def upstream(self, request: Empty, caller: Caller) -> UpstreamState: ...

    def opens_as(self, request: OpensAsQuery, caller: Caller) -> OpensAs: ...
