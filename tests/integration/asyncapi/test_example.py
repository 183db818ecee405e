"""README's consumer, run as it is printed there, with an account that may read public events and nothing else."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import amqp
import kombu
import pytest

from scripts.servers.rabbitmq import Account, RabbitMQ
from shared import broker, cloudevents
from shared.event_store.interface import Metadata, RecordedEvent
from shared.event_store.serialization import EventTypes
from shared.events import registry
from tests.support.real_data import PROJECT
from tests.support.servers import private_rabbitmq

EXAMPLE = PROJECT / "docs" / "examples" / "consume_events.py"
HUB = Account("hub", "hub-secret")
READER = Account(
    "reader", "reader-secret", configure="^my-program$", write="^my-program$", read=r"^(my-program|public\.events)$"
)
TYPES = EventTypes(registry.EVENTS, registry.UPCASTERS)
DEADLINE_S = 60.0
# Of the example's queue: a queue that is there keeps its arguments, and others are refused.
ARGUMENTS = {"x-queue-type": "quorum", "x-max-length": 100_000}


@pytest.fixture(scope="module")
def server() -> Iterator[RabbitMQ]:
    with private_rabbitmq(HUB, READER) as started:
        yield started


def publish(server: RabbitMQ, position: int) -> None:
    """As the relay does it, confirmed."""
    event = registry.ModelPublished(
        model_name=f"m{position}", model_type="llm", revision=1, document_sha256="a", visibility="public", reviewer="u1"
    )
    recorded = RecordedEvent(
        position=position,
        mark=f"{position:02x}",
        stream=f"model-m{position}",
        version=1,
        event_id=f"5c0d3b8e-9a55-5d9f-8a53-{position:012x}",
        type="hub.registry.ModelPublished.v1",
        event=event,
        metadata=Metadata(correlation_id="c", causation_id="c", actor="u1", traceparent=""),
        recorded_at=1_700_000_000.0 + position,
    )
    body = cloudevents.encode(recorded, TYPES, previous=(position - 1, ""))
    connection = broker.connected(server.uri(HUB), purpose="test")
    try:
        channel = connection.channel()
        broker.declare_exchanges(channel, "registry")
        kombu.Producer(channel, serializer=broker.SERIALIZER).publish(
            body, exchange=broker.PUBLIC_EXCHANGE, routing_key="ModelPublished", delivery_mode=2
        )
    finally:
        connection.release()


@contextmanager
def example(server: RabbitMQ, said: Path) -> Iterator[subprocess.Popen[bytes]]:
    with said.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, str(EXAMPLE)],
            env={"PATH": os.environ["PATH"], "AMQP_URI": server.uri(READER)},
            stdout=output,
            stderr=subprocess.STDOUT,
        )
        try:
            yield process
        finally:
            process.kill()
            process.wait()


def until(holds: Callable[[], bool], said: Path) -> None:
    end = time.monotonic() + DEADLINE_S
    while not holds():
        assert time.monotonic() < end, said.read_text(encoding="utf-8")
        time.sleep(0.05)


def has_queue(server: RabbitMQ) -> bool:
    connection = broker.connected(server.uri(HUB), purpose="test")
    try:
        return bool(connection.channel().queue_declare("my-program", passive=True).consumer_count)
    except amqp.NotFound:
        return False
    finally:
        connection.release()


def printed(said: Path) -> list[str]:
    """Subjects in the order in which the example printed them."""
    lines = said.read_text(encoding="utf-8").splitlines()
    return [line.split()[2] for line in lines if " hub.registry.ModelPublished.v1 " in line]


def test_the_example_survives_a_broker_restart_and_tells_each_event_once(server: RabbitMQ, tmp_path: Path) -> None:
    said = tmp_path / "said"
    connection = broker.connected(server.uri(HUB), purpose="test")
    broker.declare_exchanges(connection.channel(), "registry")
    connection.release()
    with example(server, said) as process:
        until(lambda: has_queue(server), said)
        publish(server, 1)
        until(lambda: printed(said) == ["model-m1"], said)
        server.stop()
        server.start()
        publish(server, 2)
        # A relay that fails over publishes again what was not confirmed.
        publish(server, 2)
        publish(server, 3)
        until(lambda: "model-m3" in printed(said), said)
        server.ctl("close_all_connections", "test")
        publish(server, 4)
        until(lambda: "model-m4" in printed(said), said)
        assert process.poll() is None
    assert printed(said) == ["model-m1", "model-m2", "model-m3", "model-m4"]


def test_the_readers_account_may_read_nothing_but_public_events(server: RabbitMQ) -> None:
    connection = broker.connected(server.uri(HUB), purpose="test")
    broker.declare_exchanges(connection.channel(), "registry")
    connection.release()
    reader = broker.connected(server.uri(READER), purpose="test")
    try:
        reader.channel().queue_declare("my-program", durable=True, auto_delete=False, arguments=ARGUMENTS)
        with pytest.raises(amqp.AccessRefused):
            reader.channel().queue_bind("my-program", exchange="registry.events", routing_key="#")
    finally:
        broker.discard(reader)


def test_readme_prints_the_example_as_it_is() -> None:
    code = EXAMPLE.read_text(encoding="utf-8")
    assert f"```python\n{code}```\n" in (PROJECT / "README.md").read_text(encoding="utf-8")
