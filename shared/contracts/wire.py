"""Wire schemas of the contracts' messages, made from their dataclasses (marshmallow-dataclass).

Integers are strict and strings are clean (no NUL, no lone surrogate) wherever a message crosses
a border, so that no service has to look again.
"""

from __future__ import annotations

import inspect
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, ClassVar, TypeVar, get_type_hints

import marshmallow as ma
from marshmallow_dataclass import class_schema

from shared.contracts.compiled import Convert, Unusual, dumping, loading
from shared.errors import Invalid

Message = TypeVar("Message")


class CleanString(ma.fields.String):
    """A string that every database, git and JSON client can hold."""

    default_error_messages = {  # noqa: RUF012 marshmallow merges these over its classes
        "nul": "Contains the NUL character at offset {offset}; remove it.",
        "surrogate": "Contains a lone surrogate at offset {offset}; send valid Unicode.",
    }

    def _deserialize(self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any) -> str:
        text: str = super()._deserialize(value, attr, data, **kwargs)
        if (nul := text.find("\0")) >= 0:
            raise self.make_error("nul", offset=nul)
        try:
            text.encode("utf-8")
        except UnicodeEncodeError as error:
            raise self.make_error("surrogate", offset=error.start) from error
        return text


class StrictInteger(ma.fields.Integer):
    """An integer that is one: no text, no fraction, no boolean, at most 64 bit."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(strict=True, **kwargs)

    def _deserialize(self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any) -> int:
        if isinstance(value, bool | str):
            raise self.make_error("invalid", input=value)
        number: int = super()._deserialize(value, attr, data, **kwargs)
        if not -(2**63) <= number < 2**63:
            raise self.make_error("too_large", input=value)
        return number


UNKNOWN = {"unknown": "Unknown field; leave it out.", "type": "Expected a JSON object."}


class WireSchema(ma.Schema):
    """Base of every body and reply; unknown fields are refused."""

    error_messages = UNKNOWN
    TYPE_MAPPING = {str: CleanString, int: StrictInteger}  # noqa: RUF012 marshmallow's own attribute
    message: ClassVar[type | None] = None

    def dump(self, obj: Any, *, many: bool | None = None) -> Any:
        """As marshmallow does it, in a tenth of its time where `obj` is a whole message."""
        if type(obj) is self.message and not (many or self.many or self.only or self.exclude):
            try:
                return _compiled(type(obj))[0](obj)
            except Unusual:
                pass
        return super().dump(obj, many=many)


class QuerySchema(ma.Schema):
    """Base of query strings, where numbers arrive as text."""

    error_messages = UNKNOWN
    TYPE_MAPPING = {str: CleanString}  # noqa: RUF012 marshmallow's own attribute


@cache
def schema_of(message: type) -> type[ma.Schema]:
    """The schema class of a message, for bodies, replies and OpenAPI."""
    schema = class_schema(message, base_schema=WireSchema)
    schema.message = message  # type: ignore[attr-defined]  # marshmallow-dataclass hides the base
    return schema


@cache
def query_schema_of(message: type) -> type[ma.Schema]:
    """The schema class of a message whose values come from a query string."""
    return class_schema(message, base_schema=QuerySchema)


def _schema(message: type) -> ma.Schema:
    if message not in _SCHEMAS:
        _SCHEMAS[message] = schema_of(message)()
    return _SCHEMAS[message]


_SCHEMAS: dict[type, ma.Schema] = {}


def _compiled(message: type) -> tuple[Convert, Convert]:
    """What dumps and what loads the message where nothing is unusual."""
    if message not in _COMPILED:
        made_by = message, _schema(message), CleanString, StrictInteger
        _COMPILED[message] = dumping(*made_by), loading(*made_by)
    return _COMPILED[message]


_COMPILED: dict[type, tuple[Convert, Convert]] = {}


def dump(message: Any) -> dict[str, Any]:
    """The message as JSON-able primitives."""
    data: dict[str, Any] = _schema(type(message)).dump(message)
    return data


def load(message: type[Message], data: Any) -> Message:
    """The message again; raises Invalid with `details.errors` of `{"path", "message"}`."""
    try:
        usual: Message = _compiled(message)[1](data)
        return usual
    except Unusual:
        # The schema finds out what it is, and says so.
        pass
    try:
        loaded: Message = _schema(message).load(data)
    except ma.ValidationError as error:
        problems = list(problems_of(error.messages))
        first = problems[0]
        raise Invalid(
            f"{message.__name__}: {first['path'] or 'the body'}: {first['message']}", details={"errors": problems}
        ) from error
    return loaded


def problems_of(messages: Any, path: str = "") -> Iterator[dict[str, str]]:
    """marshmallow's nested messages as `{"path": JSON Pointer, "message"}` rows, in order."""
    if isinstance(messages, dict):
        for key, value in messages.items():
            step = "" if key == "_schema" else "/" + str(key).replace("~", "~0").replace("/", "~1")
            yield from problems_of(value, path + step)
    elif isinstance(messages, list):
        for value in messages:
            yield from problems_of(value, path)
    else:
        yield {"path": path, "message": str(messages)}


@dataclass(frozen=True, slots=True)
class Method:
    """One call: `request` and `answer` are message dataclasses."""

    name: str
    request: type
    answer: type


@dataclass(frozen=True, slots=True)
class Contract:
    """A service's interface as data, read from its Protocol."""

    service: str
    methods: Mapping[str, Method]


@cache
def contract_of(service: str, protocol: type) -> Contract:
    """Every public method of the Protocol, inherited ones included."""
    methods = {}
    for name, function in inspect.getmembers(protocol, inspect.isfunction):
        if name.startswith("_"):
            continue
        hints = get_type_hints(function)
        methods[name] = Method(name, hints["request"], hints["return"])
    return Contract(service, methods)
