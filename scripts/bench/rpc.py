"""Calls over RabbitMQ: the hub's client and server beside a bare nameko service and nameko's standalone client."""

from __future__ import annotations

import subprocess
import sys
import warnings
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from functools import partial
from typing import Any

from scripts.bench.echo import Echo, Said
from scripts.bench.reading import Effort
from scripts.bench.results import Rounds, Row, compared
from scripts.bench.serving import Measured
from scripts.bench.split_servers import broker
from scripts.bench.threads import at_once
from shared.contracts.common import Caller
from shared.rpc_client import RpcClient, over_rpc

THREADS = (1, 16)
_TEXT = "x" * 200
_WARM_UP = 3

Call = Callable[[int, int], Any]


@contextmanager
def hub_client(amqp_uri: str, threads: int) -> Iterator[Call]:
    """One client for all threads, as in the gateway."""
    client = RpcClient(amqp_uri, name="bench")
    echo = over_rpc(client, "hub_echo", Echo)  # type: ignore[type-abstract]
    caller = Caller(user_id="bench", roles=["user"])
    try:
        yield lambda thread, number: echo.echo(Said(text=_TEXT), caller)
    finally:
        client.stop()


@contextmanager
def nameko_client(amqp_uri: str, threads: int) -> Iterator[Call]:
    """One for each thread: it is not safe for several."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import nameko
        from nameko.standalone.rpc import ServiceRpcClient
    nameko.config.setup({"AMQP_URI": amqp_uri})
    with ExitStack() as stack:
        clients = [stack.enter_context(ServiceRpcClient("nameko_echo")) for _ in range(threads)]
        yield lambda thread, number: clients[thread].echo(_TEXT)


SIDES: dict[str, Callable[[str, int], AbstractContextManager[Call]]] = {
    "hub": hub_client,
    "nameko": nameko_client,
}


def rows(effort: Effort) -> Iterator[Row]:
    """Both services run all the time; a call ends with its answer. `cpu` is the client's."""
    with ExitStack() as stack:
        for kind in SIDES:
            stack.enter_context(_service(kind))
        for threads in THREADS:
            rounds = Rounds.run(effort.rounds, SIDES, partial(_round, threads, effort.calls))
            yield compared(rounds, f"RPC, {threads} thread{'s' if threads > 1 else ''}", peer="nameko")


def _round(threads: int, calls: int, opened: Callable[[str, int], AbstractContextManager[Call]], _: int) -> Measured:
    with opened(broker(), threads) as call:
        return at_once(call, threads=threads, count=calls, first=_WARM_UP)


@contextmanager
def _service(kind: str) -> Iterator[None]:
    command = [sys.executable, "-m", "scripts.bench.echo", kind, broker()]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stdin=subprocess.DEVNULL)
    try:
        if process.stdout is None or process.stdout.readline() != b"ready\n":
            raise RuntimeError(f"echo {kind}: expected it to take calls, it ended with {process.wait()}")
        yield
    finally:
        process.kill()
        process.wait()
