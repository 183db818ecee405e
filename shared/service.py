"""What a composition root gets from a service's `bootstrap.build`, and what every service shares."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from shared import cloudevents, telemetry
from shared.contracts.catalog import Catalog
from shared.contracts.common import (
    Caller,
    Done,
    Empty,
    LogSlice,
    ParkedStream,
    ReadLog,
    RetryParked,
    Service,
    ServiceOperations,
    SubscriptionState,
    system_caller,
)
from shared.contracts.identity import Identity
from shared.contracts.pr_bot import PrBot
from shared.contracts.registry import Registry
from shared.contracts.review import Review
from shared.cursors import Parked
from shared.database import Database
from shared.doctor import Check
from shared.errors import Conflict, Forbidden, NotFound
from shared.event_store.interface import EventStore, LogPage, Metadata, PublishableLog, RecordedEvent
from shared.event_store.serialization import EventTypes
from shared.messages import Message
from shared.subscription import SubscriptionStatus
from shared.turns import Turns

Doctor = Callable[[], Iterable[Check]]


class Background(Protocol):
    """Work that runs beside the calls; `stop` returns when it is at rest."""

    def start(self) -> None: ...

    def stop(self) -> None: ...


class Reader(Protocol):
    """What applies one source's log; `shared.subscription.Subscription` is one, catalog has its own."""

    @property
    def source(self) -> str: ...

    def start(self) -> None: ...

    def stop(self) -> None: ...

    def wake(self) -> None: ...

    def take_turns(self, turns: Turns, *, first: bool) -> None: ...

    def deliver(self, messages: Sequence[Message]) -> None: ...

    def on_applied(self, callback: Callable[[Sequence[RecordedEvent]], None]) -> None: ...

    def catch_up(self) -> int: ...

    def position(self) -> int: ...

    def wait_for(self, position: int, timeout_s: float) -> bool: ...

    def parked(self) -> list[Parked]: ...

    def status(self) -> SubscriptionStatus: ...

    def retry(self, parked_id: int) -> bool: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Calls:
    """Every service as the others and the gateway reach it, whatever carries the calls."""

    registry: Registry
    review: Review
    identity: Identity
    catalog: Catalog
    pr_bot: PrBot

    def of(self, service: str) -> Service:
        """The service by name."""
        found: Service = getattr(self, service)
        return found


@dataclass(frozen=True, slots=True, kw_only=True)
class BuiltService:
    """A service ready to run. `store` is None where it owns no log.

    A composition root connects `store.on_commit` to the `wake` of the subscriptions to it, starts
    `subscriptions` and `background`, and stops them in the opposite order before it closes `database`.
    In split mode the log is published with `types`; where `is_public` says so, to other programs too.
    `doctor` compares what the service holds with what the logs say, also while another process runs on it.
    """

    name: str
    application: Any
    database: Database
    store: PublishableLog | None = None
    types: EventTypes | None = None
    is_public: Callable[[RecordedEvent], bool] | None = None
    subscriptions: Sequence[Reader] = ()
    background: Sequence[Background] = ()
    doctor: Doctor | None = None


def actor_metadata(actor: str, *, causation_id: str, correlation_id: str, traceparent: str = "") -> Metadata:
    """Metadata of an event, under the trace that is open; without a correlation id the cause stands for it."""
    correlation_id = correlation_id or telemetry.scope().correlation_id or causation_id
    trace = (
        telemetry.current_traceparent()
        or telemetry.sane_traceparent(traceparent)
        or telemetry.traceparent_for(correlation_id, causation_id)
    )
    return Metadata(correlation_id=correlation_id, causation_id=causation_id, actor=actor, traceparent=trace)


def log_reader(owner: Service, types: EventTypes, *, reader: str) -> Callable[[int, str | None, int], LogPage]:
    """`read_log` for a subscription, over whatever carries the calls."""
    caller = system_caller(reader)

    def read_log(after: int, mark: str | None, limit: int) -> LogPage:
        answer = owner.read_log(ReadLog(after=after, mark=mark, limit=limit), caller)
        return cloudevents.decode_page(answer.events, answer.head, types)

    return read_log


@dataclass(kw_only=True)
class LogService:
    """The three calls every service answers: its log, its operations, and a parked stream's retry.

    `subscriptions` may be filled after construction. `figures` is asked for each time.
    """

    name: str
    store: EventStore | None = None
    types: EventTypes | None = None
    subscriptions: list[Reader] = field(default_factory=list)
    figures: Callable[[], Mapping[str, Any]] = dict

    def read_log(self, request: ReadLog, caller: Caller) -> LogSlice:
        if not caller.is_system:
            raise Forbidden(f"{self.name}'s log is for services; read the timeline instead")
        if self.store is None or self.types is None:
            raise NotFound(f"{self.name} owns no log")
        page = self.store.read_log(after=request.after, mark=request.mark, limit=request.limit)
        wire = cloudevents.encode_page(page, self.types, after=request.after, mark=request.mark)
        return LogSlice(events=wire["events"], head=wire["head"])

    def operations(self, request: Empty, caller: Caller) -> ServiceOperations:
        _require_operator(caller)
        states = [subscription.status() for subscription in self.subscriptions]
        return ServiceOperations(
            service=self.name,
            log_head=self.store.head()[0] if self.store else 0,
            subscriptions=[
                SubscriptionState(
                    name=state.name,
                    source=state.source,
                    position=state.position,
                    head=state.head,
                    lag=state.lag,
                    state=state.state,
                    error=state.last_error,
                )
                for state in states
            ],
            parked=[parked for subscription in self.subscriptions for parked in self._parked(subscription)],
            figures=dict(self.figures()),
        )

    def retry_parked(self, request: RetryParked, caller: Caller) -> Done:
        _require_operator(caller)
        for subscription in self.subscriptions:
            for parked in subscription.parked():
                if f"{self.name}:{parked.id}" == request.id:
                    if not subscription.retry(parked.id):
                        raise Conflict(
                            f"parked stream {parked.stream}: it failed again; mend what the error says, then retry",
                            slug="parked-again",
                        )
                    return Done(position=f"{subscription.source}:{subscription.position()}")
        raise NotFound(f"parked stream {request.id}: it is not parked; reload the page")

    def _parked(self, subscription: Reader) -> list[ParkedStream]:
        return [
            ParkedStream(
                id=f"{self.name}:{parked.id}",
                service=self.name,
                source=subscription.source,
                stream=parked.stream,
                position=parked.position,
                error=parked.error,
                attempts=parked.attempts,
                parked_at=parked.parked_at,
            )
            for parked in subscription.parked()
        ]


def _require_operator(caller: Caller) -> None:
    if not caller.has("operator"):
        raise Forbidden("this is for operators; ask one of them", slug="not-operator")
