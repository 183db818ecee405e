"""Review's use cases."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from sqlalchemy import Connection

from services.review import domain
from services.review.domain import Place, Reviewer, Reviews, evolve
from services.review.projection import Looks, Owners
from shared.contracts import review as api
from shared.contracts.common import Caller
from shared.event_store.aggregate import Executed, execute
from shared.event_store.interface import EventStore, RecordedEvent
from shared.idempotency import Commands, idempotent
from shared.service import LogService, actor_metadata

Decide = Callable[[Reviews], Sequence[Any]]


def stream_of(name: str) -> str:
    return f"review-{name.lower()}"


class Application:
    """Implements `shared.contracts.review.Review`.

    `catch_up` reads registry's log to its end: a verdict may come sooner than the subscription has
    told of the submission.
    """

    def __init__(
        self,
        *,
        store: EventStore,
        owners: Owners,
        looks: Looks,
        commands: Commands,
        log: LogService,
        self_review: bool,
        catch_up: Callable[[], None],
    ) -> None:
        self.owners = owners
        self._looks = looks
        self._store = store
        self.commands = commands
        self._self_review = self_review
        self._catch_up = catch_up
        self.read_log = log.read_log
        self.operations = log.operations
        self.retry_parked = log.retry_parked

    @idempotent()
    def approve(self, request: api.Verdict, caller: Caller) -> api.ReviewAnswer:
        return self._verdict(domain.approve, request, caller)

    @idempotent()
    def reject(self, request: api.Verdict, caller: Caller) -> api.ReviewAnswer:
        return self._verdict(domain.reject, request, caller)

    @idempotent()
    def comment(self, request: api.Comment, caller: Caller) -> api.ReviewAnswer:
        decide = partial(
            domain.comment,
            name=request.name,
            revision=request.revision,
            text=request.feedback,
            at=Place(path=request.path, line=request.line, side=request.side, against=request.against),
        )
        return self._answer(request, caller, lambda: partial(decide, author=self._reviewer(request.name, caller)))

    @idempotent()
    def claim(self, request: api.Claim, caller: Caller) -> api.ReviewAnswer:
        decide = partial(domain.claim, name=request.name, revision=request.revision)
        return self._answer(request, caller, lambda: partial(decide, reviewer=self._reviewer(request.name, caller)))

    def look(self, request: api.Look, caller: Caller) -> api.Looked:
        """For those who review; what somebody looked at is told to nobody else."""
        domain.require_role(self._reviewer(request.name, caller), request.name)
        return api.Looked(previous=self._looks.look(caller.user_id, request.name, request.revision))

    def react(self, connection: Connection, name: str, decide: Decide, *, reaction: str, cause: RecordedEvent) -> None:
        """A policy's append: once for each causing event."""
        execute(
            self._store,
            stream_of(name),
            initial=Reviews(name=name),
            evolve=evolve,
            decide=decide,
            metadata=actor_metadata(
                "system:review", causation_id=cause.event_id, correlation_id=cause.metadata.correlation_id
            ),
            reaction=reaction,
            connection=connection,
        )

    def _verdict(self, decide: Callable[..., Sequence[Any]], request: api.Verdict, caller: Caller) -> api.ReviewAnswer:
        bound = partial(
            decide,
            name=request.name,
            revision=request.revision,
            document_sha256=request.document_sha256,
            feedback=request.feedback,
        )
        return self._answer(request, caller, lambda: partial(bound, reviewer=self._reviewer(request.name, caller)))

    def _reviewer(self, name: str, caller: Caller) -> Reviewer:
        return Reviewer(
            id=caller.user_id,
            roles=tuple(caller.roles),
            owns=self.owners.owns(caller.user_id, name),
            may_review_own=self._self_review,
        )

    def _answer(
        self, request: api.Verdict | api.Comment | api.Claim, caller: Caller, decide: Callable[[], Decide]
    ) -> api.ReviewAnswer:
        try:
            executed = self._execute(request, caller, decide())
        except domain.ReviewNotFound:
            self._catch_up()
            executed = self._execute(request, caller, decide())
        item = executed.outcome.items[request.revision]
        return api.ReviewAnswer(
            name=executed.state.name,
            revision=request.revision,
            state=item.state,
            position=f"review:{executed.position}",
        )

    def _execute(self, request: Any, caller: Caller, decide: Decide) -> Executed[Reviews]:
        return execute(
            self._store,
            stream_of(request.name),
            initial=Reviews(name=request.name),
            evolve=evolve,
            decide=decide,
            metadata=actor_metadata(
                caller.user_id,
                causation_id=caller.command_id,
                correlation_id=caller.correlation_id,
                traceparent=caller.traceparent,
            ),
            rows=self.commands.rows(caller),
        )
