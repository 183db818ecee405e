from __future__ import annotations

import json
import pkgutil
from typing import Any

import pytest
from jsonschema import Draft202012Validator, FormatChecker
from jsonschema.exceptions import ValidationError

from services.pr_bot import domain
from services.registry.domain import publicity
from shared import asyncapi, cloudevents, events
from shared.errors import NotFound
from shared.event_schemas import MODULES, events_of, public_events, schema_at
from shared.event_store.interface import Metadata, RecordedEvent
from shared.event_store.serialization import EventTypes
from shared.events import pr_bot, registry, review
from tests.support.real_data import PROJECT

HUB = "http://hub.example"
GOLDEN = PROJECT / "tests" / "golden" / "events"
NAMES = [name for service in MODULES for name in events_of(service)]
DOCUMENT = asyncapi.document(base_url=HUB, version="1")


def golden(name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((GOLDEN / f"{name}.json").read_text(encoding="utf-8"))["data"]
    return found


def carried(name: str) -> dict[str, Any]:
    """The golden event as the relay publishes it."""
    service = name.split(".")[1]
    types = EventTypes(MODULES[service].EVENTS, MODULES[service].UPCASTERS)
    event = types.from_data(name, golden(name))[1]
    metadata = Metadata(
        correlation_id="c" * 32, causation_id="c1", actor="u1", traceparent=f"00-{'1' * 32}-{'2' * 16}-01"
    )
    recorded = RecordedEvent(
        position=2,
        mark="0a",
        stream="model-text",
        version=1,
        event_id="5c0d3b8e-9a55-5d9f-8a53-0f2f6b1c7e14",
        type=name,
        event=event,
        metadata=metadata,
        recorded_at=1_700_000_000.5,
    )
    return cloudevents.encode(recorded, types, previous=(0, ""))


def payload_of(name: str) -> Draft202012Validator:
    """The message's payload schema, its references into the document resolved by having the document around it."""
    return Draft202012Validator(
        {"$ref": f"#/components/messages/{name}/payload", "components": without_ids(DOCUMENT["components"])},
        format_checker=FormatChecker(),
    )


def without_ids(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: without_ids(each) for key, each in value.items() if key != "$id"}
    return [without_ids(each) for each in value] if isinstance(value, list) else value


@pytest.mark.parametrize("name", NAMES)
def test_every_golden_event_fits_its_schema_alone_and_in_its_message(name: str) -> None:
    schema = schema_at(name, base_url=HUB)
    Draft202012Validator.check_schema(schema)
    Draft202012Validator(schema).validate(golden(name))
    payload_of(name).validate(carried(name))


@pytest.mark.parametrize("name", NAMES)
def test_an_event_without_one_of_its_fields_fits_no_message(name: str) -> None:
    message = carried(name)
    required = schema_at(name, base_url=HUB)["required"]
    broken = [{key: value for key, value in message.items() if key != left_out} for left_out in message]
    broken += [{**message, "data": {k: v for k, v in message["data"].items() if k != gone}} for gone in required]
    broken.append({**message, "type": "hub.registry.Other.v1"})
    for each in broken:
        with pytest.raises(ValidationError):
            payload_of(name).validate(each)


def test_a_field_that_this_document_does_not_know_breaks_no_reader() -> None:
    message = carried("hub.registry.ModelSubmitted.v1")
    payload_of("hub.registry.ModelSubmitted.v1").validate(
        {**message, "new": "1", "data": {**message["data"], "new": 1}}
    )


def test_every_module_of_events_is_told_of() -> None:
    assert {module.name for module in pkgutil.iter_modules(events.__path__)} == MODULES.keys()


def test_each_exchange_is_a_channel_with_its_events_and_their_routing_keys() -> None:
    channels = DOCUMENT["channels"]
    assert channels.keys() == {*(f"{service}.events" for service in MODULES), "public.events"}
    for name, channel in channels.items():
        exchange = channel["bindings"]["amqp"]["exchange"]
        assert (exchange["name"], exchange["type"], exchange["durable"]) == (name, "topic", True)
        assert set(channel["parameters"]["event"]["enum"]) == channel["messages"].keys()
    for service in MODULES:
        listed = {message["$ref"].rsplit("/", 1)[1] for message in channels[f"{service}.events"]["messages"].values()}
        assert listed == set(events_of(service))


def test_the_public_exchange_carries_no_persons_events() -> None:
    carried_there = {
        message["$ref"].rsplit("/", 1)[1] for message in DOCUMENT["channels"]["public.events"]["messages"].values()
    }
    assert "hub.registry.ModelPublished.v1" in carried_there
    assert not carried_there & set(events_of("identity"))


@pytest.mark.parametrize("name", [*events_of("registry"), *events_of("pr_bot"), *events_of("review")])
def test_the_public_channel_lists_what_services_publish_there(name: str) -> None:
    """Of a public model, where the event itself is for everyone."""
    types = EventTypes({**registry.EVENTS, **pr_bot.EVENTS, **review.EVENTS})
    event = types.from_data(name, {**golden(name), "visibility": "public"})[1]
    standing = publicity.Standing(published=True, visibility="public")
    # A quarantine hides the model from the moment on, itself too.
    after = publicity.evolve(standing, event) if not isinstance(event, registry.ModelQuarantined) else standing
    told = {"registry": publicity.tells(after, event), "pr_bot": domain.tells(True, event), "review": False}
    assert (name in public_events()) is told[name.split(".")[1]]


def test_a_name_no_event_has_is_refused() -> None:
    with pytest.raises(NotFound, match=r"asyncapi\.json"):
        schema_at("hub.registry.ModelSubmitted.v99", base_url=HUB)


def test_the_document_says_where_each_schema_is_served() -> None:
    for name in NAMES:
        assert DOCUMENT["components"]["schemas"][name]["$id"] == f"{HUB}/api/events/{name}.json"
