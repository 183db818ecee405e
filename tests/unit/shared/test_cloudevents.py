"""The form in which other programs see events, field by field."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.cloudevents import decode, decode_page, encode, encode_page, previous_of
from shared.errors import Invalid
from shared.event_store.interface import LogPage, Metadata, RecordedEvent, UnknownEvent
from tests.support.sample_events import TYPES, Noted


def recorded(position: int = 7, recorded_at: float = 1764031234.5) -> RecordedEvent:
    return RecordedEvent(
        position=position,
        mark=f"mark{position}",
        stream="note-a",
        version=3,
        event_id="id",
        type="hub.sample.Noted.v2",
        event=Noted(text="模型"),
        metadata=Metadata(correlation_id="corr", causation_id="cause", actor="u1", traceparent="00-1-2-01"),
        recorded_at=recorded_at,
    )


def test_fields_are_those_of_the_interface() -> None:
    assert encode(recorded(), TYPES, previous=(5, "mark5")) == {
        "specversion": "1.0",
        "id": "id",
        "source": "/sample",
        "type": "hub.sample.Noted.v2",
        "subject": "note-a",
        "time": "2025-11-25T00:40:34.500000Z",
        "datacontenttype": "application/json",
        "data": {"text": "模型", "lines": [], "tags": [], "level": 0, "author": None},
        "sequence": "00000000000000000007",
        "streamversion": "3",
        "mark": "mark7",
        "previousposition": "00000000000000000005",
        "previousmark": "mark5",
        "correlationid": "corr",
        "causationid": "cause",
        "actor": "u1",
        "traceparent": "00-1-2-01",
    }


def test_previous_is_left_out_where_it_is_not_known() -> None:
    assert {"previousposition", "previousmark"}.isdisjoint(encode(recorded(), TYPES))
    assert previous_of(encode(recorded(), TYPES, previous=(5, "mark5"))) == (5, "mark5")


@given(microseconds=st.integers(0, 4_000_000_000_000_000))
def test_event_comes_back_equal_over_json(microseconds: int) -> None:
    event = recorded(recorded_at=round(microseconds / 1_000_000, 6))
    assert decode(json.loads(json.dumps(encode(event, TYPES))), TYPES) == event


def test_page_comes_back_and_each_event_names_the_one_before() -> None:
    page = LogPage(events=(recorded(3), recorded(4), recorded(9)), head=12)
    wire = json.loads(json.dumps(encode_page(page, TYPES, after=0, mark=None)))
    assert decode_page(wire["events"], wire["head"], TYPES) == page
    assert [previous_of(event) for event in wire["events"]] == [(0, ""), (3, "mark3"), (4, "mark4")]


def test_older_versions_are_upcast_on_decoding() -> None:
    wire = encode(recorded(), TYPES) | {"type": "hub.sample.Noted.v1", "data": {"note": "old"}}
    event = decode(wire, TYPES)
    assert (event.type, event.event) == ("hub.sample.Noted.v2", Noted(text="old"))


def test_unknown_types_are_carried() -> None:
    wire = encode(recorded(), TYPES) | {"type": "hub.other.Thing.v1", "data": {"a": 1}}
    event = decode(wire, TYPES)
    assert event.event == UnknownEvent(type="hub.other.Thing.v1", data={"a": 1})
    assert encode(event, TYPES)["source"] == "/other"


@pytest.mark.parametrize("change", [{"sequence": "x"}, {"time": "yesterday"}, {"streamversion": None}])
def test_malformed_fields_are_invalid(change: dict[str, object]) -> None:
    with pytest.raises(Invalid, match="expected a CloudEvent of the hub"):
        decode(encode(recorded(), TYPES) | change, TYPES)
    with pytest.raises(Invalid):
        decode({"id": "id"}, TYPES)
