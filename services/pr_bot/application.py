"""pr_bot's use cases: what people ask of a pull request, and what the bot is told to look at."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any
from uuid import NAMESPACE_URL, uuid4, uuid5

from sqlalchemy import Connection

from services.pr_bot import domain
from services.pr_bot.domain import DEFAULT_ACCOUNT, Controls, PullRequest
from services.pr_bot.projection import Due, Standing
from services.pr_bot.projection.dashboard import Dashboard
from services.pr_bot.projection.limits import KnownBudget
from services.pr_bot.reconcile.branches import content_of
from services.pr_bot.reconcile.records import Records
from services.pr_bot.reconcile.watch import Watch
from services.pr_bot.upstream import RateLimited, Upstream
from services.pr_bot.upstream.accounts import Accounts, person_of
from shared.clock import Clock
from shared.contracts.common import Caller, Done, Empty, ModelRef, system_caller
from shared.contracts.pr_bot import (
    BranchContent,
    ControlPullRequests,
    Heard,
    OpensAs,
    OpensAsQuery,
    Places,
    PlacesQuery,
    PullRequestAction,
    PullRequestAnswer,
    TokenCheck,
    UpstreamState,
)
from shared.contracts.registry import Registry
from shared.errors import Conflict, Forbidden, HubError, NotFound
from shared.event_store.interface import EventStore, RecordedEvent
from shared.event_store.serialization import EventTypes
from shared.idempotency import Commands, idempotent
from shared.service import LogService
from shared.telemetry import current_traceparent


class UpstreamIsOff(Conflict):
    slug = "upstream-off"


class NothingToTakeOver(Conflict):
    slug = "nothing-to-take-over"


class NothingToReopen(Conflict):
    slug = "nothing-to-reopen"


# Of these people and machines may have said something; the others are about the request itself.
_SAID = frozenset(
    {
        *("issue_comment", "pull_request_review", "pull_request_review_comment", "pull_request_review_thread"),
        *("check_run", "check_suite", "status", "workflow_run"),
    }
)
_LOOK_FAILED = "upstream could not be looked at; operators see why"
# What the bot does itself, and does not look at.
_UNINTERESTING = frozenset({"opened", "labeled", "unlabeled", "assigned", "unassigned"})


def _nothing() -> None:
    return None


@dataclass(kw_only=True)
class Application(LogService):
    """The contract `PrBot`. `wake` tells the worker that something is due."""

    name: str = "pr_bot"
    store: EventStore
    types: EventTypes
    records: Records
    registry: Registry
    commands: Commands
    clock: Clock
    target: str
    upstream_reader: Upstream | None = None
    accounts: Accounts | None = None
    watch: Watch | None = None
    wake: Callable[[], None] = field(default=_nothing)
    wake_watch: Callable[[], None] = field(default=_nothing)
    look_error: str = field(default="", init=False)

    def __post_init__(self) -> None:
        self.figures = self._figures
        self._dashboard = Dashboard(self.records.rows, now=self.clock)

    @idempotent()
    def retry(self, request: PullRequestAction, caller: Caller) -> PullRequestAnswer:
        """Tries now what failed, waits or is paused."""
        return self._ask(request, caller, ask="")

    @idempotent()
    def rebuild(self, request: PullRequestAction, caller: Caller) -> PullRequestAnswer:
        """Builds the branch anew on the current main, over whatever else lies on it."""
        return self._ask(request, caller, ask="rebuild")

    @idempotent()
    def reopen(self, request: PullRequestAction, caller: Caller) -> PullRequestAnswer:
        """Opens again what a person closed upstream."""
        return self._ask(request, caller, ask="reopen")

    def look(self, request: Empty, caller: Caller) -> Done:
        if not (caller.is_system or caller.has("operator")):
            raise Forbidden("looking at upstream now is for operators; it is looked at by itself", slug="not-operator")
        self.look_at_upstream()
        return Done(position=f"pr_bot:{self.records.head()}")

    def heard(self, request: Heard, caller: Caller) -> Done:
        if not caller.is_system:
            raise Forbidden("what a webhook said is told by the gateway alone", slug="not-a-service")
        if self.upstream_reader is not None:
            self._hear(request, base=self.upstream_reader.base)
        return Done(position=f"pr_bot:{self.records.head()}")

    def _hear(self, heard: Heard, *, base: str) -> None:
        branch = heard.branch.removeprefix("refs/heads/")
        # Branches are made by the bot itself, one for each request.
        is_release = (
            heard.event == "release"
            or (heard.event == "create" and not heard.branch.startswith("refs/heads/"))
            or (heard.event == "push" and heard.branch.startswith("refs/tags/"))
        )
        if is_release or (heard.event == "push" and branch == base):
            if self.watch is not None:
                self.watch.expect_release(is_release)
            self.wake_watch()
        elif heard.event != "create" and not (heard.event == "pull_request" and heard.action in _UNINTERESTING):
            concerned = self.records.rows.concerned(number=heard.number, branch=branch, sha=heard.sha)
            self._mark_heard(heard, [found for found in concerned if not _is_known(found, heard)])

    def _mark_heard(self, heard: Heard, concerned: list[Standing]) -> None:
        if not concerned:
            return
        rows = self.records.rows
        cause = str(uuid5(NAMESPACE_URL, f"webhook/{heard.delivery}")) if heard.delivery else str(uuid4())
        with rows.database.write() as connection:
            for standing in concerned:
                rows.mark_due(connection, standing.model, at=self.clock(), cause=cause)
                if heard.event in _SAID:
                    rows.returned.hear(connection, standing.model)
        self.wake()

    def places(self, request: PlacesQuery, caller: Caller) -> Places:
        return self._dashboard.places(request.names)

    @idempotent()
    def control(self, request: ControlPullRequests, caller: Caller) -> Done:
        if not (caller.is_system or caller.has("operator")):
            raise Forbidden("only operators pause and cap pull requests; ask one of them", slug="not-operator")
        wanted = Controls(
            paused=request.paused,
            most_open=request.most_open,
            most_per_hour=request.most_per_hour,
            reason=request.reason,
            batch=request.batch,
        )
        position = self.records.control(wanted, caller, at=self.clock())
        self.wake()
        return Done(position=f"pr_bot:{position}")

    def upstream(self, request: Empty, caller: Caller) -> UpstreamState:
        """Only operators hear whose work it is, where on this machine a repository lies, and what broke there."""
        tells_all = caller.is_system or caller.has("operator")
        is_told = tells_all or self.target.startswith("github:")
        error = self._error()
        return self._dashboard.state(
            enabled=self.upstream_reader is not None,
            target=self.target if is_told else self.target.partition(":")[0],
            error=error if tells_all or not error else _LOOK_FAILED,
            names_people=tells_all,
        )

    def note_budget(self) -> None:
        """What upstream last said is left, for all replicas to show."""
        budget = self.upstream_reader.budget() if self.upstream_reader else None
        if budget is not None:
            known = KnownBudget(calls=budget.limit, remaining=budget.remaining, resets_at=budget.resets_at)
            self.records.rows.limits.see_budget(known)

    def opens_as(self, request: OpensAsQuery, caller: Caller) -> OpensAs:
        """Of a model: to whom may manage it; of one that is not there yet: to its submitter."""
        if request.name:
            self._authorise(request.name, caller)
        elif not caller.user_id:
            raise Forbidden("as whom a pull request would be opened: sign in first", slug="sign-in-first")
        if self.accounts is None:
            return OpensAs(kind="off", note="HUB_UPSTREAM is off: this hub opens no pull requests")
        person, standing = caller.user_id, ""
        if request.name:
            person = person_of(self.registry.desired_state(ModelRef(name=request.name), system_caller(self.name)))
            state = self.records.pull_request(request.name)
            standing = state.last.opened_as if state.is_open and state.last else ""
        seen = self.accounts.foresee(person, standing=standing)
        return OpensAs(kind=seen.kind, login=seen.login, note=seen.note)

    def branch_content(self, request: ModelRef, caller: Caller) -> BranchContent:
        self._authorise(request.name, caller)
        state = self.records.pull_request(request.name)
        if self.accounts is None or state.last is None:
            return BranchContent(name=request.name)
        desired = self.registry.desired_state(ModelRef(name=request.name), system_caller(self.name))
        account = self.accounts.of(desired, standing=state.last.opened_as)
        return content_of(account.upstream, state, desired)

    @idempotent()
    def take_branch(self, request: PullRequestAction, caller: Caller) -> BranchContent:
        found = self.branch_content(ModelRef(name=request.name), caller)
        if not found.commits:
            raise NothingToTakeOver(f"pull request of {request.name}: nobody else committed to its branch")
        if not found.document:
            raise NothingToTakeOver(
                f"pull request of {request.name}: {found.problem}; rebuild it, or archive the model to have it removed"
            )
        return dataclasses.replace(found, diff="")

    def check_token(self, request: Empty, caller: Caller) -> TokenCheck:
        if self.accounts is None:
            raise UpstreamIsOff(
                "GitHub token: HUB_UPSTREAM is off, so nobody could test it; set it to have pull requests"
            )
        return self.accounts.check(caller.user_id)

    def look_at_upstream(self) -> None:
        """Tells what changed on main; raises what made it impossible, which `upstream` then shows."""
        if self.watch is None or self.records.rows.turns.asleep_at(self.clock()) is not None:
            return
        try:
            self.watch.look()
            self.look_error = ""
        except RateLimited as error:
            self.records.rows.turns.sleep(DEFAULT_ACCOUNT, until=error.retry_at, because=error.why)
        except HubError as error:
            self.look_error = error.message
            raise
        finally:
            self.note_budget()
        self.wake()

    def mark_due(self, connection: Connection, model: str, recorded: RecordedEvent) -> None:
        """In the transaction of a reaction to `recorded`."""
        self.records.rows.mark_due(
            connection,
            model.lower(),
            at=self.clock(),
            cause=recorded.event_id,
            correlation=recorded.metadata.correlation_id,
            actor=recorded.metadata.actor,
            traceparent=current_traceparent(),
        )
        self.records.rows.database.after_commit(self.wake)

    def queue(self, connection: Connection, model: str, revision: int, recorded: RecordedEvent) -> None:
        """The page can say `queued` from now on."""
        if self.upstream_reader is None:
            return
        due = Due(
            model=model.lower(),
            since=0.0,
            attempts=0,
            marks=0,
            ask="",
            cause=recorded.event_id,
            correlation=recorded.metadata.correlation_id,
            actor=recorded.metadata.actor,
        )
        self.records.record(due, partial(domain.queue, model=model, revision=revision), connection=connection)

    def _ask(self, request: PullRequestAction, caller: Caller, *, ask: str) -> PullRequestAnswer:
        self._authorise(request.name, caller)
        if self.upstream_reader is None:
            raise UpstreamIsOff(f"pull request of {request.name}: HUB_UPSTREAM is off; set it to have pull requests")
        state = self.records.pull_request(request.name)
        if ask == "reopen":
            self._check_closed(request.name, state, caller)
        position = f"pr_bot:{self.records.head()}"
        with self.records.rows.database.write() as connection:
            self.records.rows.mark_due(
                connection,
                request.name.lower(),
                at=self.clock(),
                cause=caller.command_id or str(uuid4()),
                correlation=caller.correlation_id,
                actor=caller.user_id,
                ask=ask,
                traceparent=current_traceparent(),
            )
            answer = PullRequestAnswer(name=request.name, state=state.state, position=position)
            if (remember := self.commands.rows(caller, answer)) is not None:
                remember(connection)
        self.wake()
        return answer

    def _check_closed(self, name: str, state: PullRequest, caller: Caller) -> None:
        if state.is_held_closed or (caller.idempotent and self.store.events_of_command(caller.command_id)):
            return
        raise NothingToReopen(
            f"pull request of {name}: expected one that was closed upstream, found {state.state}; retry it instead"
        )

    def _authorise(self, name: str, caller: Caller) -> None:
        """Reviewers and operators may always, others where registry lets them manage the model."""
        if not caller.user_id:
            raise NotFound(f"model {name}: there is none")
        if caller.has("reviewer", "operator"):
            self.registry.desired_state(ModelRef(name=name), system_caller(self.name))  # NotFound for no model
        else:
            self.registry.model_access(ModelRef(name=name), caller)

    def _error(self) -> str:
        unreadable = self.watch.unreadable if self.watch else {}
        return self.look_error or "; ".join(f"{path}: {error}" for path, error in sorted(unreadable.items()))

    def _figures(self) -> Mapping[str, Any]:
        states = self.records.rows.count_by_state()
        return {"due": self.records.rows.due_count(), **{f"pull_requests_{state}": n for state, n in states.items()}}


def _is_known(standing: Standing, heard: Heard) -> bool:
    """The branch was moved to where the bot moved it."""
    moved = heard.event == "push" or (heard.event, heard.action) == ("pull_request", "synchronize")
    return moved and bool(heard.sha) and heard.sha == standing.head_sha
