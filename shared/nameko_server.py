"""A service behind nameko's RPC, made from its contract, hardened where nameko would die.

Order of a call: the method commits, the reply is confirmed, the request is acknowledged. What fails
in between is delivered again, and a command knows that it has been executed. Only split mode's
processes load this; `nameko` reads its configuration from a global, so one process serves one service.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

import eventlet
import nameko
import structlog
from kombu import Exchange, Queue
from nameko.amqp.consume import Consumer
from nameko.containers import ServiceContainer
from nameko.exceptions import IncorrectSignature, MalformedRequest, MethodNotFound
from nameko.rpc import Rpc, RpcConsumer

from shared.broker import require_exchange
from shared.calls import Observer, answered, failed
from shared.contracts.wire import Method, contract_of
from shared.errors import HubError, Invalid, Unavailable, to_wire
from shared.rpc_client import EXCHANGE
from shared.rpc_publish import CONFIRM_S, HEARTBEAT_S, LOST, NoRoute, NotConfirmed, Publishers

MAX_WORKERS = 32
DELIVERIES = 3
REPLY_S = 5.0
# Of requests that could not be executed, the newest are kept for a day for somebody to look at.
_DEAD_LETTERS = {"x-max-length": 1000, "x-message-ttl": 24 * 3600 * 1000}
_LOOK_S = 0.25

log = structlog.get_logger(__name__)


def service_class(service: str, protocol: type, application: Any, *, observe: Observer | None = None) -> type:
    """nameko's service for `application`: one entrypoint for each method of the contract.

    An entrypoint takes `request` and `caller` as primitives and answers `{"answer": …}` or `{"error": …}`.
    """
    methods = contract_of(service, protocol).methods
    entrypoints = {name: _entrypoint(service, method, application, observe) for name, method in methods.items()}
    return type(f"{service.title().replace('_', '')}Rpc", (), {"name": service, **entrypoints})


def _entrypoint(
    service: str, method: Method, application: Any, observe: Observer | None
) -> Callable[[Any, Any, Any], dict[str, Any]]:
    def serve(self: Any, request: Any, caller: Any) -> dict[str, Any]:
        started = time.perf_counter()
        correlation_id = caller.get("correlation_id", "") if isinstance(caller, dict) else ""
        with structlog.contextvars.bound_contextvars(correlation_id=correlation_id):
            try:
                reply = answered(application, method, {"request": request, "caller": caller}, service=service)
            except Exception:
                log.exception("call failed", service=service, method=method.name)
                reply = failed(service, method.name)
        if observe is not None:
            outcome = reply["error"]["slug"] if "error" in reply else "ok"
            observe(service, method.name, time.perf_counter() - started, outcome)
        return reply

    serve.__name__ = method.name
    return _ContractRpc.decorator(serve)  # type: ignore[no-any-return]


class SturdyConsumer(Consumer):  # type: ignore[misc]  # nameko has no types
    """Lives through whatever happens to its connection; when stopped, it keeps it until all is acknowledged."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._in_hand = 0
        self._stopping = False
        self._consumers: list[Any] = []
        self._ended = threading.Event()

    def run(self, *_: Any, **__: Any) -> None:
        try:
            while not self.should_stop:
                self._consume()
        finally:
            self._ended.set()

    def _consume(self) -> None:
        try:
            super().run(safety_interval=_LOOK_S)
        except Exception as error:  # noqa: BLE001 whatever the client library raises, the connection is made anew
            log.warning("consuming failed, connecting again", error=f"{type(error).__name__}: {error}")
            eventlet.sleep(1)

    @contextmanager
    def establish_connection(self) -> Iterator[Any]:
        """Tries again soon, for callers wait; leaves without a word, for a frozen broker would not answer."""
        connection = self.connection.clone()
        try:
            connection.ensure_connection(
                self.on_connection_error,
                interval_start=0.1,
                interval_step=0.2,
                interval_max=1,
                reraise_as_library_errors=False,
            )
            connection.connection.sock.settimeout(CONFIRM_S)
            yield connection
        finally:
            connection.collect(socket_timeout=1)

    def on_connection_error(self, exc: Exception, interval: float) -> None:
        """Who is to stop waits for no broker: what it had in hand is the broker's again."""
        if self._stopping:
            self.should_stop = True
            raise exc
        super().on_connection_error(exc, interval)

    def get_consumers(self, consumer_cls: Any, channel: Any) -> list[Any]:
        self._in_hand = 0
        require_exchange(channel, EXCHANGE)
        for queue in _dead_letter_queues(self.queues[0].name):
            queue.bind(channel).declare()
        self._consumers = super().get_consumers(consumer_cls, channel)
        return self._consumers

    def on_iteration(self) -> None:
        if self._stopping and self._consumers:
            consumers, self._consumers = self._consumers, []
            for consumer in consumers:
                consumer.cancel()
        if self._stopping and self._in_hand <= 0:
            self.should_stop = True

    def stop(self) -> None:
        """Takes no more requests; returns when those in hand are acknowledged."""
        self._stopping = True
        if self.ready.is_set():
            self._ended.wait()

    def on_message(self, body: Any, message: Any) -> None:
        self._in_hand += 1
        if self._stopping:
            self.requeue_message(message)
            return
        super().on_message(body, message)

    def on_decode_error(self, message: Any, exc: Exception) -> None:
        """Its body may hold a secret, so it is not logged."""
        log.error("request could not be decoded", error=type(exc).__name__)
        self._settled(message.reject)

    def ack_message(self, message: Any) -> None:
        self._in_hand -= 1
        self._settled(message.ack)

    def requeue_message(self, message: Any) -> None:
        self._in_hand -= 1
        self._settled(message.requeue)

    @staticmethod
    def _settled(settle: Callable[[], None]) -> None:
        try:
            settle()
        except LOST as error:
            # The broker takes back what was in hand with the connection, and delivers it again.
            log.warning("request not acknowledged, it will come again", error=f"{type(error).__name__}: {error}")


def _dead_letter_name(queue: str) -> str:
    """Each service's own exchange: what others were asked is not for it to see."""
    return f"{queue}.dead"


def _dead_letter_queues(name: str) -> list[Queue]:
    """Where requests go that were delivered too often; requests that came too late go nowhere.

    With at-least-once dead lettering a message without a route would stay in the service's queue, hence
    the second queue, which drops at once what it gets.
    """
    exchange = Exchange(_dead_letter_name(name), type="headers", durable=True)
    reasons = {"delivery_limit": "dead", "rejected": "dead", "expired": "late"}
    arguments = {"dead": _DEAD_LETTERS, "late": {"x-message-ttl": 0, "x-max-length": 1}}
    return [
        Queue(
            f"{name}.{queue}",
            exchange=exchange,
            durable=True,
            queue_arguments=arguments[queue],
            binding_arguments={"x-match": "all-with-x", "x-first-death-queue": name, "x-first-death-reason": reason},
        )
        for reason, queue in reasons.items()
    ]


class _RequestConsumer(RpcConsumer):  # type: ignore[misc]  # nameko has no types
    """One quorum queue for the service; replies go out confirmed, or the request is delivered again."""

    consumer_cls = SturdyConsumer

    def setup(self) -> None:
        super().setup()
        self._replies = Publishers(self.amqp_uri)
        plain: Queue = self.consumer.queues[0]
        self.queue = Queue(
            plain.name,
            exchange=Exchange(EXCHANGE, type="topic", no_declare=True),
            routing_key=plain.routing_key,
            durable=True,
            queue_arguments={
                "x-queue-type": "quorum",
                "x-delivery-limit": DELIVERIES,
                "x-dead-letter-exchange": _dead_letter_name(plain.name),
                "x-dead-letter-strategy": "at-least-once",
                "x-overflow": "reject-publish",
            },
        )
        self.consumer.queues = [self.queue]

    def handle_message(self, body: Any, message: Any) -> None:
        try:
            provider = self.get_provider_for_method(message.delivery_info["routing_key"])
            provider.handle_message(body, message)
        except Exception as error:  # noqa: BLE001 whatever a message makes of it, the caller is told
            refuse = partial(self.handle_result, message, {"error": to_wire(_refusal(error))}, None)
            # Not here: a reply may have to wait, and this greenlet keeps the connection alive.
            self.container.spawn_managed_thread(refuse)

    def handle_result(self, message: Any, result: Any, exc_info: Any) -> tuple[Any, Any]:
        if exc_info is not None:
            log.error("call failed outside the service", error=repr(exc_info[1]))
            result = failed(self.container.service_name, message.delivery_info["routing_key"])
        if self._has_replied(message, {"result": result, "error": None}):
            self.consumer.ack_message(message)
        else:
            self.consumer.requeue_message(message)
        return result, None

    def _has_replied(self, message: Any, reply: dict[str, Any]) -> bool:
        """Whether nobody waits for this reply any more: it was confirmed, or the caller is gone."""
        reply_to = message.properties.get("reply_to")
        if not reply_to:
            log.warning("request without reply_to", routing_key=message.delivery_info["routing_key"])
            return True
        correlation = {"correlation_id": message.properties.get("correlation_id"), "delivery_mode": 1}
        body = json.dumps(reply)
        deadline = time.monotonic() + REPLY_S
        for _ in range(2):
            try:
                self._replies.publish(
                    exchange=EXCHANGE, routing_key=reply_to, body=body, properties=correlation, deadline=deadline
                )
            except NoRoute:
                log.info("caller is gone", routing_key=message.delivery_info["routing_key"])
            except (NotConfirmed, HubError) as error:
                log.warning("reply not confirmed", error=str(error))
                continue
            return True
        return False


class _ContractRpc(Rpc):  # type: ignore[misc]  # nameko has no types
    rpc_consumer = _RequestConsumer()


def _refusal(error: Exception) -> HubError:
    if isinstance(error, MethodNotFound):
        return Unavailable(f"call {error}: this release of the service does not know it; upgrade both to one release")
    if isinstance(error, IncorrectSignature | MalformedRequest | KeyError | TypeError):
        return Invalid("request: expected the keyword arguments request and caller, found others; send these")
    log.error("request failed before it was executed", error=repr(error))
    return Unavailable("request: it could not be executed; try again in a moment")


class RpcServer:
    """Serves one service class until stopped; a container that dies all the same is replaced."""

    def __init__(self, service: type, amqp_uri: str, *, max_workers: int = MAX_WORKERS) -> None:
        self._service = service
        self._stopping = False
        self._container: ServiceContainer | None = None
        self._thread: Any = None
        nameko.config.setup(
            {
                "AMQP_URI": amqp_uri,
                "HEARTBEAT": HEARTBEAT_S,
                "max_workers": max_workers,
                # What waits in this process would outlive its expiration.
                "PREFETCH_COUNT": max_workers,
                "rpc_exchange": EXCHANGE,
                # kombu's own JSON turns some of a caller's objects into Python's.
                "SERIALIZERS": {
                    "json": {
                        "encoder": "json.dumps",
                        "decoder": "json.loads",
                        "content_type": "application/json",
                        "content_encoding": "utf-8",
                    }
                },
            }
        )

    @property
    def is_serving(self) -> bool:
        """Whether requests are taken."""
        return self._container is not None and self._container.started and not self._stopping

    def start(self) -> None:
        """Returns when requests are taken."""
        self._begin()
        self._thread = eventlet.spawn(self._watch)

    def stop(self, timeout_s: float) -> bool:
        """Takes no more, waits for what is in hand; whether that was over in time."""
        self._stopping = True
        container = self._container
        if container is None:
            return True
        with eventlet.Timeout(timeout_s, False):
            container.stop()
            return True
        container.kill()
        return False

    def _begin(self) -> None:
        self._container = ServiceContainer(self._service)
        self._container.start()

    def _watch(self) -> None:
        while not self._stopping:
            try:
                if self._container is not None:
                    self._container.wait()
                else:
                    self._begin()
            except Exception:
                log.exception("rpc container died, a new one is started")
                self._container = None
                eventlet.sleep(1)
