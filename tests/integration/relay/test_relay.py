"""A service's log reaches the broker: each event, in order, by one relay at a time."""

from __future__ import annotations

import json
import threading
import time
from typing import Any

import pytest

from shared import broker, cloudevents
from shared.cursors import Cursor
from shared.relay import Relay
from tests.support.brokered import SOURCE, World
from tests.support.log_reading import eventually
from tests.support.sample_events import TYPES, Noted, Struck, new


class Listener:
    """Another program's queue, bound to an exchange."""

    def __init__(self, world: World, exchange: str, *, queue: str, key: str = "#") -> None:
        self._channel = world.channel()
        self._queue = queue
        broker.declare_exchanges(self._channel, SOURCE)
        self._channel.queue_declare(queue, durable=True, auto_delete=False)
        self._channel.queue_bind(queue, exchange=exchange, routing_key=key)

    def messages(self, count: int) -> list[Any]:
        """The next `count` messages, and no more may be there."""
        found: list[Any] = []

        def one() -> bool:
            if message := self._channel.basic_get(self._queue, no_ack=True):
                found.append(message)
            return len(found) == count

        eventually(one)
        assert self._channel.basic_get(self._queue, no_ack=True) is None
        return found

    def texts(self, count: int) -> list[str]:
        return [json.loads(message.body)["data"]["text"] for message in self.messages(count)]


def test_a_message_is_a_cloudevent_that_names_the_one_before_it(world: World) -> None:
    listener = Listener(world, f"{SOURCE}.events", queue="other-program")
    world.relay().start()
    world.append_events("note-a", [new(Noted(text="模型")), new(Struck(reason="r"))], 0)
    first, second = listener.messages(2)
    events = world.store.read_stream("note-a")
    assert [json.loads(first.body), json.loads(second.body)] == [
        cloudevents.encode(events[0], TYPES, previous=(0, "")),
        cloudevents.encode(events[1], TYPES, previous=(events[0].position, events[0].mark)),
    ]
    assert [message.delivery_info["routing_key"] for message in (first, second)] == ["Noted", "Struck"]
    properties = {"content_type": "application/cloudevents+json", "content_encoding": "utf-8", "delivery_mode": 2}
    assert properties.items() <= first.properties.items()
    assert first.properties["message_id"] == events[0].event_id


def test_public_events_alone_go_to_the_public_exchange(world: World) -> None:
    everything = Listener(world, f"{SOURCE}.events", queue="everything")
    public = Listener(world, broker.PUBLIC_EXCHANGE, queue="public")
    world.relay(is_public=lambda event: event.event.text.startswith("public")).start()
    world.append("note-a", "secret-1", "public-1", "secret-2", "public-2")
    assert public.texts(2) == ["public-1", "public-2"]
    assert everything.texts(4) == ["secret-1", "public-1", "secret-2", "public-2"]


def test_a_relay_goes_on_where_the_last_one_stood(world: World) -> None:
    listener = Listener(world, f"{SOURCE}.events", queue="other-program")
    first = world.relay()
    first.start()
    world.append("note-a", "1", "2")
    world.all_published()
    first.stop()
    position = world.append("note-a", "3")
    second = world.relay()
    second.start()
    world.all_published()
    assert listener.texts(3) == ["1", "2", "3"]
    eventually(lambda: (second.status().position, second.status().lag) == (position, 0))


def leaders(*relays: Relay) -> list[Relay]:
    return [relay for relay in relays if relay.status().leading]


def test_one_relay_leads_and_another_follows_when_it_ends(world: World) -> None:
    relays = [world.relay(), world.relay()]
    for relay in relays:
        relay.start()
    replica = world.started()
    eventually(lambda: len(leaders(*relays)) == 1)
    (leader,) = leaders(*relays)
    for index in range(60):
        world.append(f"note-{index % 3}", f"t{index}")
        if index == 20:
            world.end_session_of_leader()
        if index == 40:
            leader.stop()
    world.all_applied()
    (other,) = (relay for relay in relays if relay is not leader)
    eventually(lambda: leaders(*relays) == [other])
    assert replica.subscription.status().delivered > 0


def test_a_leader_that_stands_still_is_replaced_and_does_no_harm_when_it_goes_on(world: World) -> None:
    """As where its process is stopped: its connection lives, but says nothing, until the server ends it."""
    going = threading.Event()

    def stand_still(_event: Any) -> bool:
        return not going.wait(60.0)

    first, second = world.relay(is_public=stand_still), world.relay()
    first.start()
    eventually(lambda: first.status().leading)
    second.start()
    world.started()
    world.append("note-a", "1")
    eventually(lambda: second.status().leading, within_s=30.0)
    world.append("note-a", "2", "3")
    world.all_applied()
    going.set()
    eventually(lambda: not first.status().leading)
    world.append("note-a", "4")
    world.all_applied()
    world.all_published()
    assert leaders(first, second) == [second]


def test_an_idle_relay_keeps_its_connection(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(broker, "HEARTBEAT_S", 1)
    relay = world.relay()
    relay.start()
    eventually(lambda: relay.status().leading)
    # what is looked for happens after three heartbeats without a word, if it happens
    until = time.monotonic() + 4
    while time.monotonic() < until:
        assert (relay.status().leading, relay.status().last_error) == (True, "")
        time.sleep(0.05)


def test_what_the_broker_refuses_is_published_later(world: World) -> None:
    channel = world.channel()
    broker.declare_exchanges(channel, SOURCE)
    full = {"x-max-length": 1, "x-overflow": "reject-publish"}
    channel.queue_declare("full", durable=True, auto_delete=False, arguments=full)
    channel.queue_bind("full", exchange=f"{SOURCE}.events", routing_key="#")
    relay = world.relay()
    relay.start()
    position = world.append("note-a", "1", "2", "3")
    eventually(lambda: "refused" in relay.status().last_error)
    assert world.published().position < position
    channel.queue_delete("full")
    world.all_published()
    eventually(lambda: relay.status().last_error == "")


def test_the_cursor_moves_forward_only(world: World) -> None:
    relay = world.relay()
    relay.start()
    world.append("note-a", "1", "2")
    world.all_published()
    relay.stop()
    world.admin("UPDATE relay SET position = 100, mark = 'gone'")
    again = world.relay()
    again.start()
    world.append("note-a", "3")
    replica = world.started()
    world.all_applied()
    assert world.published() == Cursor(100, "gone")
    assert replica.subscription.position() == 3


def test_an_exchange_of_another_kind_is_named_with_what_to_do(world: World) -> None:
    world.channel().exchange_declare(f"{SOURCE}.events", "fanout", durable=True, auto_delete=False)
    relay = world.relay()
    relay.start()
    eventually(lambda: "rabbitmqadmin delete exchange name=sample.events" in relay.status().last_error)
