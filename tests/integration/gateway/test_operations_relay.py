"""What operators see of relay, queues and lag: on the page and in the API, with a broker and without."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from gateway.routes.pages.operations import service_state
from shared.contracts.common import Caller, DeliveryState, Empty, RelayState, ServiceOperations
from tests.support.hub import reader
from tests.support.running import TestHub

RELAY = RelayState(leading=True, position=41, lag=7, error="broker: connection refused")
DELIVERY = DeliveryState(connected=False, queues={"registry.review": 5, "registry.dead": 1}, rejected=2)


@pytest.fixture
def with_broker(hub: TestHub, monkeypatch: pytest.MonkeyPatch) -> Iterator[TestHub]:
    """Registry answers as a replica of a split hub does."""
    application: Any = hub.hub.services["registry"].application
    answered = application.operations

    def operations(request: Empty, caller: Caller) -> ServiceOperations:
        answer: ServiceOperations = answered(request, caller)
        return replace(answer, relay=RELAY, delivery=DELIVERY)

    monkeypatch.setattr(application, "operations", operations)
    yield hub


def test_without_a_broker_the_page_says_that_logs_are_read_directly(hub: TestHub) -> None:
    page = reader(hub, "olga").get("/operations")
    assert page.says("There is no broker in this hub: each service reads the others' logs directly.")
    assert not page.says("Confirmed up to")
    services = hub.api("olga").get("/operations").get_json()["services"]
    assert {(service["relay"], service["delivery"]) for service in services} == {(None, None)}


def test_relay_and_queues_are_on_the_page_and_in_the_api(with_broker: TestHub) -> None:
    page = reader(with_broker, "olga").get("/operations")
    for words in ("the replica that answered", "Confirmed up to 41", "Behind 7", RELAY.error, "registry.dead 1"):
        assert page.says(words), (words, page.text)
    assert not page.says("There is no broker in this hub")
    services = {
        service["service"]: service for service in with_broker.api("olga").get("/operations").get_json()["services"]
    }
    assert services["registry"]["relay"] == {"leading": True, "position": 41, "lag": 7, "error": RELAY.error}
    assert services["registry"]["delivery"]["queues"] == DELIVERY.queues


def test_page_reads_in_chinese_too(with_broker: TestHub) -> None:
    page = reader(with_broker, "olga").get("/operations", Accept_Language="zh")
    assert page.says("消息代理") and not page.says("Confirmed up to")


def test_a_relay_that_fails_shows_in_its_services_state() -> None:
    well = ServiceOperations(service="registry", relay=replace(RELAY, error=""))
    assert service_state(well) == "running"
    assert service_state(replace(well, relay=RELAY)) == "waiting"
