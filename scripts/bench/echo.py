"""A service that says back what it was told: behind the hub's RPC server, and as nameko has it by itself.

python -m scripts.bench.echo hub|nameko AMQP_URI      says `ready` once it takes calls
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import Protocol

from shared.contracts.common import Caller
from shared.green import go_green


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    text: str


class Echo(Protocol):
    """The contract of the hub's side."""

    def echo(self, request: Said, caller: Caller) -> Said: ...


class Saying:
    def echo(self, request: Said, caller: Caller) -> Said:
        return Said(text=request.text)


def hub(amqp_uri: str) -> None:
    """Decodes and checks the request, answers confirmed, from a quorum queue."""
    from shared.nameko_server import RpcServer, service_class

    RpcServer(service_class("hub_echo", Echo, Saying()), amqp_uri).start()


def nameko(amqp_uri: str) -> None:
    """Its defaults."""
    from nameko import config
    from nameko.containers import ServiceContainer
    from nameko.rpc import rpc

    class Service:
        name = "nameko_echo"

        @rpc  # type: ignore[untyped-decorator]
        def echo(self, text: str) -> str:
            return text

    config.setup({"AMQP_URI": amqp_uri})
    ServiceContainer(Service).start()


KINDS = {"hub": hub, "nameko": nameko}


def main() -> None:
    kind, amqp_uri = sys.argv[1:]
    go_green()
    import time

    KINDS[kind](amqp_uri)
    print("ready", flush=True)
    while True:
        time.sleep(60)


if __name__ == "__main__":
    main()
