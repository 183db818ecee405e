"""RabbitMQ as the hub uses it: bounded connections, the names of exchanges and queues, their arguments.

Messages are hints and the log is the truth, so every queue is bounded and drops its oldest first.
What a subscriber cannot decode it rejects into a queue of its own, which no publisher ever waits for.
"""

from __future__ import annotations

import json
from typing import Any

import amqp
import kombu
from kombu.serialization import register

from shared.cloudevents import CONTENT_TYPE
from shared.errors import Conflict, Unavailable

SERIALIZER = "cloudevents"
PUBLIC_EXCHANGE = "public.events"
MAX_LENGTH = 10_000
MAX_DEAD = 1_000

HEARTBEAT_S = 5
CONNECT_S = 5.0
ANSWER_S = 10.0
# What a connection that breaks may raise; a frozen broker shows as TimeoutError, an OSError.
ERRORS: tuple[type[Exception], ...] = (OSError, amqp.AMQPError, kombu.exceptions.KombuError)


class QueueDiffers(Conflict):
    """A queue or exchange is there already with other arguments; the broker keeps the old ones."""

    slug = "queue-differs"


class BrokerUnavailable(Unavailable):
    """The broker does not answer, or did not confirm in time; what is published waits in the log."""

    slug = "broker-unavailable"


def exchange_name(service: str) -> str:
    """The topic exchange that a service's events go to."""
    return f"{service}.events"


def queue_name(subscriber: str, source: str) -> str:
    """The one queue in which a subscriber gets a source's events."""
    return f"{subscriber}.{source}"


def dead_letter_name(subscriber: str) -> str:
    """The exchange and the queue of what a subscriber could not decode."""
    return f"{subscriber}.dead"


def routing_key_of(type_name: str) -> str:
    """`ModelUpdated` of `hub.registry.ModelUpdated.v1`."""
    return type_name.rsplit(".", 2)[1]


def connected(uri: str, *, purpose: str) -> Any:
    """A `kombu.Connection` that is open, or one of ERRORS within seconds; `purpose` is shown to operators.

    It gives up by itself what a frozen broker does not answer. Several addresses, separated by `;`,
    are tried in turn. Leave it with `discard`, which does not wait for the broker.
    """
    register_serializer()
    connection = kombu.Connection(
        uri,
        heartbeat=HEARTBEAT_S,
        connect_timeout=CONNECT_S,
        transport_options={"client_properties": {"connection_name": purpose}},
    )
    try:
        connection.ensure_connection(max_retries=uri.count(";") + 1, interval_start=0.1, interval_step=0.1)
        # Until here it is bounded by connect_timeout; amqp itself would wait for ever from now on.
        connection.connection.sock.settimeout(ANSWER_S)
    except BaseException:
        discard(connection)
        raise
    return connection


def discard(connection: Any) -> None:
    """Closes a connection at once, also where the broker is frozen: leaving politely would wait for its answer."""
    connection.collect(socket_timeout=1)


def turn(connection: Any, timeout_s: float) -> bool:
    """Handles one frame, waiting at most `timeout_s`, and says whether there was one; raises where heartbeats fail.

    An idle connection must do this about once a second, a publisher's too: what is not read is not known to live.
    """
    try:
        connection.drain_events(timeout=timeout_s)
    except TimeoutError:
        connection.heartbeat_check()
        return False
    return True


def register_serializer() -> None:
    """kombu refuses a content type it was not told of."""
    register(SERIALIZER, json.dumps, json.loads, content_type=CONTENT_TYPE, content_encoding="utf-8")


def declare_exchanges(channel: Any, service: str) -> None:
    """The exchanges that `service` publishes to are there. Nothing else was done on the channel before."""
    require_exchange(channel, PUBLIC_EXCHANGE)
    _declare_exchange(channel, exchange_name(service), "topic")


def require_exchange(channel: Any, name: str) -> None:
    """A topic exchange that several use is there; only where it is not, an account must be allowed to make it.

    Nothing else was done on the channel before: where the exchange is missing, the broker closes it, and
    what is opened in its place knows nothing of the past.
    """
    try:
        channel.exchange_declare(name, "topic", passive=True)
    except amqp.NotFound:
        _declare_exchange(channel, name, "topic")


def declare_queue(channel: Any, subscriber: str, source: str, *, max_length: int = MAX_LENGTH) -> str:
    """The queue is there, bound to all of the source's events, and its name is the answer.

    Nothing else was done on the channel before. Raises QueueDiffers where it is there with another length.
    """
    name, dead = queue_name(subscriber, source), dead_letter_name(subscriber)
    require_exchange(channel, exchange_name(source))
    _declare_exchange(channel, dead, "headers")
    _declare_bounded(channel, dead, MAX_DEAD)
    # Of what leaves a queue only the rejected: what overflows is no dead letter, the log has it.
    only_rejected = {"x-match": "all-with-x", "x-first-death-reason": "rejected"}
    channel.queue_bind(dead, exchange=dead, arguments=only_rejected)
    _declare_bounded(channel, name, max_length, {"x-single-active-consumer": True, "x-dead-letter-exchange": dead})
    channel.queue_bind(name, exchange=exchange_name(source), routing_key="#")
    return name


def depth_of(channel: Any, queue: str) -> int:
    """How many messages are ready in a queue that exists."""
    return int(channel.queue_declare(queue, passive=True).message_count)


def _declare_exchange(channel: Any, name: str, kind: str) -> None:
    try:
        channel.exchange_declare(name, kind, durable=True, auto_delete=False)
    except amqp.PreconditionFailed as error:
        raise QueueDiffers(
            f"exchange {name}: expected a durable one of type {kind}, found another ({error.reply_text}); "
            f"delete it (rabbitmqadmin delete exchange name={name}) and start again"
        ) from error


def _declare_bounded(channel: Any, name: str, max_length: int, more: dict[str, Any] | None = None) -> None:
    arguments = {"x-queue-type": "quorum", "x-max-length": max_length, "x-overflow": "drop-head"} | (more or {})
    try:
        channel.queue_declare(name, durable=True, auto_delete=False, arguments=arguments)
    except amqp.PreconditionFailed as error:
        raise QueueDiffers(
            f"queue {name}: expected arguments {arguments}, found others ({error.reply_text}); a queue keeps those it "
            f"was made with: stop its subscribers, delete it (rabbitmqctl delete_queue {name}) and start again, "
            "nothing is lost, the log has it all; or set the former length again"
        ) from error
