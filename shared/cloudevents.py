"""Recorded events as CloudEvents 1.0, structured JSON: on the broker and in pages of a log.

The fields are those of the interface's section on events for other programs. `sequence` is the
position, `previousposition` and `previousmark` name the row before it in the same log.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

from shared.errors import Invalid
from shared.event_store.interface import LogPage, Metadata, RecordedEvent
from shared.event_store.serialization import EventTypes, service_of

CONTENT_TYPE = "application/cloudevents+json"


def encode(event: RecordedEvent, types: EventTypes, *, previous: tuple[int, str] | None = None) -> dict[str, Any]:
    """A JSON-able CloudEvent; `previous` is (position, mark) of the row before, (0, "") for the first one."""
    before = {} if previous is None else {"previousposition": _digits(previous[0]), "previousmark": previous[1]}
    return {
        "specversion": "1.0",
        "id": event.event_id,
        "source": f"/{service_of(event.type)}",
        "type": event.type,
        "subject": event.stream,
        "time": datetime.fromtimestamp(event.recorded_at, UTC).isoformat().replace("+00:00", "Z"),
        "datacontenttype": "application/json",
        "data": types.to_data(event.event),
        "sequence": _digits(event.position),
        "streamversion": str(event.version),
        "mark": event.mark,
        **before,
        "correlationid": event.metadata.correlation_id,
        "causationid": event.metadata.causation_id,
        "actor": event.metadata.actor,
        "traceparent": event.metadata.traceparent,
    }


def decode(data: Mapping[str, Any], types: EventTypes) -> RecordedEvent:
    """The event again; raises Invalid where a field is missing or malformed, UnknownEventVersion as `types` does."""
    try:
        name, event = types.from_data(data["type"], data["data"])
        return RecordedEvent(
            position=int(data["sequence"]),
            mark=data["mark"],
            stream=data["subject"],
            version=int(data["streamversion"]),
            event_id=data["id"],
            type=name,
            event=event,
            metadata=Metadata(
                correlation_id=data["correlationid"],
                causation_id=data["causationid"],
                actor=data["actor"],
                traceparent=data["traceparent"],
            ),
            recorded_at=datetime.fromisoformat(data["time"]).timestamp(),
        )
    except (KeyError, TypeError, ValueError) as error:
        raise Invalid(f"event {data.get('id')}: expected a CloudEvent of the hub, found a bad {error}") from error


def previous_of(data: Mapping[str, Any]) -> tuple[int, str]:
    """(position, mark) of the row before the one in `data`."""
    return int(data["previousposition"]), data["previousmark"]


def encode_page(page: LogPage, types: EventTypes, *, after: int, mark: str | None) -> dict[str, Any]:
    """{"events": [CloudEvent…], "head": int}: what `read_log(after, mark)` answered, on the wire."""
    events, previous = [], (after, mark or "")
    for event in page.events:
        events.append(encode(event, types, previous=previous))
        previous = (event.position, event.mark)
    return {"events": events, "head": page.head}


def decode_page(events: Iterable[Mapping[str, Any]], head: int, types: EventTypes) -> LogPage:
    """The page again."""
    return LogPage(events=tuple(decode(event, types) for event in events), head=head)


def _digits(position: int) -> str:
    return f"{position:020d}"
