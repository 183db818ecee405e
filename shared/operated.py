"""A service's application as its process offers it: what it says of its operations includes relay and delivery."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from shared.contracts.common import Caller, DeliveryState, Empty, RelayState, ServiceOperations

if TYPE_CHECKING:
    from shared.delivery import Delivery
    from shared.relay import Relay


class Operated:
    """All that `application` has; `relay` and `delivery` are None where the process has none."""

    def __init__(self, application: Any, *, relay: Relay | None, delivery: Delivery | None) -> None:
        self._application = application
        self._relay = relay
        self._delivery = delivery

    def __getattr__(self, name: str) -> Any:
        return getattr(self._application, name)

    def operations(self, request: Empty, caller: Caller) -> ServiceOperations:
        """As this replica sees it."""
        answer: ServiceOperations = self._application.operations(request, caller)
        relay = relay_state(self._relay, log_head=answer.log_head) if self._relay else None
        return replace(answer, relay=relay, delivery=delivery_state(self._delivery) if self._delivery else None)


def relay_state(relay: Relay, *, log_head: int) -> RelayState:
    """`log_head` is the log's newest position: who does not lead has not looked for it."""
    status = relay.status()
    lag = max(status.head, log_head) - status.position
    return RelayState(leading=status.leading, position=status.position, lag=max(lag, 0), error=status.last_error)


def delivery_state(delivery: Delivery) -> DeliveryState:
    status = delivery.status()
    return DeliveryState(
        connected=status.connected, queues=dict(status.depths), rejected=status.rejected, error=status.last_error
    )
