"""Prometheus metrics of one process: what it counts as it works, and what is asked when somebody scrapes.

Labels are names of services, methods, routes and event types, never of people, models or streams:
`/metrics` is open to whoever reaches it. Several replicas of a service tell the same lag and the same
due pull requests: take `max`, not `sum`. Counters and histograms are each process's own: `sum` them.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Literal

import structlog
from prometheus_client import CollectorRegistry, Counter, GCCollector, Histogram, PlatformCollector, ProcessCollector
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.exposition import choose_encoder
from prometheus_client.registry import Collector

from shared.contracts.common import Empty, ServiceOperations, system_caller
from shared.event_store.interface import RecordedEvent
from shared.event_store.serialization import service_of

if TYPE_CHECKING:
    from shared.service import BuiltService

Side = Literal["client", "server", "in_process"]
Observer = Callable[[str, str, float, str], None]

FRESH_S = 1.0
"""Scraping more often than this asks no database again."""
STATES = ("running", "waiting", "stopped")
_FAST = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
_PULL_REQUESTS = "pull_requests_"
_SERVICE = ("service",)

log = structlog.get_logger(__name__)

REGISTRY = CollectorRegistry()
ProcessCollector(registry=REGISTRY)
PlatformCollector(registry=REGISTRY)
GCCollector(registry=REGISTRY)
CALLS = Counter(
    "hub_calls",
    "Calls of services by method and outcome: ok, or the slug of the refusal",
    ("side", "service", "method", "outcome"),
    registry=REGISTRY,
)
CALL_SECONDS = Histogram(
    "hub_call_duration_seconds",
    "How long calls of services took",
    ("side", "service", "method"),
    buckets=_FAST,
    registry=REGISTRY,
)
APPENDED = Counter(
    "hub_events_appended",
    "Events that this process has appended",
    ("service", "type"),
    registry=REGISTRY,
)
HTTP_REQUESTS = Counter(
    "hub_http_requests",
    "Requests that the gateway has answered",
    ("method", "route", "status"),
    registry=REGISTRY,
)
HTTP_SECONDS = Histogram(
    "hub_http_request_duration_seconds",
    "How long the gateway took until an answer was ready to send",
    ("method", "route"),
    buckets=_FAST,
    registry=REGISTRY,
)


def observer(side: Side) -> Observer:
    """What a carrier of calls tells each call to."""

    def observe(service: str, method: str, seconds: float, outcome: str) -> None:
        CALLS.labels(side, service, method, outcome).inc()
        CALL_SECONDS.labels(side, service, method).observe(seconds)

    return observe


def note_appended(events: Sequence[RecordedEvent]) -> None:
    """Counts them, and says so in the log of a process that has one configured."""
    for event in events:
        APPENDED.labels(service_of(event.type), event.type).inc()
    if events and structlog.is_configured():
        names = [event.type.split(".")[2] for event in events]
        log.info("appended", stream=events[0].stream, events=names, position=events[-1].position)


def exposition(accept: str = "") -> tuple[bytes, str]:
    """(body, content type) of `/metrics`, as OpenMetrics where the reader takes it."""
    encode, content_type = choose_encoder(accept)
    body: bytes = encode(REGISTRY)
    return body, content_type


def watch(services: Sequence[BuiltService]) -> Callable[[], None]:
    """From now on a scrape tells the state of these services too; the answer ends that."""
    collector = ServicesCollector(services)
    REGISTRY.register(collector)

    def end() -> None:
        REGISTRY.unregister(collector)

    return end


class ServicesCollector(Collector):
    """Asks each service of this process for its operations, at most once a second."""

    def __init__(self, services: Sequence[BuiltService], *, clock: Callable[[], float] = time.monotonic) -> None:
        self._services = tuple(services)
        self._clock = clock
        self._turn = threading.Lock()
        self._asked_at = float("-inf")
        self._families: list[Metric] = []

    def describe(self) -> Iterable[Metric]:
        """Nothing: registering must not ask databases."""
        return ()

    def collect(self) -> Iterable[Metric]:
        with self._turn:
            if self._clock() - self._asked_at >= FRESH_S:
                self._families = list(self._asked())
                self._asked_at = self._clock()
            return self._families

    def _asked(self) -> Iterator[Metric]:
        up = GaugeMetricFamily("hub_service_up", "Whether the service tells its state", labels=_SERVICE)
        answers = []
        for built in self._services:
            answer = _operations(built)
            up.add_metric((built.name,), float(answer is not None))
            answers += [answer] if answer is not None else []
        yield up
        yield from _logs(answers)
        yield from _subscriptions(answers)
        yield from _pull_requests(answers)
        yield from _relays(answers)
        yield from _deliveries(answers)
        yield _connections(self._services)


def _operations(built: BuiltService) -> ServiceOperations | None:
    try:
        answer: ServiceOperations = built.application.operations(Empty(), system_caller("metrics"))
    except Exception as error:  # noqa: BLE001 a service whose database is away must not hide the others
        log.warning("service tells no state", of=built.name, error=type(error).__name__)
        return None
    return answer


def _logs(answers: Sequence[ServiceOperations]) -> Iterator[Metric]:
    head = GaugeMetricFamily("hub_log_head_position", "Newest position of the service's log", labels=_SERVICE)
    for answer in answers:
        if answer.log_head:
            head.add_metric((answer.service,), answer.log_head)
    yield head


def _subscriptions(answers: Sequence[ServiceOperations]) -> Iterator[Metric]:
    labels = ("service", "source")
    position = GaugeMetricFamily(
        "hub_subscription_position", "Position up to which the subscriber has applied the source's log", labels=labels
    )
    lag = GaugeMetricFamily(
        "hub_subscription_lag_events", "Positions of the source's log not yet applied", labels=labels
    )
    state = GaugeMetricFamily("hub_subscription_state", "1 for the state it is in", labels=(*labels, "state"))
    parked = GaugeMetricFamily("hub_parked_streams", "Streams that wait for somebody to mend a fault", labels=labels)
    for answer in answers:
        waiting = [stream.source for stream in answer.parked]
        for one in answer.subscriptions:
            at = (answer.service, one.source)
            position.add_metric(at, one.position)
            lag.add_metric(at, one.lag)
            parked.add_metric(at, waiting.count(one.source))
            for name in STATES:
                state.add_metric((*at, name), float(one.state == name))
    yield from (position, lag, state, parked)


def _pull_requests(answers: Sequence[ServiceOperations]) -> Iterator[Metric]:
    due = GaugeMetricFamily("hub_pull_requests_due", "Models whose pull request is to be looked at")
    states = GaugeMetricFamily("hub_pull_requests", "Pull requests by state", labels=("state",))
    for answer in answers:
        if answer.service != "pr_bot":
            continue
        due.add_metric((), answer.figures.get("due", 0))
        for name, number in answer.figures.items():
            if name.startswith(_PULL_REQUESTS):
                states.add_metric((name.removeprefix(_PULL_REQUESTS),), number)
    yield from (due, states)


def _relays(answers: Sequence[ServiceOperations]) -> Iterator[Metric]:
    leader = GaugeMetricFamily("hub_relay_leader", "Whether this process publishes the service's log", labels=_SERVICE)
    position = GaugeMetricFamily(
        "hub_relay_position", "Position up to which the broker has confirmed the service's log", labels=_SERVICE
    )
    lag = GaugeMetricFamily("hub_relay_lag_events", "Positions the broker has not confirmed yet", labels=_SERVICE)
    failing = GaugeMetricFamily("hub_relay_failing", "Whether the relay fails just now", labels=_SERVICE)
    for answer in answers:
        if (relay := answer.relay) is not None:
            leader.add_metric((answer.service,), float(relay.leading))
            position.add_metric((answer.service,), relay.position)
            lag.add_metric((answer.service,), relay.lag)
            failing.add_metric((answer.service,), float(bool(relay.error)))
    yield from (leader, position, lag, failing)


def _deliveries(answers: Sequence[ServiceOperations]) -> Iterator[Metric]:
    connected = GaugeMetricFamily("hub_broker_connected", "Whether events can be delivered", labels=_SERVICE)
    messages = GaugeMetricFamily(
        "hub_queue_messages",
        "Messages that wait in a queue, a few seconds ago; the log holds them too",
        labels=("queue",),
    )
    rejected = CounterMetricFamily(
        "hub_messages_rejected", "Messages that this process could not decode", labels=_SERVICE
    )
    for answer in answers:
        if (delivery := answer.delivery) is not None:
            connected.add_metric((answer.service,), float(delivery.connected))
            rejected.add_metric((answer.service,), delivery.rejected)
            for queue, waiting in sorted(delivery.queues.items()):
                messages.add_metric((queue,), waiting)
    yield from (connected, messages, rejected)


def _connections(services: Sequence[BuiltService]) -> GaugeMetricFamily:
    family = GaugeMetricFamily(
        "hub_database_connections", "Connections to the service's database", labels=("service", "pool", "state")
    )
    for built in services:
        for (pool, state), number in built.database.connections().items():
            family.add_metric((built.name, pool, state), number)
    return family
