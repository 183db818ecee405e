"""A broker's virtual host for each test, an echo service and a client on it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from shared.contracts.registry import Registry
from shared.rpc_client import RpcClient, calls_over_rpc
from tests.support.rpc_echo import EchoProcess, echo
from tests.support.servers import rabbitmq


@pytest.fixture
def amqp_uri() -> Iterator[str]:
    with rabbitmq().vhost() as uri:
        yield uri


@pytest.fixture
def served(amqp_uri: str, tmp_path: Path) -> Iterator[EchoProcess]:
    with echo(amqp_uri, tmp_path) as process:
        yield process


@pytest.fixture
def client(amqp_uri: str) -> Iterator[RpcClient]:
    made = RpcClient(amqp_uri)
    yield made
    made.stop()


@pytest.fixture
def registry(client: RpcClient) -> Registry:
    return calls_over_rpc(client).registry
