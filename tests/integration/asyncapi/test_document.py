"""The events' documents as the gateway serves them."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from flask.testing import FlaskClient

from shared.event_schemas import MODULES, events_of, schema_at
from tests.support.asyncapi_rules import judged
from tests.support.running import TestHub, running_hub


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestHub]:
    with running_hub(tmp_path_factory.mktemp("asyncapi"), people=False) as running:
        yield running


@pytest.fixture
def visitor(hub: TestHub) -> FlaskClient:
    return hub.app.test_client()


def test_asyncapis_own_parser_finds_nothing_in_the_document_and_sees_what_is_wrong(visitor: FlaskClient) -> None:
    answer = visitor.get("/api/asyncapi.json")
    assert (answer.status_code, answer.content_type) == (200, "application/json")
    document = answer.get_json()
    assert document["asyncapi"] == "3.0.0"
    assert judged(document) == []
    document["operations"]["publish.public"]["messages"].append({"$ref": "#/components/messages/gone"})
    assert judged(document)


def test_each_schema_is_served_at_the_address_it_names(hub: TestHub, visitor: FlaskClient) -> None:
    base = hub.running.settings.public_url
    listed = visitor.get("/api/asyncapi.json").get_json()["components"]["schemas"]
    for name in (name for service in MODULES for name in events_of(service)):
        answer = visitor.get(listed[name]["$id"].removeprefix(base))
        assert answer.status_code == 200
        assert answer.get_json(force=True) == schema_at(name, base_url=base)


@pytest.mark.parametrize("name", ["hub.registry.Nothing.v1", "..%2f..%2fsecret", "hub.registry.ModelSubmitted.v2"])
def test_a_schema_that_is_not_there_is_a_problem(visitor: FlaskClient, name: str) -> None:
    answer = visitor.get(f"/api/events/{name}.json")
    assert (answer.status_code, answer.content_type) == (404, "application/problem+json")


def test_the_api_page_links_the_events(visitor: FlaskClient) -> None:
    assert 'href="/api/asyncapi.json"' in visitor.get("/api/docs").get_data(as_text=True)
