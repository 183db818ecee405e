"""Calls through a contract: one codec for every carrier, and the carrier that stays in this process.

In-process calls round-trip every argument and answer too, so nothing passes here that RabbitMQ
could not carry, and what is called is what the split hub calls.
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
from shared.telemetry import calling, serving

Interface = TypeVar("Interface")
Observer = Callable[[str, str, float, str], None]
# (method, {"request": …, "caller": …}) to {"answer": …} or {"error": …}, all of JSON's primitives.
Carry = Callable[[Method, dict[str, Any]], dict[str, Any]]


class Failed(HubError):
    """The service failed in a way nobody expected; it has logged why, and says nothing of it."""


def answered(application: Any, method: Method, sent: dict[str, Any], *, service: str) -> dict[str, Any]:
    """The serving side: what `application` says to what a caller sent; refusals become data, the rest is raised."""
    try:
        request: Any = wire.load(method.request, sent["request"])
        caller = wire.load(Caller, sent["caller"])
        with serving(service, method.name, caller):
            return {"answer": wire.dump(getattr(application, method.name)(request, caller))}
    except HubError as error:
        return {"error": to_wire(error)}


def failed(service: str, method: str) -> dict[str, Any]:
    """The reply where an unexpected exception was raised."""
    return {"error": to_wire(Failed(f"{service}.{method} failed unexpectedly; its log says why"))}


class ContractCalls:
    """Answers a contract's methods by what `carry` brings back.

    Observers get service, method, seconds, and the outcome: `ok` or the error's slug.
    """

    def __init__(
        self,
        service: str,
        protocol: type,
        carry: Carry,
        *,
        in_transaction: Callable[[], bool] | None = None,
        observe: Observer | None = None,
    ) -> None:
        self._service = service
        self._carry = carry
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
        try:
            with calling(self._service, method.name, caller) as sent:
                reply = self._carry(method, {"request": wire.dump(request), "caller": wire.dump(sent)})
        except HubError as error:
            reply = {"error": to_wire(error)}
        if self._observe is not None:
            outcome = reply["error"]["slug"] if "error" in reply else "ok"
            self._observe(self._service, method.name, time.perf_counter() - started, outcome)
        if "error" in reply:
            raise _raised(reply["error"])
        return wire.load(method.answer, reply["answer"])


def _raised(error: dict[str, Any]) -> HubError:
    if error.get("kind") == Failed.kind:
        return Failed(error.get("message", ""))
    return from_wire(error)


def in_process(
    service: str,
    protocol: type[Interface],
    application: Any,
    *,
    in_transaction: Callable[[], bool] | None = None,
    observe: Observer | None = None,
) -> Interface:
    """`application` behind its contract, as another service or the gateway sees it."""

    def carry(method: Method, sent: dict[str, Any]) -> dict[str, Any]:
        reply = answered(application, method, json.loads(json.dumps(sent)), service=service)
        return cast(dict[str, Any], json.loads(json.dumps(reply)))

    calls = ContractCalls(service, protocol, carry, in_transaction=in_transaction, observe=observe)
    return cast(Interface, calls)


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
