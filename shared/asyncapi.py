"""The AsyncAPI 3.0 document of the hub's events, made from their dataclasses. Pure."""

from __future__ import annotations

from typing import Any

from shared.cloudevents import CONTENT_TYPE
from shared.event_schemas import MODULES, address_of, events_of, public_events, routing_key_of
from shared.event_store.serialization import schema_of

Json = dict[str, Any]

PUBLIC = "public.events"
_BINDING = "0.3.0"
_WHAT = (
    "Every fact of the hub, in the order it happened. Where the hub runs as services of their own (`make split`), each "
    "service publishes its log to a durable topic exchange `<service>.events` of RabbitMQ, with the event's name as "
    "routing key. Events of public models also go to `public.events`: that is what an account of another program may "
    "read.\n\n"
    "A message may come twice and is never left out of the log, so remember `id`; `sequence` rises, and "
    "`previousposition` names the event before in the same log. In `public.events` positions have gaps, because what "
    "is not public is not there. Schemas only grow: ignore what you do not know."
)
_STRING: Json = {"type": "string"}
_DIGITS: Json = {"type": "string", "pattern": "^[0-9]{20}$"}
_ENVELOPE: dict[str, Json] = {
    "specversion": {"const": "1.0"},
    "id": {**_STRING, "format": "uuid", "description": "The same in each delivery of this event"},
    "source": {**_STRING, "format": "uri-reference", "description": "/<service> whose log it is"},
    "type": {**_STRING, "description": "hub.<service>.<Name>.v<k>"},
    "subject": {**_STRING, "description": "The stream: model-<name>, review-<name>, pullrequest-<name>, user-<id>, …"},
    "time": {**_STRING, "format": "date-time"},
    "datacontenttype": {"const": "application/json"},
    "data": {"type": "object"},
    "sequence": {**_DIGITS, "description": "The position in the source's log"},
    "streamversion": {**_STRING, "pattern": "^[1-9][0-9]*$", "description": "1, 2, 3… in its stream, without gaps"},
    "previousposition": {**_DIGITS, "description": "The position before it in the source's log, zeros for the first"},
    "mark": {**_STRING, "description": "Opaque: another one at a position says that the log was restored"},
    "previousmark": {**_STRING, "description": "The mark at previousposition, empty for the first"},
    "correlationid": {**_STRING, "description": "The request that led to it; its answer named it in X-Request-Id"},
    "causationid": {**_STRING, "description": "The command, or the id of the event it reacts to"},
    "actor": {**_STRING, "description": "An opaque person's id, or system:<service>"},
    "traceparent": {**_STRING, "description": "W3C trace context"},
}


def document(*, base_url: str, version: str) -> Json:
    """The whole document; each event's schema is also served alone, at the `$id` its schema says."""
    names = [name for service in MODULES for name in events_of(service)]
    exchanges = {f"{service}.events": list(events_of(service)) for service in MODULES} | {PUBLIC: public_events()}
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "Models Hub events",
            "version": version,
            "description": _WHAT,
            "license": {"name": "Apache-2.0", "url": "https://www.apache.org/licenses/LICENSE-2.0"},
            "tags": [{"name": service} for service in MODULES],
            "externalDocs": {"description": "The REST API", "url": f"{base_url}/api/docs"},
        },
        "defaultContentType": CONTENT_TYPE,
        "servers": {"broker": _server()},
        "channels": {exchange: _channel(exchange, carried) for exchange, carried in exchanges.items()},
        "operations": {
            f"publish.{exchange.removesuffix('.events')}": _operation(exchange, carried)
            for exchange, carried in exchanges.items()
        },
        "components": {
            "messages": {name: _message(name) for name in names},
            "schemas": {
                "CloudEvent": _envelope(),
                **{name: _schema(name, base_url) for name in names},
            },
        },
    }


def _server() -> Json:
    return {
        "host": "{host}:{port}",
        "protocol": "amqp",
        "protocolVersion": "0.9.1",
        "description": "The broker of the split hub; ask its operator for an account that may read public.events",
        "variables": {"host": {"default": "localhost"}, "port": {"default": "5672"}},
    }


def _channel(exchange: str, names: list[str]) -> Json:
    keys = sorted(map(routing_key_of, names))
    return {
        "address": "{event}",
        "title": exchange,
        "summary": "Events of public models, of all services"
        if exchange == PUBLIC
        else f"All of {exchange[:-7]}'s log",
        "servers": [{"$ref": "#/servers/broker"}],
        "parameters": {"event": {"description": "The routing key; bind `#` for all", "enum": keys}},
        "messages": {routing_key_of(name): {"$ref": f"#/components/messages/{name}"} for name in names},
        "bindings": {
            "amqp": {
                "is": "routingKey",
                "exchange": {"name": exchange, "type": "topic", "durable": True, "autoDelete": False, "vhost": "/"},
                "bindingVersion": _BINDING,
            }
        },
    }


def _operation(exchange: str, names: list[str]) -> Json:
    """`send`: the document says what the hub does; whoever reads it receives."""
    pointer = exchange.replace("/", "~1")
    return {
        "action": "send",
        "channel": {"$ref": f"#/channels/{pointer}"},
        "summary": f"The hub publishes to {exchange}, each event confirmed by the broker",
        "messages": [{"$ref": f"#/channels/{pointer}/messages/{routing_key_of(name)}"} for name in names],
        "bindings": {"amqp": {"deliveryMode": 2, "bindingVersion": _BINDING}},
    }


def _message(name: str) -> Json:
    service = name.split(".")[1]
    about = schema_of(events_of(service)[name]).get("description")
    return {
        "name": name,
        "title": routing_key_of(name),
        **({"summary": about} if about else {}),
        "tags": [{"name": service}],
        "contentType": CONTENT_TYPE,
        "correlationId": {"location": "$message.payload#/correlationid"},
        "payload": {
            "allOf": [
                {"$ref": "#/components/schemas/CloudEvent"},
                {
                    "type": "object",
                    "properties": {
                        "type": {"const": name},
                        "source": {"const": f"/{service}"},
                        "data": {"$ref": f"#/components/schemas/{name}"},
                    },
                },
            ]
        },
        "bindings": {"amqp": {"contentEncoding": "utf-8", "messageType": name, "bindingVersion": _BINDING}},
    }


def _envelope() -> Json:
    return {
        "title": "CloudEvent",
        "description": "CloudEvents 1.0 in structured mode, with the hub's extension attributes",
        "type": "object",
        "properties": _ENVELOPE,
        "required": list(_ENVELOPE),
    }


def _schema(name: str, base_url: str) -> Json:
    return {"$id": address_of(name, base_url=base_url), **schema_of(events_of(name.split(".")[1])[name])}
