"""What becomes of requests that nobody can execute: late ones go, dead ones are kept, neither is in anyone's way."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from typing import Any

import amqp
import pytest

from shared.contracts.common import Caller
from shared.contracts.registry import Lifecycle
from shared.errors import Unavailable
from shared.rpc_client import RpcClient, calls_over_rpc
from shared.rpc_publish import connected
from tests.support.polling import eventually
from tests.support.rpc_echo import EchoProcess

QUEUE = "rpc-registry"


@pytest.fixture
def channel(amqp_uri: str) -> Iterator[Any]:
    connection = connected(amqp_uri)
    yield connection.channel()
    connection.collect()


def ready(channel: Any, queue: str) -> int:
    return int(channel.queue_declare(queue, passive=True).message_count)


def gone(served: EchoProcess) -> None:
    served.terminate()
    served.ended()


def test_request_that_nobody_took_in_time_leaves_no_trace(served: EchoProcess, amqp_uri: str, channel: Any) -> None:
    gone(served)
    client = RpcClient(amqp_uri, deadline_s=0.5)
    with pytest.raises(Unavailable):
        calls_over_rpc(client).registry.archive(
            Lifecycle(name="m", reason="echo"), Caller(user_id="u", command_id=str(uuid.uuid4()))
        )
    client.stop()
    eventually(lambda: [ready(channel, f"{QUEUE}{part}") for part in ("", ".late", ".dead")] == [0, 0, 0])


def test_request_that_is_delivered_too_often_is_put_aside(served: EchoProcess, channel: Any) -> None:
    gone(served)
    channel.basic_publish(amqp.Message("{}", delivery_mode=2), exchange="nameko-rpc", routing_key="registry.archive")

    def is_put_aside() -> bool:
        if message := channel.basic_get(QUEUE):
            channel.basic_reject(message.delivery_tag, True)
        return ready(channel, f"{QUEUE}.dead") == 1

    eventually(is_put_aside)
    assert ready(channel, QUEUE) == 0


def test_request_that_cannot_be_read_is_put_aside_and_the_next_is_served(
    served: EchoProcess, client: RpcClient, channel: Any
) -> None:
    unreadable = amqp.Message(b"\xff{", content_type="application/json", content_encoding="utf-8", delivery_mode=2)
    channel.basic_publish(unreadable, exchange="nameko-rpc", routing_key="registry.archive")
    eventually(lambda: ready(channel, f"{QUEUE}.dead") == 1, served.said)
    answer = calls_over_rpc(client).registry.archive(Lifecycle(name="m", reason="echo"), Caller(user_id="u"))
    assert answer.name == "m"
    assert served.is_alive()
