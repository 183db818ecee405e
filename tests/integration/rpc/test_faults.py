"""Calls while connections, the broker or the service fail: each ends in time, none is lost, none is done late."""

from __future__ import annotations

import threading
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from shared.contracts.common import Caller
from shared.contracts.registry import Lifecycle, Registry
from shared.errors import Unavailable
from shared.rpc_client import RpcClient, calls_over_rpc
from tests.support.hub_process import free_port
from tests.support.polling import eventually
from tests.support.rpc_echo import EchoProcess, echo, executed_times
from tests.support.servers import private_rabbitmq


def asking(reason: str) -> Lifecycle:
    return Lifecycle(name="m", reason=reason)


def somebody() -> Caller:
    return Caller(user_id="u", command_id=str(uuid.uuid4()))


@contextmanager
def calling(amqp_uri: str, *, deadline_s: float) -> Iterator[Registry]:
    client = RpcClient(amqp_uri, deadline_s=deadline_s)
    try:
        yield calls_over_rpc(client).registry
    finally:
        client.stop()


def answers(registry: Registry) -> bool:
    try:
        return registry.archive(asking("echo"), somebody()).name == "m"
    except Unavailable:
        return False


def test_reply_whose_connection_is_cut_goes_out_over_another(served: EchoProcess, registry: Registry) -> None:
    who = somebody()
    assert registry.archive(asking("cut reply 1"), who).name == "m"
    assert served.executed() == [who.command_id]


def test_reply_that_cannot_go_out_makes_the_request_come_again(served: EchoProcess, registry: Registry) -> None:
    who = somebody()
    assert registry.archive(asking("cut reply 2"), who).name == "m"
    assert served.executed() == [who.command_id] * 2
    assert served.is_alive()


def test_request_whose_acknowledgement_is_cut_comes_again(served: EchoProcess, registry: Registry) -> None:
    who = somebody()
    assert registry.archive(asking("cut ack"), who).name == "m"
    executed_times(served, who.command_id, 2)
    assert registry.archive(asking("echo"), somebody()).name == "m"
    assert served.is_alive()


def test_call_that_timed_out_is_not_executed_later(amqp_uri: str, tmp_path: Path) -> None:
    with (
        echo(amqp_uri, tmp_path, workers=1) as served,
        calling(amqp_uri, deadline_s=10) as patient,
        calling(amqp_uri, deadline_s=0.5) as hasty,
    ):
        busy = threading.Thread(target=patient.archive, args=(asking("sleep 2"), somebody()))
        busy.start()
        eventually(lambda: len(served.executed()) == 1, served.said)
        late = somebody()
        with pytest.raises(Unavailable) as refused:
            hasty.archive(asking("echo"), late)
        assert refused.value.error_slug == "timed-out"
        busy.join()
        assert patient.archive(asking("echo"), somebody()).name == "m"
        assert late.command_id not in served.executed()


def test_sigterm_lets_calls_in_hand_finish(served: EchoProcess, registry: Registry) -> None:
    got: list[str] = []
    calls = [
        threading.Thread(target=lambda: got.append(registry.archive(asking("sleep 1"), somebody()).name))
        for _ in range(5)
    ]
    for call in calls:
        call.start()
    eventually(lambda: len(served.executed()) == 5, served.said)
    served.terminate()
    assert served.ended() == 0
    for call in calls:
        call.join()
    assert got == ["m"] * 5
    assert len(served.executed()) == 5


def test_service_that_has_gone_is_unavailable_and_then_refused_at_once(
    amqp_uri: str, served: EchoProcess, tmp_path: Path
) -> None:
    served.terminate()
    served.ended()
    with calling(amqp_uri, deadline_s=0.2) as registry:
        slugs = []
        for _ in range(6):
            with pytest.raises(Unavailable) as refused:
                registry.archive(asking("echo"), somebody())
            slugs.append(refused.value.error_slug)
        assert slugs == ["timed-out"] * 5 + ["service-unavailable"]
    with calling(amqp_uri, deadline_s=5) as registry, echo(amqp_uri, tmp_path):
        assert registry.archive(asking("echo"), somebody()).name == "m"


def test_client_and_service_recover_from_a_broker_that_was_restarted(tmp_path: Path) -> None:
    with (
        private_rabbitmq() as broker,
        echo(broker.uri(), tmp_path) as served,
        calling(broker.uri(), deadline_s=3) as registry,
    ):
        assert answers(registry)
        slow, outcome = somebody(), []

        def call() -> None:
            try:
                outcome.append(registry.archive(asking("sleep 1"), slow).name)
            except Unavailable as error:
                outcome.append(error.error_slug)

        in_flight = threading.Thread(target=call)
        in_flight.start()
        executed_times(served, slow.command_id, 1)
        # Not killed: RabbitMQ 3.10 forgets a quorum queue's files where that is done within 3 s of its declaration.
        broker.stop()
        assert not answers(registry)
        broker.start()
        in_flight.join()
        eventually(lambda: answers(registry), served.said)
        assert outcome in (["m"], ["unavailable"], ["timed-out"])
        assert served.is_alive()


def test_service_that_is_to_stop_does_not_wait_for_a_broker_that_is_gone(tmp_path: Path) -> None:
    with private_rabbitmq() as broker, echo(broker.uri(), tmp_path) as served:
        broker.stop()
        served.terminate()
        assert served.ended() == 0, served.said()


def test_frozen_broker_makes_calls_unavailable_in_time(tmp_path: Path) -> None:
    with (
        private_rabbitmq() as broker,
        echo(broker.uri(), tmp_path) as served,
        calling(broker.uri(), deadline_s=2) as registry,
    ):
        assert answers(registry)
        broker.freeze()
        began = time.monotonic()
        with pytest.raises(Unavailable):
            registry.archive(asking("echo"), somebody())
        assert time.monotonic() - began < 10
        broker.resume()
        eventually(lambda: answers(registry), served.said)


def test_calls_go_to_the_next_address_where_the_first_one_is_dead(amqp_uri: str, tmp_path: Path) -> None:
    """As events do: of a cluster's nodes, several addresses in one setting, any may be down."""
    host = urlsplit(amqp_uri)
    dead = host._replace(netloc=f"{host.username}:{host.password}@127.0.0.1:{free_port()}").geturl()
    both = f"{dead};{amqp_uri}"
    with echo(both, tmp_path), calling(both, deadline_s=30.0) as registry:
        assert registry.archive(asking("echo"), somebody()).name == "m"
