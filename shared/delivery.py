"""Hands a process's subscriptions what the broker delivers: one thread, one queue for each source.

What it hands over are hints; a subscription that finds a gap reads the log itself. So a message is
acknowledged once its subscription has seen it, whatever came of it.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import kombu
import structlog

from shared import broker, cloudevents
from shared.applier import first_line
from shared.cursors import Cursor
from shared.event_store.serialization import EventTypes, UnknownEventVersion
from shared.events import identity, pr_bot, registry, review
from shared.messages import Message
from shared.service import Reader

_MODULES = {"registry": registry, "review": review, "identity": identity, "pr_bot": pr_bot}
_TURN_S = 0.5
_MEASURE_S = 5.0
_BACK_OFF_S = (0.1, 0.2, 0.5, 1.0, 2.0)

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveryStatus:
    """`depths`: messages ready in each queue as last measured, `dead` among them; `rejected`: not decoded, since start.

    `last_error` also says which queues cannot be used, and what to do about it.
    """

    connected: bool
    depths: Mapping[str, int]
    rejected: int
    last_error: str


@cache
def event_types_of(source: str) -> EventTypes:
    """The events of a service's log."""
    module = _MODULES[source]
    return EventTypes(module.EVENTS, module.UPCASTERS)


@dataclass(slots=True, kw_only=True)
class _Inbox:
    """What has arrived for one reader and is not handed over; `newest` acknowledges all up to it."""

    reader: Reader
    types: EventTypes
    messages: list[Message] = field(default_factory=list)
    newest: Any = None


class Delivery:
    """Consumes the queues `<subscriber>.<source>` for `readers`, each the reader of one source.

    Of several replicas one consumes a queue; the broker chooses another when it goes. Nothing here
    is needed for an event to arrive: without the broker, readers look at the log by themselves.
    """

    def __init__(
        self,
        readers: Sequence[Reader],
        *,
        subscriber: str,
        amqp_uri: str,
        types_of: Callable[[str], EventTypes] = event_types_of,
        max_length: int = broker.MAX_LENGTH,
        batch: int = 100,
    ) -> None:
        self._readers = tuple(readers)
        self._subscriber = subscriber
        self._amqp_uri = amqp_uri
        self._types_of = types_of
        self._max_length = max_length
        self._batch = batch
        self._connected = False
        self._depths: dict[str, int] = {}
        self._rejected = 0
        self._last_error = ""
        self._failures = 0
        self._unusable: dict[str, str] = {}
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        self._stopping.clear()
        self._thread = threading.Thread(target=self._run, name=f"{self._subscriber}-delivery", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Returns when the batch in hand is applied; another replica gets what follows."""
        self._stopping.set()
        if self._thread is not None:
            self._thread.join()
            self._thread = None

    def status(self) -> DeliveryStatus:
        said = "; ".join(each for each in (*self._unusable.values(), self._last_error) if each)
        return DeliveryStatus(
            connected=self._connected, depths=dict(self._depths), rejected=self._rejected, last_error=said
        )

    def _run(self) -> None:
        while not self._stopping.is_set():
            try:
                self._stay_connected()
            except Exception as error:  # noqa: BLE001 a thread's top: whatever it is, it is shown and tried again
                self._last_error = first_line(error)
                log.warning("delivery interrupted", subscriber=self._subscriber, error=self._last_error)
                self._stopping.wait(_BACK_OFF_S[min(self._failures, len(_BACK_OFF_S) - 1)])
                self._failures += 1

    def _stay_connected(self) -> None:
        """Consumes until it stops or something fails."""
        connection = broker.connected(self._amqp_uri, purpose=f"{self._subscriber} events")
        try:
            inboxes = self._opened(connection)
            self._connected, self._last_error, self._failures = True, "", 0
            self._consume(connection, inboxes)
        finally:
            self._connected = False
            broker.discard(connection)

    def _opened(self, connection: Any) -> list[_Inbox]:
        """An inbox for each queue that can be used. What a reader missed meanwhile it is told to read."""
        inboxes = []
        self._unusable = {}
        for reader in self._readers:
            channel = connection.channel()
            try:
                queue = broker.declare_queue(channel, self._subscriber, reader.source, max_length=self._max_length)
            except broker.QueueDiffers as error:
                self._unusable[reader.source] = first_line(error)
                log.error("queue cannot be used", subscriber=self._subscriber, error=error.message)  # noqa: TRY400
                continue
            inbox = _Inbox(reader=reader, types=self._types_of(reader.source))
            channel.basic_qos(0, 2 * self._batch, False)
            self._receive(channel, queue, inbox)
            reader.wake()
            inboxes.append(inbox)
        return inboxes

    def _receive(self, channel: Any, queue: str, inbox: _Inbox) -> None:
        def received(message: Any) -> None:
            decoded = self._decoded(message, inbox)
            if decoded is not None:
                inbox.messages.append(decoded)
                inbox.newest = message

        kombu.Consumer(
            channel,
            queues=[kombu.Queue(queue, no_declare=True)],
            on_message=received,
            accept=[broker.SERIALIZER],
            auto_declare=False,
        ).consume()

    def _consume(self, connection: Any, inboxes: Sequence[_Inbox]) -> None:
        measured_at = 0.0
        while not self._stopping.is_set():
            if time.monotonic() - measured_at > _MEASURE_S:
                self._measure(connection, inboxes)
                measured_at = time.monotonic()
            arrived = broker.turn(connection, _TURN_S)
            while arrived and all(len(inbox.messages) < self._batch for inbox in inboxes):
                arrived = broker.turn(connection, 0)
            for inbox in inboxes:
                self._hand_over(inbox)

    def _hand_over(self, inbox: _Inbox) -> None:
        if inbox.newest is None:
            return
        messages, newest = inbox.messages, inbox.newest
        inbox.messages, inbox.newest = [], None
        try:
            inbox.reader.deliver(messages)
        except Exception as error:  # noqa: BLE001 the reader's own thread meets it again, backs off and shows it
            log.warning(
                "messages left to the log",
                subscriber=self._subscriber,
                source=inbox.reader.source,
                error=first_line(error),
            )
            inbox.reader.wake()
        newest.ack(multiple=True)

    def _decoded(self, message: Any, inbox: _Inbox) -> Message | None:
        """None where the message says nothing this program understands; the log is asked instead."""
        try:
            data = message.payload
            event = cloudevents.decode(data, inbox.types)
            position, mark = cloudevents.previous_of(data)
        except UnknownEventVersion as error:
            # No fault of the message: a newer program wrote it, and the log will say so to the reader.
            log.warning("message of a newer program", subscriber=self._subscriber, error=first_line(error))
            message.ack()
        except Exception as error:  # noqa: BLE001 whatever is wrong with it, it is put aside and looked at by people
            self._rejected += 1
            log.error(  # noqa: TRY400
                "message rejected",
                subscriber=self._subscriber,
                source=inbox.reader.source,
                error=first_line(error),
            )
            message.reject(requeue=False)
        else:
            return Message(event, Cursor(position, mark or None))
        inbox.reader.wake()
        return None

    def _measure(self, connection: Any, inboxes: Sequence[_Inbox]) -> None:
        with connection.channel() as channel:
            names = [broker.queue_name(self._subscriber, inbox.reader.source) for inbox in inboxes]
            if inboxes:
                names.append(broker.dead_letter_name(self._subscriber))
            self._depths = {name: broker.depth_of(channel, name) for name in names}
