"""What pr_bot records: its events and its own rows, in one transaction, once."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any
from uuid import NAMESPACE_URL, uuid4, uuid5

from sqlalchemy import Connection

from services.pr_bot import domain
from services.pr_bot.domain import Controls, MainContent, PullRequest
from services.pr_bot.projection import Due, Rows, SeenModel
from shared.clock import Clock, wall_clock
from shared.contracts.common import Caller
from shared.event_store.aggregate import execute, load
from shared.event_store.interface import EventStore
from shared.events import pr_bot as events
from shared.service import actor_metadata

Decide = Callable[[PullRequest], Sequence[Any]]


class Records:
    """The streams `pullrequest-<name>` and `upstream-<name>`."""

    def __init__(self, store: EventStore, rows: Rows, *, now: Clock = wall_clock) -> None:
        self._store = store
        self._now = now
        self.rows = rows

    def pull_request(self, model: str, *, connection: Connection | None = None) -> PullRequest:
        return self._loaded(model, connection)[0]

    def record(
        self,
        due: Due,
        decide: Decide,
        *,
        also: Callable[[Connection], None] | None = None,
        connection: Connection | None = None,
    ) -> PullRequest:
        """The stream after `decide`, caused by what marked the model due; `also` is written with the events."""
        found, version = self._loaded(due.model, connection)
        if not decide(found):
            return found
        before = after = PullRequest()

        def decided(state: PullRequest) -> Sequence[Any]:
            nonlocal before, after
            happened = decide(state)
            before, after = state, functools.reduce(domain.evolve, happened, state)
            return happened

        def rows(transaction: Connection) -> None:
            self.rows.keep(transaction, due.model, after)
            if after.number != before.number:
                self.rows.limits.opened(transaction, after.number, at=self._now(), model=due.model)
            if also is not None:
                also(transaction)

        executed = execute(
            self._store,
            domain.stream_of(due.model),
            initial=PullRequest(),
            evolve=domain.evolve,
            decide=decided,
            metadata=actor_metadata(due.actor, causation_id=due.cause, correlation_id=due.correlation),
            # One cause leads to several steps; the version it was decided at tells them apart.
            reaction=f"at-{version}",
            rows=rows,
            connection=connection,
        )
        return executed.state

    def tell(self, seen: events.UpstreamChanged) -> bool:
        """Main holds `seen`; whether that was news."""
        cause = str(uuid5(NAMESPACE_URL, f"upstream/{seen.commit}"))
        model = SeenModel(model=seen.model_name.lower(), path=seen.path, document_sha256=seen.document_sha256)
        executed = execute(
            self._store,
            domain.upstream_stream_of(seen.model_name),
            initial=MainContent(),
            evolve=domain.evolve_main,
            decide=lambda state: domain.tell(state, seen=seen),
            metadata=actor_metadata("system:pr_bot", causation_id=cause, correlation_id=cause),
            reaction=seen.document_sha256 or "gone",
            rows=lambda transaction: self.rows.see_model(transaction, model),
        )
        if not executed.events:
            with self._store.transaction() as connection:
                self.rows.see_model(connection, model)
        return bool(executed.events)

    def control(self, wanted: Controls, caller: Caller, *, at: float) -> int:
        """Operators' word for all requests; the position that tells of it. What waited for a batch is due then."""
        cause = caller.command_id or str(uuid4())
        before: list[Controls] = []

        def decided(state: Controls) -> Sequence[Any]:
            before.append(state)
            return domain.control(state, wanted=wanted)

        def rows(transaction: Connection) -> None:
            self.rows.limits.keep_controls(transaction, wanted)
            if before[-1].batch and not wanted.batch:
                for model in self.rows.batches.waiting(transaction):
                    self.rows.mark_due(transaction, model, at=at, cause=cause, correlation=caller.correlation_id)

        executed = execute(
            self._store,
            domain.CONTROLS_STREAM,
            initial=Controls(),
            evolve=domain.evolve_controls,
            decide=decided,
            metadata=actor_metadata(caller.user_id, causation_id=cause, correlation_id=caller.correlation_id),
            rows=rows,
        )
        return executed.position

    def head(self) -> int:
        return self._store.head()[0]

    def _loaded(self, model: str, connection: Connection | None) -> tuple[PullRequest, int]:
        loaded = load(
            self._store,
            domain.stream_of(model),
            initial=PullRequest(),
            evolve=domain.evolve,
            connection=connection,
        )
        return loaded.state, loaded.version
