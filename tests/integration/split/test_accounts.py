"""The broker is the wall between services: an account can do all that is its own, and nothing that is another's."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import amqp
import pytest

from scripts.servers.rabbitmq import RabbitMQ
from scripts.split.accounts import EXCHANGES, LOGS, NAMES, SOURCES, account
from shared import broker
from shared.calls import Failed
from shared.contracts.common import Caller, ModelRef
from shared.contracts.registry import Lifecycle
from shared.errors import Unavailable
from shared.rpc_client import EXCHANGE as RPC
from shared.rpc_client import RpcClient, calls_over_rpc
from tests.support.polling import eventually
from tests.support.rpc_echo import echo
from tests.support.servers import private_rabbitmq

ACCOUNTS = {name: account(name, f"{name}-secret") for name in NAMES}
CALLER = Caller(user_id="u")


@pytest.fixture(scope="module")
def server() -> Iterator[RabbitMQ]:
    """With every queue that the services make, made by their own accounts."""
    with private_rabbitmq(*ACCOUNTS.values(), exchanges=EXCHANGES) as started:
        for service, sources in SOURCES.items():
            with connection_of(started, service) as connection:
                for source in sources:
                    broker.declare_queue(connection.channel(), service, source)
        yield started


class connection_of:  # noqa: N801 reads as a function
    """An open connection of an account, which is gone at the end whatever the broker made of it."""

    def __init__(self, server: RabbitMQ, name: str) -> None:
        self._connection = broker.connected(server.uri(ACCOUNTS[name]), purpose="test")

    def __enter__(self) -> Any:
        return self._connection

    def __exit__(self, *_: object) -> None:
        broker.discard(self._connection)


def publish(channel: Any, exchange: str, routing_key: str) -> None:
    channel.confirm_select()
    channel.basic_publish_confirm(amqp.Message("{}"), exchange=exchange, routing_key=routing_key, confirm_timeout=10)


def spy(channel: Any, queue: str, exchange: str, routing_key: str) -> None:
    channel.queue_declare(queue, durable=False, exclusive=True)
    channel.queue_bind(queue, exchange=exchange, routing_key=routing_key)


@pytest.mark.parametrize("service", LOGS)
def test_service_publishes_to_its_own_exchange_and_to_the_public_one(server: RabbitMQ, service: str) -> None:
    with connection_of(server, service) as connection:
        channel = connection.channel()
        broker.declare_exchanges(channel, service)
        publish(channel, broker.exchange_name(service), "SomethingHappened")
        publish(channel, broker.PUBLIC_EXCHANGE, "SomethingHappened")


@pytest.mark.parametrize(("service", "source"), [(each, source) for each in SOURCES for source in SOURCES[each]])
def test_service_gets_what_it_subscribes_to(server: RabbitMQ, service: str, source: str) -> None:
    with connection_of(server, source) as other, connection_of(server, service) as connection:
        channel = connection.channel()
        queue = broker.declare_queue(channel, service, source)
        channel.queue_purge(queue)
        publish(other.channel(), broker.exchange_name(source), "SomethingHappened")
        arrived: list[amqp.Message] = []
        channel.basic_consume(queue, callback=arrived.append)
        eventually(lambda: bool(broker.turn(connection, 0.1) and arrived))
        channel.basic_reject(arrived[0].delivery_tag, requeue=False)
        assert broker.depth_of(channel, queue) == 0


def test_service_serves_its_calls_and_its_callers_get_their_answers(server: RabbitMQ, tmp_path: Path) -> None:
    clients = [RpcClient(server.uri(ACCOUNTS[name]), name=name) for name in ("gateway", "pr_bot")]
    with echo(server.uri(ACCOUNTS["registry"]), tmp_path):
        gateway, pr_bot = (calls_over_rpc(client).registry for client in clients)
        assert gateway.archive(Lifecycle(name="m", reason="echo"), CALLER).name == "m"
        # The call arrives; the echo has no answer to it.
        with pytest.raises(Failed):
            pr_bot.desired_state(ModelRef(name="m"), CALLER)
        with pytest.raises(Unavailable, match="expected a permission"):
            pr_bot.archive(Lifecycle(name="m", reason="echo"), CALLER)
    for client in clients:
        client.stop()


Act = Callable[[Any], Any]
FORBIDDEN: dict[str, tuple[str, Act]] = {
    "read another's events": ("catalog", lambda c: c.basic_get("registry.review")),
    "read another's calls": ("catalog", lambda c: c.basic_consume("rpc-identity")),
    "hear every call": ("review", lambda c: spy(c, "review.spy", RPC, "#")),
    "hear another's calls": ("review", lambda c: spy(c, "review.spy", RPC, "identity.*")),
    "hear another's dead calls": ("review", lambda c: spy(c, "review.spy", "rpc-identity.dead", "")),
    "hear a log it does not follow": ("review", lambda c: spy(c, "review.spy", "identity.events", "#")),
    "publish another's events": ("review", lambda c: publish(c, "registry.events", "ModelPublished")),
    "publish without having a log": ("catalog", lambda c: publish(c, "public.events", "ModelPublished")),
    "put into another's queue": ("registry", lambda c: publish(c, "", "review.registry")),
    "call what it need not call": ("review", lambda c: publish(c, RPC, "identity.create_account")),
    "empty another's queue": ("registry", lambda c: c.queue_purge("review.registry")),
    "delete another's queue": ("registry", lambda c: c.queue_delete("review.registry")),
    "delete another's exchange": ("review", lambda c: c.exchange_delete("registry.events")),
    "delete everyone's exchange": ("registry", lambda c: c.exchange_delete("public.events")),
    "delete the exchange of calls": ("registry", lambda c: c.exchange_delete(RPC)),
    "make what is not its own": ("identity", lambda c: c.queue_declare("anything")),
}
FORBIDDEN_OUTSIDE: dict[str, tuple[str, Act]] = {
    "gateway reads a log": ("gateway", lambda c: publish(c, RPC, "registry.read_log")),
    "gateway follows a log": ("gateway", lambda c: spy(c, "rpc.reply-gateway-spy", "registry.events", "#")),
    "gateway hears calls": ("gateway", lambda c: spy(c, "rpc.reply-gateway-spy", RPC, "identity.*")),
    "gateway publishes events": ("gateway", lambda c: publish(c, "public.events", "ModelPublished")),
    "reader follows a log": ("reader", lambda c: spy(c, "reader.spy", "registry.events", "#")),
    "reader publishes events": ("reader", lambda c: publish(c, "public.events", "ModelPublished")),
    "reader calls": ("reader", lambda c: publish(c, RPC, "identity.people")),
}


@pytest.mark.parametrize("act", FORBIDDEN)
def test_service_cannot(server: RabbitMQ, act: str) -> None:
    refused(server, *FORBIDDEN[act])


@pytest.mark.parametrize("act", FORBIDDEN_OUTSIDE)
def test_whoever_is_no_service_cannot(server: RabbitMQ, act: str) -> None:
    refused(server, *FORBIDDEN_OUTSIDE[act])


def refused(server: RabbitMQ, name: str, act: Act) -> None:
    with connection_of(server, name) as connection, pytest.raises(amqp.AccessRefused):
        act(connection.channel())


def test_other_programs_read_public_events_into_queues_of_their_own(server: RabbitMQ) -> None:
    with connection_of(server, "reader") as connection, connection_of(server, "registry") as registry:
        channel = connection.channel()
        spy(channel, "reader.mine", broker.PUBLIC_EXCHANGE, "#")
        publish(registry.channel(), broker.PUBLIC_EXCHANGE, "ModelPublished")
        assert channel.basic_get("reader.mine") is not None


def test_operator_binds_queues_to_any_log(server: RabbitMQ) -> None:
    with connection_of(server, "hub") as connection:
        spy(connection.channel(), "looking", "identity.events", "#")
