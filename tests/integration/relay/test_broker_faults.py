"""Commands do not wait for the broker: what is appended while it is away arrives when it is back."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from scripts.servers.rabbitmq import RabbitMQ
from shared import broker
from tests.support.brokered import World
from tests.support.log_reading import eventually
from tests.support.servers import private_rabbitmq


@pytest.fixture
def server() -> Iterator[RabbitMQ]:
    with private_rabbitmq() as running:
        yield running


@pytest.fixture
def world(server: RabbitMQ) -> Iterator[World]:
    with ExitStack() as stack:
        yield World(stack, server.uri())


def append_many(world: World, name: str, count: int) -> None:
    for index in range(count):
        world.append(f"note-{index % 3}", f"{name}{index}")


def test_events_wait_in_the_log_while_the_broker_is_stopped_killed_or_frozen(
    world: World, server: RabbitMQ, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(broker, "HEARTBEAT_S", 1)
    relay = world.relay()
    relay.start()
    replica = world.started()
    append_many(world, "before", 10)
    world.all_applied()

    server.ctl("stop_app")
    eventually(lambda: bool(relay.status().last_error) and not replica.delivery.status().connected)
    append_many(world, "stopped", 10)
    server.ctl("start_app")
    world.all_applied()

    server.kill()
    append_many(world, "killed", 10)
    eventually(lambda: bool(relay.status().last_error) and not replica.delivery.status().connected)
    server.start()
    world.all_applied()

    eventually(lambda: relay.status().leading and replica.delivery.status().connected)
    server.freeze()
    append_many(world, "frozen", 10)
    eventually(lambda: bool(relay.status().last_error) and not replica.delivery.status().connected, within_s=30.0)
    assert len(world.applied()) < len(world.log())
    server.resume()
    world.all_applied()
    world.all_published()
