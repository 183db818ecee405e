"""Confirmed publishing from many threads: a pool of connections, each with one user at a time.

What is published is confirmed by the broker, or it raises, within a bounded time; also while the
broker is frozen. Threads may be green: nothing here but sockets, locks and clocks.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from typing import Any

import amqp
import kombu
import structlog
from amqp.exceptions import AccessRefused, AMQPError, MessageNacked

from shared.errors import Unavailable

# Whatever a lost connection makes the client library raise, at any moment of its end.
LOST = (OSError, AMQPError, AttributeError)
CONNECT_S = 5.0
CONFIRM_S = 5.0
HEARTBEAT_S = 5

log = structlog.get_logger(__name__)


class NoRoute(Exception):
    """The broker has no queue for it."""


class NotConfirmed(Exception):
    """The broker did not say that it has it: it may have it or not."""


def connected(uri: str, *, heartbeat_s: int = 0, timeout_s: float = CONNECT_S) -> amqp.Connection:
    """An open connection, from one attempt of at most `timeout_s` for each step of it; raises one of LOST.

    Several addresses, separated by `;`, are tried in turn.
    """
    *others, last = uri.split(";")
    for address in others:
        try:
            return _connected_to(address, heartbeat_s, timeout_s)
        except LOST as error:
            log.info("the next address of the broker is tried", error=f"{type(error).__name__}: {error}")
    return _connected_to(last, heartbeat_s, timeout_s)


def _connected_to(address: str, heartbeat_s: int, timeout_s: float) -> amqp.Connection:
    parameters = kombu.Connection(address, connect_timeout=timeout_s, heartbeat=heartbeat_s)
    connection: amqp.Connection = parameters.transport.establish_connection()
    # Without it a write to a frozen broker would wait for ever, once the socket's buffer is full.
    connection.transport.sock.settimeout(CONFIRM_S)
    return connection


class _Publisher:
    """One connection and channel; no two threads at once."""

    def __init__(self, uri: str, timeout_s: float) -> None:
        # No heartbeat: it would need a reader while idle. What is lost is noticed before and by each publish.
        self._connection = connected(uri, timeout_s=timeout_s)
        try:
            self._channel = self._connection.channel()
            self._channel.events["basic_return"].add(self._returned)
            self._channel.confirm_select()
        except BaseException:
            self._connection.collect()
            raise
        self._no_route = False

    def is_alive(self) -> bool:
        """Whether nothing has ended the connection while it was idle."""
        try:
            self._connection.drain_events(timeout=0)
        except TimeoutError:
            return bool(self._connection.connected)
        except LOST:
            return False
        return bool(self._connection.connected)

    def publish(self, exchange: str, routing_key: str, message: amqp.Message, confirm_s: float) -> None:
        self._no_route = False
        self._channel.basic_publish(message, exchange=exchange, routing_key=routing_key, mandatory=True)
        # The return, where there is one, comes before the confirm.
        try:
            self._channel.wait([amqp.spec.Basic.Ack, amqp.spec.Basic.Nack], callback=_confirmed, timeout=confirm_s)
        except AccessRefused as error:
            raise Unavailable(
                f"broker: expected a permission to publish to {exchange} with {routing_key}, this account has none; "
                "an operator should give it one"
            ) from error
        if self._no_route:
            raise NoRoute(routing_key)

    def close(self) -> None:
        """At once; a polite close would wait for the broker."""
        self._connection.collect()

    def _returned(self, *_: Any) -> None:
        self._no_route = True


def _confirmed(method: Any, *_: Any) -> None:
    if method == amqp.spec.Basic.Nack:
        raise MessageNacked


class Publishers:
    """Publishes from any thread, over at most `size` connections that are kept."""

    def __init__(self, uri: str, *, size: int = 16, connect_s: float = CONNECT_S, confirm_s: float = CONFIRM_S) -> None:
        self._uri = uri
        self._connect_s = connect_s
        self._confirm_s = confirm_s
        self._idle: list[_Publisher] = []
        self._lock = threading.Lock()
        self._places = threading.Semaphore(size)
        self._closed = False

    def publish(
        self,
        *,
        exchange: str,
        routing_key: str,
        body: str,
        properties: Mapping[str, Any],
        deadline: float,
    ) -> None:
        """Returns when the broker has the message, JSON text, in a queue.

        `deadline` in monotonic seconds. Raises NoRoute, NotConfirmed (it may have it), Unavailable (it has it not).
        """
        message = amqp.Message(
            body.encode(), content_type="application/json", content_encoding="utf-8", **_present(properties)
        )
        if not self._places.acquire(timeout=max(deadline - time.monotonic(), 0)):
            raise Unavailable("broker: every connection for publishing is busy; try again in a moment")
        try:
            publisher = self._taken(deadline)
            left = max(min(self._confirm_s, deadline - time.monotonic()), 0.01)
            try:
                publisher.publish(exchange, routing_key, message, left)
            except NoRoute:
                self._put_back(publisher)
                raise
            except MessageNacked as error:
                self._put_back(publisher)
                raise Unavailable("broker: it takes no more messages for now; try again in a moment") from error
            except LOST as error:
                publisher.close()
                raise NotConfirmed(f"{type(error).__name__}: {error}") from error
            except BaseException:
                # A greenlet killed in the middle: what the channel would answer next belongs to its message.
                publisher.close()
                raise
            self._put_back(publisher)
        finally:
            self._places.release()

    def close(self) -> None:
        """Those in use close when they are put back."""
        with self._lock:
            self._closed = True
            idle, self._idle = self._idle, []
        for publisher in idle:
            publisher.close()

    def _taken(self, deadline: float) -> _Publisher:
        while True:
            with self._lock:
                publisher = self._idle.pop() if self._idle else None
            if publisher is None:
                return self._made(deadline)
            if publisher.is_alive():
                return publisher
            publisher.close()

    def _made(self, deadline: float) -> _Publisher:
        try:
            return _Publisher(self._uri, max(min(self._connect_s, deadline - time.monotonic()), 0.05))
        except LOST as error:
            raise Unavailable(
                f"broker: expected it to take a connection, found {type(error).__name__}; try again in a moment"
            ) from error

    def _put_back(self, publisher: _Publisher) -> None:
        with self._lock:
            if not self._closed:
                self._idle.append(publisher)
                return
        publisher.close()


def _present(properties: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in properties.items() if value is not None}
