"""Gateways apart from their services: two of them on one hub, as two workers, or two processes, would be."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, cast

import pytest
from flask import Flask

from gateway.auth import SESSION_COOKIE
from gateway.feed_cache import PATH
from gateway.split import RunningGateway
from shared.contracts.catalog import Catalog
from shared.errors import Unavailable
from shared.service import Calls
from tests.support.histories import llm_document
from tests.support.hub import pages_hub
from tests.support.running import PASSWORD, Api, TestHub, until


class Switch:
    """Catalog's calls, which do not come through while it is off."""

    def __init__(self, catalog: Catalog) -> None:
        self._catalog = catalog
        self.is_off = False
        self.asked: list[str] = []

    def __getattr__(self, name: str) -> Callable[..., Any]:
        def call(*arguments: Any) -> Any:
            if self.is_off:
                raise Unavailable("catalog does not answer")
            self.asked.append(name)
            return getattr(self._catalog, name)(*arguments)

        return call


@dataclass
class Gateway:
    app: Flask
    catalog: Switch

    def get(self, path: str) -> tuple[int, str]:
        answer = self.app.test_client().get(path, headers={"Accept": "text/html"})
        return answer.status_code, answer.get_data(as_text=True)


@contextmanager
def gateway_of(hub: TestHub, calls: Calls | None = None, *, off: bool = False) -> Iterator[Gateway]:
    switch = Switch(hub.calls.catalog)
    switch.is_off = off
    running = RunningGateway(hub.running.settings, replace(calls or hub.calls, catalog=cast(Catalog, switch)))
    try:
        yield Gateway(running.start(), switch)
    finally:
        running.stop()


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestHub]:
    with pages_hub(tmp_path_factory.mktemp("split-gateway")) as running:
        yield running


@pytest.fixture
def pair(hub: TestHub) -> Iterator[list[Gateway]]:
    with ExitStack() as stack:
        yield [stack.enter_context(gateway_of(hub)) for _ in range(2)]


def published(hub: TestHub, name: str) -> None:
    body = {"type": "llm", "document": llm_document(name), "readme": "", "visibility": "public", "submit": True}
    made = hub.api("max").made("/models", {**body, "message": ""})
    hub.settled()
    verdict = {"document_sha256": made["document_sha256"], "feedback": ""}
    hub.api("rita").made(f"/models/{name}/revisions/1/approve", verdict)


def test_visitors_of_every_gateway_see_what_changes(hub: TestHub, pair: list[Gateway]) -> None:
    path = "/api/v1/models?q=seen-by-all"
    for gateway in pair:
        assert '"total":0' in gateway.get(path)[1].replace(" ", "")
    published(hub, "seen-by-all")
    for gateway in pair:
        until(lambda: "seen-by-all" in gateway.get(path)[1], what="the list shows it")  # noqa: B023
        until(lambda: "seen-by-all" in gateway.get(f"{PATH}?model_type=llm")[1], what="the feed has it")  # noqa: B023
        assert gateway.get("/models/detail/seen-by-all")[0] == 200


def test_many_visitors_cost_catalog_few_questions(pair: list[Gateway]) -> None:
    gateway = pair[0]
    until(lambda: gateway.get("/models")[0] == 200 and gateway.get(f"{PATH}?model_type=llm")[0] == 200, what="served")
    gateway.catalog.asked.clear()
    started = time.monotonic()
    for _ in range(200):
        gateway.get("/models")
        gateway.get(f"{PATH}?model_type=llm")
    seconds = time.monotonic() - started
    assert len(gateway.catalog.asked) <= 20 + 20 * seconds


def test_last_good_feed_is_served_without_catalog_and_after_a_restart(hub: TestHub) -> None:
    address = f"{PATH}?model_type=llm"
    with gateway_of(hub) as gateway:
        until(lambda: gateway.app.extensions["hub_feed"].get("flexible"), what="every feed is held")
        good = gateway.get(address)
        gateway.catalog.is_off = True
        assert gateway.get(address) == good
        until(lambda: gateway.get("/models")[0] == 503, what="it is known that catalog is away")
        assert gateway.get(address) == good
    with gateway_of(hub, off=True) as again:
        assert again.get(address) == good
        again.catalog.is_off = False
        until(lambda: again.get("/models")[0] == 200, what="catalog is back")
        assert again.get(address) == good


def test_messages_and_sessions_go_from_one_gateway_to_another(hub: TestHub, pair: list[Gateway]) -> None:
    one, other = (gateway.app.test_client() for gateway in pair)
    signed_in = one.post("/api/v1/session", json={"login": "max", "password": PASSWORD})
    assert signed_in.status_code in (200, 201), signed_in.text
    cookie = one.get_cookie(SESSION_COOKIE)
    assert cookie is not None
    other.set_cookie(SESSION_COOKIE, cookie.value)
    token = other.get("/api/v1/session").get_json()["csrf_token"]
    assert token == one.get("/api/v1/session").get_json()["csrf_token"]
    assert pair[0].app.secret_key == pair[1].app.secret_key != hub.app.secret_key
    headers = {"X-CSRFToken": token}
    assert other.patch("/api/v1/me", json={"display_name": "Max the First"}, headers=headers).status_code == 200


def test_failed_sign_ins_count_over_all_gateways(hub: TestHub, pair: list[Gateway]) -> None:
    clients = [gateway.app.test_client() for gateway in pair]
    wrong = {"login": "uma", "password": "not her password"}
    codes = [clients[number % 2].post("/api/v1/session", json=wrong).status_code for number in range(30)]
    assert 429 in codes, codes
    first = codes.index(429)
    assert set(codes[:first]) == {401}
    assert set(codes[first:]) == {429}


def test_one_command_sent_to_two_gateways_is_done_once(hub: TestHub, pair: list[Gateway]) -> None:
    texts = {"type": "llm", "document": llm_document("sent-twice"), "readme": "", "visibility": "private"}
    body = {**texts, "message": "", "submit": False}
    answers = [
        Api(gateway.app.test_client(), hub.token("max")).made("/models", body, key="the same") for gateway in pair
    ]
    assert answers[0] == answers[1]


def test_writes_are_seen_through_any_gateway(hub: TestHub, pair: list[Gateway], tmp_path: Path) -> None:
    people = [Api(gateway.app.test_client(), hub.token("max")) for gateway in pair]
    for number in range(10):
        name = f"own-{number}"
        body = {"type": "llm", "document": llm_document(name), "readme": "", "visibility": "private", "message": ""}
        position = people[number % 2].made("/models", {**body, "submit": True})["position"]
        read = people[(number + 1) % 2].get(f"/models/{name}", min_position=position)
        assert (read.status_code, read.headers.get("X-Hub-Stale")) == (200, None)


def test_what_is_not_there_yet_is_said_to_be_perhaps_on_its_way(hub: TestHub, pair: list[Gateway]) -> None:
    person = Api(pair[0].app.test_client(), hub.token("max"))
    early = person.get("/models/never-heard-of", min_position="registry:999999")
    assert (early.status_code, early.headers.get("X-Hub-Stale")) == (404, "1")
    sure = person.get("/models/never-heard-of")
    assert (sure.status_code, sure.headers.get("X-Hub-Stale")) == (404, None)
