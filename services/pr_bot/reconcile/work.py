"""What one step has looked at before it acts."""

from __future__ import annotations

from dataclasses import dataclass

from services.pr_bot.domain import PullRequest
from services.pr_bot.projection import Due
from services.pr_bot.projection.batches import Batch
from services.pr_bot.upstream import Pull, Upstream
from services.pr_bot.upstream.accounts import Account
from services.pr_bot.upstream.catalogue import FileChange, Held
from shared.contracts.registry import DesiredState


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """One model in a request: what is wanted of it, what main holds of it, and the change of its file."""

    desired: DesiredState
    held: Held | None
    change: FileChange

    @property
    def is_removal(self) -> bool:
        return self.desired.wanted == "removed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """One step. `branch` and `pull` are the account's for the model, the newest one as upstream holds it now.

    `batch`: the model travels with others of its owner's, and the two are theirs together.
    """

    due: Due
    desired: DesiredState
    state: PullRequest
    account: Account
    branch: str | None
    pull: Pull | None
    batch: Batch | None = None

    @property
    def upstream(self) -> Upstream:
        return self.account.upstream

    @property
    def refusal(self) -> str:
        """Why nothing can be done upstream, empty where it can."""
        return self.account.refusal

    @property
    def model(self) -> str:
        return self.desired.name

    @property
    def open_pull(self) -> Pull | None:
        return self.pull if self.pull and self.pull.state == "open" else None

    @property
    def was_reopened(self) -> bool:
        """A person opened again what a person had closed."""
        return self.open_pull is not None and self.open_pull.number == self.state.number
