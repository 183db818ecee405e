from __future__ import annotations

from typing import Any, cast

from shared.contracts import wire
from shared.contracts.common import Empty, ServiceOperations, system_caller
from shared.delivery import Delivery, DeliveryStatus
from shared.operated import Operated
from shared.relay import Relay, RelayStatus


class Application:
    name = "registry"

    def operations(self, request: Empty, caller: Any) -> ServiceOperations:
        return ServiceOperations(service="registry", log_head=12)


class Standing:
    def __init__(self, status: Any) -> None:
        self.status = lambda: status


def operations(*, leading: bool, head: int) -> ServiceOperations:
    relay = RelayStatus(service="registry", leading=leading, position=10, head=head, lag=0, last_error="no broker")
    delivery = DeliveryStatus(
        connected=True, depths={"registry.review": 3, "registry.dead": 0}, rejected=1, last_error=""
    )
    operated = Operated(Application(), relay=cast(Relay, Standing(relay)), delivery=cast(Delivery, Standing(delivery)))
    assert operated.name == "registry"
    answer: ServiceOperations = operated.operations(Empty(), system_caller("tests"))
    return wire.load(ServiceOperations, wire.dump(answer))


def test_what_stands_beside_the_application_is_told_with_its_operations() -> None:
    answer = operations(leading=True, head=12)
    assert answer.relay is not None and answer.delivery is not None
    assert (answer.relay.leading, answer.relay.position, answer.relay.lag) == (True, 10, 2)
    assert answer.relay.error == "no broker"
    assert (answer.delivery.queues, answer.delivery.rejected) == ({"registry.review": 3, "registry.dead": 0}, 1)


def test_a_replica_that_does_not_lead_tells_the_lag_by_the_log_itself() -> None:
    answer = operations(leading=False, head=0)
    assert answer.relay is not None and answer.relay.lag == 2


def test_without_a_broker_neither_is_told() -> None:
    operated = Operated(Application(), relay=None, delivery=None)
    answer = operated.operations(Empty(), system_caller("tests"))
    assert (answer.relay, answer.delivery) == (None, None)
