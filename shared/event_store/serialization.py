"""Stored events and their dataclasses: wire names, upcasting on every read, JSON Schema.

A wire name is `hub.<service>.<Name>.v<k>`. What is stored is the JSON text of a dataclass's
fields; text fields come back byte for byte. Fields a class has gained since take their defaults,
fields it does not know are ignored, so additive change needs no version.
"""

from __future__ import annotations

import dataclasses
import json
import re
import types as python_types
import typing
from collections.abc import Callable, Mapping
from typing import Any

from cattrs import Converter
from cattrs.errors import BaseValidationError

from shared.errors import HubError
from shared.event_store.interface import UnknownEvent

Upcaster = Callable[[dict[str, Any]], tuple[str, dict[str, Any]]]

_WIRE_NAME = re.compile(r"(?P<family>hub\.(?P<service>[a-z_]+)\.[A-Za-z]+)\.v[1-9][0-9]*")
_ENCODER = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), allow_nan=False)
_PRIMITIVES = {str: "string", int: "integer", float: "number", bool: "boolean", python_types.NoneType: "null"}


class UnknownEventVersion(HubError):
    """A known type in a version this program cannot read: a newer program wrote it. Stop and upgrade."""

    slug = "unknown-event-version"


class MalformedEvent(HubError):
    """Stored data does not fit its class: the class changed without a version, or the row is damaged."""

    slug = "malformed-event"


class EventTypes:
    """The wire names one log may hold. `types` are the newest versions, `upcasters` lead older ones to them."""

    def __init__(self, types: Mapping[str, type], upcasters: Mapping[str, Upcaster] | None = None) -> None:
        self._types = dict(types)
        self._upcasters = dict(upcasters or {})
        self._names = {event: name for name, event in self._types.items()}
        self._families = {_family(name) for name in (*self._types, *self._upcasters)}
        if both := self._types.keys() & self._upcasters.keys():
            raise ValueError(f"{sorted(both)}: expected either a class or an upcaster, found both")
        self._converter = _converter()

    def name_of(self, event: Any) -> str:
        """The wire name under which `event` is stored."""
        if isinstance(event, UnknownEvent):
            return event.type
        try:
            return self._names[type(event)]
        except KeyError:
            raise TypeError(f"{type(event).__name__} has no wire name here: add it to the service's EVENTS") from None

    def to_data(self, event: Any) -> dict[str, Any]:
        """The JSON-able fields of `event`."""
        if isinstance(event, UnknownEvent):
            return event.data
        data: dict[str, Any] = self._converter.unstructure(event)
        return data

    def to_text(self, event: Any) -> str:
        """What is stored. Raises ValueError for NaN and infinities."""
        return _ENCODER.encode(self.to_data(event))

    def from_text(self, name: str, text: str) -> tuple[str, Any]:
        """(newest wire name, event) of a stored row; see `from_data`."""
        return self.from_data(name, json.loads(text))

    def from_data(self, name: str, data: dict[str, Any]) -> tuple[str, Any]:
        """(newest wire name, event), upcast; an unknown type comes back as UnknownEvent.

        Raises UnknownEventVersion for an unknown version of a known type.
        """
        while upcast := self._upcasters.get(name):
            name, data = upcast(data)
        event = self._types.get(name)
        if event is None:
            return name, self._unknown(name, data)
        try:
            return name, self._converter.structure(data, event)
        except (BaseValidationError, TypeError, ValueError, KeyError) as error:
            raise MalformedEvent(f"{name}: stored data does not fit {event.__name__}: {_first_cause(error)}") from error

    def _unknown(self, name: str, data: dict[str, Any]) -> UnknownEvent:
        if _family(name) in self._families:
            raise UnknownEventVersion(
                f"{name}: expected a version this program knows, found a newer one; upgrade this service"
            )
        return UnknownEvent(type=name, data=data)


def merged(*services: EventTypes) -> EventTypes:
    """The types of several logs in one, for a reader of all of them."""
    types: dict[str, type] = {}
    upcasters: dict[str, Upcaster] = {}
    for service in services:
        types |= service._types
        upcasters |= service._upcasters
    return EventTypes(types, upcasters)


def service_of(name: str) -> str:
    """`registry` of `hub.registry.ModelUpdated.v1`."""
    if match := _WIRE_NAME.fullmatch(name):
        return match["service"]
    raise ValueError(f"{name}: expected a wire name such as hub.registry.ModelUpdated.v1")


def schema_of(event: type) -> dict[str, Any]:
    """JSON Schema (draft 2020-12) of an event dataclass; its docstring is the description.

    Further properties are allowed: readers must not break where a field is added.
    """
    return _schema(event)


def _schema(kind: Any) -> dict[str, Any]:
    if kind in _PRIMITIVES:
        return {"type": _PRIMITIVES[kind]}
    if dataclasses.is_dataclass(kind):
        return _object_schema(typing.cast(type, kind))
    origin, arguments = typing.get_origin(kind), typing.get_args(kind)
    if origin is tuple and len(arguments) == 2 and arguments[1] is Ellipsis:
        return {"type": "array", "items": _schema(arguments[0])}
    if origin in (typing.Union, python_types.UnionType):
        return {"anyOf": [_schema(argument) for argument in arguments]}
    if origin is dict and arguments[0] is str:
        return {"type": "object", "additionalProperties": _schema(arguments[1])}
    if kind is Any:
        return {}
    raise TypeError(f"{kind}: expected str, int, float, bool, None, tuple[X, ...], dict[str, X] or a dataclass")


def _object_schema(event: type) -> dict[str, Any]:
    hints = typing.get_type_hints(event)
    properties: dict[str, Any] = {}
    required = []
    for field in dataclasses.fields(event):
        schema = _schema(hints[field.name])
        if field.default is not dataclasses.MISSING:
            schema["default"] = list(field.default) if isinstance(field.default, tuple) else field.default
        elif field.default_factory is dataclasses.MISSING:
            required.append(field.name)
        properties[field.name] = schema
    written = event.__doc__ if event.__doc__ and not event.__doc__.startswith(f"{event.__name__}(") else ""
    described = {"description": " ".join(written.split())} if written else {}
    return {"title": event.__name__, **described, "type": "object", "properties": properties, "required": required}


def _converter() -> Converter:
    """Types exactly as declared: cattrs alone would read None as the text "None"."""
    converter = Converter(detailed_validation=False)
    for kind in (str, int, bool):
        converter.register_structure_hook(kind, _exact(kind))
    converter.register_structure_hook(float, lambda value, _: float(_exact_number(value)))
    return converter


def _exact(kind: type) -> Callable[[Any, Any], Any]:
    def structure(value: Any, _: Any) -> Any:
        if type(value) is not kind:
            raise TypeError(f"expected {kind.__name__}, found {type(value).__name__}")
        return value

    return structure


def _exact_number(value: Any) -> float | int:
    if type(value) not in (int, float):
        raise TypeError(f"expected a number, found {type(value).__name__}")
    return typing.cast(float, value)


def _family(name: str) -> str:
    match = _WIRE_NAME.fullmatch(name)
    return match["family"] if match else name


def _first_cause(error: BaseException) -> str:
    return f"{type(error).__name__}: {error}".splitlines()[0]
