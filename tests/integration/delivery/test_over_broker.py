"""What the broker loses, repeats, reorders or never gets reaches the subscriber all the same: once, in order."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from typing import Any

import amqp
import pytest

from shared import broker
from shared.cloudevents import CONTENT_TYPE, encode
from shared.event_store.serialization import EventTypes
from shared.messages import Message
from tests.support.brokered import SOURCE, SUBSCRIBER, Replica, World
from tests.support.log_reading import eventually
from tests.support.sample_events import TYPES, Noted, new
from tests.support.servers import rabbitmq
from tests.support.tcp_proxy import TcpProxy, tcp_proxy

QUEUE, DEAD = f"{SUBSCRIBER}.{SOURCE}", f"{SUBSCRIBER}.dead"


@pytest.fixture
def world() -> Iterator[World]:
    with ExitStack() as stack:
        yield World(stack, stack.enter_context(rabbitmq().vhost()))


class Disturbed:
    """A broker's worst day, between it and the subscription."""

    def __init__(self, subscription: Any, seed: int) -> None:
        self._subscription = subscription
        self._chance = random.Random(seed)
        self._held: list[Message] = []

    def __getattr__(self, name: str) -> Any:
        return getattr(self._subscription, name)

    def deliver(self, messages: Sequence[Message]) -> None:
        passed = []
        for message in (*self._held, *messages):
            lot = self._chance.random()
            passed += [] if lot < 0.03 else [message, message] if lot < 0.06 else [message]
        if self._chance.random() < 0.1:
            self._chance.shuffle(passed)
        cut = self._chance.randint(0, len(passed)) if self._chance.random() < 0.1 else len(passed)
        self._held = passed[cut:]
        self._subscription.deliver(passed[:cut])


@pytest.mark.parametrize("seed", range(3))
def test_loss_repetition_and_reordering_change_nothing(world: World, seed: int) -> None:
    world.relay(batch=7).start()
    replica = world.replica(look_s=0.3)
    replica.delivery._readers = (Disturbed(replica.subscription, seed),)
    replica.start()
    for index in range(150):
        world.append(f"note-{index % 5}", f"t{index}", f"u{index}")
    append_until_delivered(world, replica)
    world.all_applied()


def test_messages_taken_out_of_the_queue_are_read_from_the_log(world: World) -> None:
    replica = world.started()
    world.relay().start()
    world.append("note-a", "1")
    world.all_applied()
    replica.delivery.stop()
    world.append("note-a", "2", "3", "4")
    world.all_published()
    channel = world.channel()
    eventually(lambda: broker.depth_of(channel, QUEUE) == 3)
    channel.queue_purge(QUEUE)
    replica.delivery.start()
    world.all_applied()


def test_an_overflown_queue_loses_nothing_and_fills_no_dead_letters(world: World) -> None:
    world.started(max_length=20).stop()
    world.relay().start()
    for index in range(20):
        world.append(f"note-{index}", *(f"{index}-{line}" for line in range(10)))
    world.all_published()
    replica = world.started(max_length=20)
    world.all_applied()
    position = world.append("note-a", "after")
    assert replica.subscription.wait_for(position, 10.0)
    assert broker.depth_of(world.channel(), DEAD) == 0


def test_connections_that_are_cut_lose_and_double_nothing(world: World) -> None:
    with tcp_proxy("127.0.0.1", int(world.amqp_uri.split(":")[-1].split("/")[0])) as proxy:
        world.amqp_uri = through(proxy, world.amqp_uri)
        world.relay().start()
        replica = world.started()
        for index in range(90):
            world.append(f"note-{index % 5}", f"t{index}")
            if index % 30 == 15:
                proxy.cut()
        world.all_applied()
        world.all_published()
        replica.stop()


def through(proxy: TcpProxy, uri: str) -> str:
    head, _, tail = uri.rpartition(":")
    return f"{head}:{proxy.port}/{tail.partition('/')[2]}"


def test_of_two_replicas_one_gets_the_messages_and_the_other_takes_over(world: World) -> None:
    world.relay().start()
    replicas = [world.started(), world.started()]
    first = append_until_delivered(world, *replicas)
    other = replicas[1 - replicas.index(first)]
    assert other.subscription.status().delivered == 0
    first.delivery.stop()
    append_until_delivered(world, other)
    world.all_applied()


def append_until_delivered(world: World, *replicas: Replica) -> Replica:
    """One of `replicas` that applied something as it was delivered."""
    found: list[Replica] = []

    def one_did() -> bool:
        world.append("note-a", "t")
        found.extend(replica for replica in replicas if replica.subscription.status().delivered)
        return bool(found)

    eventually(one_did, within_s=30.0)
    return found[0]


def test_a_replica_that_vanishes_is_replaced(world: World) -> None:
    """Its connection is cut without a word and it cannot come back, as if its machine were gone."""
    direct = world.amqp_uri
    with tcp_proxy("127.0.0.1", int(direct.split(":")[-1].split("/")[0])) as proxy:
        world.relay().start()
        world.amqp_uri = through(proxy, direct)
        active = world.started()
        append_until_delivered(world, active)
        world.amqp_uri = direct
        standby = world.started()
        proxy.refuse()
        append_until_delivered(world, standby)
        world.all_applied()


def test_poison_parks_its_stream_and_retry_applies_it(world: World) -> None:
    world.relay().start()
    replica = world.started()
    world.append("note-a", "1")
    world.all_applied()
    world.poison.texts.add("bad")
    world.append("note-a", "bad", "3")
    world.append("note-b", "other")
    eventually(lambda: [text for _, text in world.applied()] == ["1", "other"])
    (parked,) = replica.subscription.parked()
    assert (parked.stream, parked.position) == ("note-a", 2)
    world.poison.texts.clear()
    assert replica.subscription.retry(parked.id)
    assert [text for _, text in world.applied()] == ["1", "other", "bad", "3"]
    world.append("note-a", "5")
    eventually(lambda: [text for _, text in world.applied()][-1] == "5")


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        ("no json", CONTENT_TYPE),
        ("[]", CONTENT_TYPE),
        ('{"id": "x"}', CONTENT_TYPE),
        ("{}", "application/json"),
        ("{}", "application/x-python-serialize"),
    ],
)
def test_what_cannot_be_decoded_becomes_a_dead_letter_and_others_go_on(
    world: World, body: str, content_type: str
) -> None:
    world.relay().start()
    replica = world.started()
    world.append("note-a", "1")
    world.all_applied()
    channel = world.channel()
    message = amqp.Message(body, content_type=content_type, content_encoding="utf-8")
    channel.basic_publish(message, exchange=f"{SOURCE}.events", routing_key="Noted")
    eventually(lambda: broker.depth_of(channel, DEAD) == 1)
    assert channel.basic_get(DEAD, no_ack=True).body == body
    world.append("note-a", "2")
    world.all_applied()
    assert (replica.delivery.status().rejected, replica.delivery.status().connected) == (1, True)


def test_an_event_of_a_newer_program_stops_the_subscription_and_is_no_dead_letter(world: World) -> None:
    older = EventTypes({"hub.sample.Noted.v1": Noted})
    world.relay().start()
    world.append("note-a", "1")

    def read_log(after: int, mark: str | None, limit: int) -> Any:
        older.from_data("hub.sample.Noted.v2", {})

    replica = world.started(read_log=read_log, types_of=lambda _source: older)
    eventually(lambda: replica.subscription.status().state == "stopped")
    assert "upgrade" in replica.subscription.status().last_error
    assert (replica.delivery.status().rejected, broker.depth_of(world.channel(), DEAD)) == (0, 0)


def test_a_queue_of_another_length_is_named_with_what_to_do_and_events_come_from_the_log(world: World) -> None:
    world.started(max_length=20).stop()
    world.relay().start()
    replica = world.started(max_length=30, look_s=0.05)
    assert f"rabbitmqctl delete_queue {QUEUE}" in replica.delivery.status().last_error
    world.append("note-a", "1", "2")
    world.all_applied()
    assert replica.subscription.status().delivered == 0
    replica.stop()
    world.channel().queue_delete(QUEUE)
    world.started(max_length=30)
    world.append("note-a", "3")
    world.all_applied()


def test_a_message_from_another_log_is_not_applied(world: World) -> None:
    """A cursor's mark is not to be guessed: what does not follow it makes the reader ask the owner."""
    world.relay().start()
    replica = world.started()
    world.append("note-a", "1")
    world.all_applied()
    (event,) = world.store.read_stream("note-a")
    forged = {**encode(event, TYPES, previous=(1, "guess")), "sequence": "2", "mark": "m", "data": {"text": "forged"}}
    message = amqp.Message(json.dumps(forged), content_type=CONTENT_TYPE, content_encoding="utf-8")
    world.channel().basic_publish(message, exchange=f"{SOURCE}.events", routing_key="Noted")
    world.append_events("note-b", [new(Noted(text="true"))], 0)
    world.all_applied()
    assert [text for _, text in world.applied()] == ["1", "true"]
    assert replica.delivery.status().rejected == 0


def test_depths_of_the_queues_are_measured(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shared.delivery._MEASURE_S", 0.05)
    replica = world.started()
    eventually(lambda: replica.delivery.status().depths == {QUEUE: 0, DEAD: 0})
