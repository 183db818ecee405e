"""Wire names, upcasting and schemas, without a database."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.event_store.interface import UnknownEvent
from shared.event_store.serialization import (
    EventTypes,
    MalformedEvent,
    UnknownEventVersion,
    merged,
    schema_of,
    service_of,
)
from tests.support.sample_events import TYPES, Line, Noted, Struck

ANY_TEXT = st.text(st.characters(exclude_categories=["Cs"]))
NOTED = st.builds(
    Noted,
    text=ANY_TEXT,
    lines=st.lists(st.builds(Line, text=ANY_TEXT, amount=st.integers())).map(tuple),
    tags=st.lists(ANY_TEXT).map(tuple),
    level=st.integers(),
    author=st.none() | ANY_TEXT,
)


@given(event=NOTED)
def test_every_event_comes_back_equal_and_fits_its_schema(event: Noted) -> None:
    text = TYPES.to_text(event)
    assert TYPES.from_text(TYPES.name_of(event), text) == ("hub.sample.Noted.v2", event)
    jsonschema.validate(json.loads(text), schema_of(Noted))


def test_added_fields_take_their_defaults_and_unknown_fields_are_ignored() -> None:
    _, event = TYPES.from_data("hub.sample.Noted.v2", {"text": "a", "from_the_future": 1})
    assert event == Noted(text="a")


def test_upcasters_lead_through_every_version() -> None:
    types = EventTypes(
        {"hub.sample.Noted.v3": Noted},
        {
            "hub.sample.Noted.v1": lambda data: ("hub.sample.Noted.v2", {"text": data["note"]}),
            "hub.sample.Noted.v2": lambda data: ("hub.sample.Noted.v3", data | {"level": 7}),
        },
    )
    assert types.from_data("hub.sample.Noted.v1", {"note": "a"}) == ("hub.sample.Noted.v3", Noted(text="a", level=7))


def test_unknown_type_is_carried_whole() -> None:
    name, event = TYPES.from_data("hub.other.Thing.v1", {"a": [1, None]})
    assert (name, event) == ("hub.other.Thing.v1", UnknownEvent(type="hub.other.Thing.v1", data={"a": [1, None]}))
    assert (TYPES.name_of(event), TYPES.to_data(event)) == (name, {"a": [1, None]})


def test_unknown_version_of_a_known_type_is_refused() -> None:
    for name in ("hub.sample.Noted.v3", "hub.sample.Struck.v2"):
        with pytest.raises(UnknownEventVersion, match=name):
            TYPES.from_data(name, {})


@pytest.mark.parametrize(
    "data",
    [
        {},
        {"text": None},
        {"text": 1},
        {"text": "a", "level": True},
        {"text": "a", "level": 1.0},
        {"text": "a", "lines": [{"text": 1}]},
        {"text": "a", "tags": [None]},
    ],
)
def test_data_of_another_shape_is_malformed(data: dict[str, Any]) -> None:
    with pytest.raises(MalformedEvent, match=r"hub\.sample\.Noted\.v2: stored data does not fit Noted"):
        TYPES.from_data("hub.sample.Noted.v2", data)


def test_class_without_a_wire_name_is_refused() -> None:
    with pytest.raises(TypeError, match="Line has no wire name"):
        TYPES.name_of(Line(text="a"))


def test_name_that_is_both_class_and_upcaster_is_refused() -> None:
    with pytest.raises(ValueError, match="either a class or an upcaster"):
        EventTypes({"hub.sample.Struck.v1": Struck}, {"hub.sample.Struck.v1": lambda data: ("x", data)})


def test_merged_types_know_the_events_of_all() -> None:
    both = merged(TYPES, EventTypes({"hub.other.Line.v1": Line}))
    assert both.from_data("hub.sample.Noted.v1", {"note": "a"})[1] == Noted(text="a")
    assert both.from_data("hub.other.Line.v1", {"text": "a"})[1] == Line(text="a")


def test_service_is_read_from_the_wire_name() -> None:
    assert service_of("hub.pr_bot.PullRequestOpened.v12") == "pr_bot"
    for bad in ("ModelUpdated", "hub.registry.ModelUpdated", "hub.registry.ModelUpdated.v0"):
        with pytest.raises(ValueError, match="expected a wire name"):
            service_of(bad)


def test_schema_says_types_requirements_defaults_and_purpose() -> None:
    schema = schema_of(Noted)
    assert schema["description"] == "Somebody wrote something down."
    assert schema["required"] == ["text"]
    assert schema["properties"]["lines"]["items"]["properties"]["amount"] == {"type": "integer", "default": 1}
    assert schema["properties"]["author"] == {"anyOf": [{"type": "string"}, {"type": "null"}], "default": None}
    assert "description" not in schema_of(Struck)
    jsonschema.Draft202012Validator.check_schema(schema)


def test_field_type_that_json_cannot_carry_is_refused() -> None:
    @dataclass(frozen=True)
    class Odd:
        members: frozenset[str]

    with pytest.raises(TypeError, match="frozenset"):
        schema_of(Odd)
