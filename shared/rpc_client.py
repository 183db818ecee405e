"""Calls over RabbitMQ, in nameko's wire format, from any thread of a process, green or not.

One thread reads the replies; requests go out confirmed, over a pool of connections. Every call ends
in time, also while the broker is frozen: with the service's answer, its refusal, or Unavailable.
"""

from __future__ import annotations

import contextlib
import json
import os
import threading
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Any, TypeVar, cast

import amqp
import structlog

from shared.broker import require_exchange
from shared.calls import ContractCalls, Observer
from shared.circuit import Circuit
from shared.contracts.catalog import Catalog
from shared.contracts.identity import Identity
from shared.contracts.pr_bot import PrBot
from shared.contracts.registry import Registry
from shared.contracts.review import Review
from shared.contracts.wire import Method
from shared.database import any_transaction_open
from shared.errors import Unavailable
from shared.rpc_publish import HEARTBEAT_S, LOST, NoRoute, NotConfirmed, Publishers, connected
from shared.service import Calls

EXCHANGE = "nameko-rpc"
DEADLINE_S = 10.0
SERVICES: dict[str, type] = {
    "registry": Registry,
    "review": Review,
    "identity": Identity,
    "catalog": Catalog,
    "pr_bot": PrBot,
}
_BACK_OFF_S = (0.05, 0.1, 0.25, 0.5, 1.0)
_TICK_S = 0.5

Interface = TypeVar("Interface")
log = structlog.get_logger(__name__)


class _ConnectionLost(Exception):
    """The connection ended before the reply came; the call may have been executed or not."""


@dataclass(slots=True)
class _Waiting:
    """One call in flight."""

    done: threading.Event = field(default_factory=threading.Event)
    body: str | bytes | None = None


class RpcClient:
    """Made after a fork, started by the first call or by `start`, ended by `stop`.

    A call whose connection is lost is sent once more with the same ids: commands know by
    `command_id` that they have been executed.
    """

    def __init__(
        self, amqp_uri: str, *, deadline_s: float = DEADLINE_S, publishers: int = 16, name: str = "client"
    ) -> None:
        self._uri = amqp_uri
        self._deadline_s = deadline_s
        self._name = name
        self._pid = os.getpid()
        self._publishers = Publishers(amqp_uri, size=publishers)
        self._circuits = {service: Circuit(service) for service in SERVICES}
        self._waiting: dict[str, _Waiting] = {}
        self._lock = threading.Lock()
        self._listening = threading.Condition(self._lock)
        self._reply_to: str | None = None
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None

    @property
    def is_connected(self) -> bool:
        """Whether replies can arrive now."""
        return self._reply_to is not None

    def start(self) -> None:
        """Connects in the background; does nothing where that was begun already."""
        with self._lock:
            self._started()

    def stop(self) -> None:
        """Calls in flight end as Unavailable."""
        self._stopping.set()
        if self._thread is not None:
            self._thread.join()
        self._publishers.close()

    def call(self, service: str, method: str, sent: dict[str, Any], *, deadline_s: float | None = None) -> Any:
        """The reply's data to `sent`, the keyword arguments of `method`; raises Unavailable."""
        if os.getpid() != self._pid:
            raise RuntimeError("RpcClient: expected the process that made it, found a fork; make one after the fork")
        circuit = self._circuits.setdefault(service, Circuit(service))
        circuit.enter()
        body = json.dumps({"args": [], "kwargs": sent})
        ends = time.monotonic() + (deadline_s or self._deadline_s)
        try:
            reply = self._answered(service, method, body, ends)
        except NoRoute as error:
            # Known at once, so there is nothing to spare anybody.
            raise Unavailable(
                f"{service}: expected it to run, the broker knows no queue of it; an operator should start it",
                slug="service-unavailable",
            ) from error
        except Unavailable:
            circuit.failed()
            raise
        circuit.succeeded()
        if reply.get("error") is not None:
            said = reply["error"].get("value") if isinstance(reply["error"], dict) else reply["error"]
            raise Unavailable(f"{service}.{method}: expected an answer of this release, it said {said}; upgrade both")
        return reply["result"]

    def _answered(self, service: str, method: str, body: str, ends: float) -> dict[str, Any]:
        correlation_id = str(uuid.uuid4())
        for last in (False, True):
            try:
                return self._once(service, method, body, correlation_id, ends)
            except (_ConnectionLost, NotConfirmed) as error:
                if last or time.monotonic() >= ends:
                    raise Unavailable(
                        f"{service}.{method}: the connection to the broker was lost before the answer came; try again"
                    ) from error
        raise AssertionError("unreachable")

    def _once(self, service: str, method: str, body: str, correlation_id: str, ends: float) -> dict[str, Any]:
        waiting = _Waiting()
        reply_to = self._registered(correlation_id, waiting, ends)
        try:
            self._publishers.publish(
                exchange=EXCHANGE,
                routing_key=f"{service}.{method}",
                body=body,
                properties={
                    "reply_to": reply_to,
                    "correlation_id": correlation_id,
                    "delivery_mode": 2,
                    # Nobody waits for it any longer then, so nobody may execute it.
                    "expiration": str(max(round((ends - time.monotonic()) * 1000), 1)),
                },
                deadline=ends,
            )
            if not waiting.done.wait(max(ends - time.monotonic(), 0)):
                raise Unavailable(
                    f"{service}.{method}: expected an answer in time, none came; try again in a moment",
                    slug="timed-out",
                )
        finally:
            with self._lock:
                self._waiting.pop(correlation_id, None)
        if waiting.body is None:
            raise _ConnectionLost
        return cast(dict[str, Any], json.loads(waiting.body))

    def _registered(self, correlation_id: str, waiting: _Waiting, ends: float) -> str:
        """The queue that the reply will come to, once there is one."""
        with self._listening:
            self._started()
            while self._reply_to is None:
                left = ends - time.monotonic()
                if left <= 0 or self._stopping.is_set():
                    raise Unavailable("broker: expected a connection to it, there is none; try again in a moment")
                self._listening.wait(left)
            self._waiting[correlation_id] = waiting
            return self._reply_to

    def _started(self) -> None:
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name=f"rpc-replies-{self._name}", daemon=True)
            self._thread.start()

    def _run(self) -> None:
        failures = 0
        while not self._stopping.is_set():
            connection: amqp.Connection | None = None
            try:
                connection = connected(self._uri, heartbeat_s=HEARTBEAT_S)
                self._listen(connection)
                failures = 0
                self._read(connection)
            except LOST as error:
                if failures == 0 and not self._stopping.is_set():
                    log.warning("connection to the broker lost", error=f"{type(error).__name__}: {error}")
                failures += 1
            except Exception:
                # A thread's top: without it no call would ever be answered again.
                log.exception("reading replies failed")
                failures += 1
            finally:
                self._deaf()
                if connection is not None:
                    connection.collect()
            self._stopping.wait(_BACK_OFF_S[min(failures, len(_BACK_OFF_S)) - 1])

    def _listen(self, connection: amqp.Connection) -> None:
        """A new queue each time: the old one, exclusive, died with its connection."""
        channel = connection.channel()
        require_exchange(channel, EXCHANGE)
        reply_to = str(uuid.uuid4())
        queue = f"rpc.reply-{self._name}-{reply_to}"
        channel.queue_declare(
            queue, durable=False, exclusive=True, auto_delete=True, arguments={"x-queue-type": "classic"}
        )
        channel.queue_bind(queue, EXCHANGE, routing_key=reply_to)
        channel.basic_consume(queue, no_ack=True, callback=self._received, on_cancel=_cancelled)
        with self._listening:
            self._reply_to = reply_to
            self._listening.notify_all()

    def _read(self, connection: amqp.Connection) -> None:
        looked = time.monotonic()
        while not self._stopping.is_set():
            with contextlib.suppress(TimeoutError):
                connection.drain_events(timeout=_TICK_S)
            if time.monotonic() - looked >= _TICK_S:
                looked = time.monotonic()
                connection.heartbeat_tick()

    def _received(self, message: amqp.Message) -> None:
        with self._lock:
            waiting = self._waiting.pop(message.properties.get("correlation_id", ""), None)
        if waiting is not None:
            waiting.body = message.body
            waiting.done.set()

    def _deaf(self) -> None:
        """No reply to what is in flight can arrive any more."""
        with self._listening:
            self._reply_to = None
            lost, self._waiting = self._waiting, {}
            self._listening.notify_all()
        for waiting in lost.values():
            waiting.done.set()


def _cancelled(_consumer_tag: str) -> None:
    raise amqp.exceptions.ConsumerCancelled("the broker took the reply queue away")


def over_rpc(
    client: RpcClient,
    service: str,
    protocol: type[Interface],
    *,
    in_transaction: Callable[[], bool] = any_transaction_open,
    observe: Observer | None = None,
) -> Interface:
    """`service` behind its contract, wherever it runs."""

    def carry(method: Method, sent: dict[str, Any]) -> dict[str, Any]:
        return cast(dict[str, Any], client.call(service, method.name, sent))

    calls = ContractCalls(service, protocol, carry, in_transaction=in_transaction, observe=observe)
    return cast(Interface, calls)


def calls_over_rpc(client: RpcClient, *, observe: Observer | None = None) -> Calls:
    """Every service, over one client."""
    made = partial(over_rpc, client, observe=observe)
    return Calls(**{name: made(name, protocol) for name, protocol in SERVICES.items()})
