"""In-process calls: every argument and answer round-trips through the wire codec.

So nothing passes here that RabbitMQ could not carry, and what is called is what the split hub calls.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import Any, TypeVar, cast

from shared.contracts import wire
from shared.contracts.common import Caller
from shared.contracts.wire import Method, contract_of
from shared.errors import HubError, Unavailable, from_wire, to_wire

Interface = TypeVar("Interface")
Observer = Callable[[str, str, float, str], None]


class InProcessCalls:
    """Answers a contract's methods from an application object in this process."""

    def __init__(
        self,
        service: str,
        protocol: type,
        application: Any,
        *,
        in_transaction: Callable[[], bool] | None = None,
        observe: Observer | None = None,
    ) -> None:
        self._service = service
        self._application = application
        self._contract = contract_of(service, protocol)
        self._in_transaction = in_transaction or (lambda: False)
        self._observe = observe

    def __getattr__(self, name: str) -> Callable[[Any, Caller], Any]:
        method = self._contract.methods.get(name)
        if method is None:
            raise AttributeError(f"{self._service} has no call {name}")

        def call(request: Any, caller: Caller) -> Any:
            return self._call(method, request, caller)

        return call

    def _call(self, method: Method, request: Any, caller: Caller) -> Any:
        if self._in_transaction():
            raise RuntimeError(
                f"{self._service}.{method.name} was called inside a transaction; call it before or after"
            )
        started = time.perf_counter()
        sent = json.dumps({"request": wire.dump(request), "caller": wire.dump(caller)})
        reply = json.loads(json.dumps(self._answer(method, json.loads(sent))))
        if self._observe is not None:
            outcome = reply["error"]["slug"] if "error" in reply else "ok"
            self._observe(self._service, method.name, time.perf_counter() - started, outcome)
        if "error" in reply:
            raise from_wire(reply["error"])
        return wire.load(method.answer, reply["answer"])

    def _answer(self, method: Method, sent: dict[str, Any]) -> dict[str, Any]:
        try:
            request: Any = wire.load(method.request, sent["request"])
            caller = wire.load(Caller, sent["caller"])
            return {"answer": wire.dump(getattr(self._application, method.name)(request, caller))}
        except HubError as error:
            return {"error": to_wire(error)}


def in_process(
    service: str,
    protocol: type[Interface],
    application: Any,
    *,
    in_transaction: Callable[[], bool] | None = None,
    observe: Observer | None = None,
) -> Interface:
    """`application` behind its contract, as another service or the gateway sees it."""
    return cast(
        Interface,
        InProcessCalls(service, protocol, application, in_transaction=in_transaction, observe=observe),
    )


class NotYet:
    """Stands for a service that is not built yet while services are wired to each other."""

    def __init__(self, service: str) -> None:
        self._service = service
        self._target: Any = None

    def bind(self, target: Any) -> None:
        """From now on calls go to `target`."""
        self._target = target

    def __getattr__(self, name: str) -> Any:
        if self._target is None:
            raise Unavailable(f"{self._service} is not there yet; try again in a moment")
        return getattr(self._target, name)
