"""What a wire schema does with values that are as they should be, as plain functions.

A message is written and read several times on its way, and nearly always nothing is wrong with it.
A function made here from a schema answers exactly what the schema would, or raises Unusual; then
the schema itself has the word, with all it has to say.
"""

from __future__ import annotations

import dataclasses
import math
import types
import typing
from collections.abc import Callable, Mapping
from typing import Any

import marshmallow as ma

Convert = Callable[[Any], Any]
Field = ma.fields.Field[Any]


class Unusual(Exception):
    """The schema must look at it."""


def dumping(message: type, schema: ma.Schema, text: type[Field], whole: type[Field]) -> Convert:
    """Message to primitives; `text` and `whole` are the field classes that stand for str and int."""
    hints = typing.get_type_hints(message)
    fields = [
        (name, _dumps(field, hints[name], _Kinds(text, whole)))
        for name, field in schema.fields.items()
        if not field.load_only
    ]

    def dump(value: Any) -> dict[str, Any]:
        if type(value) is not message:
            raise Unusual
        return {name: convert(getattr(value, name)) for name, convert in fields}

    return dump


def loading(message: type, schema: ma.Schema, text: type[Field], whole: type[Field]) -> Convert:
    """Primitives to message."""
    hints = typing.get_type_hints(message)
    fields = [
        (name, _loads(field, hints[name], _Kinds(text, whole)), _default(field))
        for name, field in schema.fields.items()
    ]
    known = frozenset(schema.fields)

    def load(data: Any) -> Any:
        if type(data) is not dict or not data.keys() <= known:
            raise Unusual
        values = {}
        for name, convert, default in fields:
            if name in data:
                values[name] = convert(data[name])
            elif default is not None:
                values[name] = default()
        return message(**values)

    return load


@dataclasses.dataclass(frozen=True, slots=True)
class _Kinds:
    text: type[Field]
    whole: type[Field]


def _default(field: Field) -> Callable[[], Any] | None:
    """What a missing value becomes; None where the class decides."""
    if field.required:
        return _unusual
    default = field.load_default
    if default is ma.missing:
        return None
    return default if callable(default) else lambda: default


def _unusual() -> Any:
    raise Unusual


def _dumps(field: Field, hint: Any, kinds: _Kinds) -> Convert:
    convert = _dumps_given(field, _given(hint), kinds)
    return lambda value: None if value is None else convert(value)


def _dumps_given(field: Field, hint: Any, kinds: _Kinds) -> Convert:
    kind = type(field)
    if kind in (kinds.text, ma.fields.Email):
        return _exactly(str)
    if kind in (kinds.whole, ma.fields.Integer):
        return _exactly(int)
    if kind is ma.fields.Boolean:
        return _exactly(bool)
    if kind is ma.fields.Raw:
        return lambda value: value
    if kind is ma.fields.Float:
        return lambda value: float(value) if type(value) in (int, float) else _unusual()
    if isinstance(field, ma.fields.List):
        inner = _dumps(field.inner, _argument(hint, 0), kinds)
        return lambda value: [inner(item) for item in value] if type(value) in (list, tuple) else _unusual()
    if isinstance(field, ma.fields.Dict) and field.key_field is not None and field.value_field is not None:
        return _mapping(_exactly(str), _dumps(field.value_field, _argument(hint, 1), kinds))
    if isinstance(field, ma.fields.Nested) and dataclasses.is_dataclass(hint):
        return dumping(typing.cast(type, hint), field.schema, kinds.text, kinds.whole)
    return lambda value: _unusual()


def _loads(field: Field, hint: Any, kinds: _Kinds) -> Convert:
    convert = _loads_given(field, _given(hint), kinds)
    validators = list(field.validators)
    absent = _nothing if field.allow_none else _unusual

    def load(value: Any) -> Any:
        if value is None:
            return absent()
        loaded = convert(value)
        for validate in validators:
            try:
                validate(loaded)
            except ma.ValidationError:
                raise Unusual from None
        return loaded

    return load


def _loads_given(field: Field, hint: Any, kinds: _Kinds) -> Convert:
    kind = type(field)
    if kind is kinds.text:
        return _text
    if kind is kinds.whole:
        return _whole
    if kind is ma.fields.Boolean:
        return _exactly(bool)
    if kind is ma.fields.Raw:
        return lambda value: value
    if kind is ma.fields.Float:
        return _number
    if isinstance(field, ma.fields.List):
        inner = _loads(field.inner, _argument(hint, 0), kinds)
        return lambda value: [inner(item) for item in value] if type(value) is list else _unusual()
    if isinstance(field, ma.fields.Dict) and type(field.key_field) is kinds.text and field.value_field is not None:
        return _mapping(_text, _loads(field.value_field, _argument(hint, 1), kinds))
    if isinstance(field, ma.fields.Nested) and dataclasses.is_dataclass(hint):
        return loading(typing.cast(type, hint), field.schema, kinds.text, kinds.whole)
    return lambda value: _unusual()


def _nothing() -> None:
    return None


def _given(hint: Any) -> Any:
    """The hint without `| None`."""
    if typing.get_origin(hint) in (typing.Union, types.UnionType):
        given = [argument for argument in typing.get_args(hint) if argument is not types.NoneType]
        return given[0] if len(given) == 1 else Any
    return hint


def _argument(hint: Any, number: int) -> Any:
    arguments = typing.get_args(hint)
    return arguments[number] if number < len(arguments) else Any


def _exactly(kind: type) -> Convert:
    return lambda value: value if type(value) is kind else _unusual()


def _mapping(key: Convert, convert: Convert) -> Convert:
    def mapped(value: Any) -> Mapping[Any, Any]:
        if type(value) is not dict:
            raise Unusual
        return {key(name): convert(inner) for name, inner in value.items()}

    return mapped


def _text(value: Any) -> str:
    if type(value) is not str or "\0" in value:
        raise Unusual
    if not value.isascii():
        try:
            value.encode()
        except UnicodeEncodeError:
            raise Unusual from None
    return value


def _whole(value: Any) -> int:
    if type(value) is not int or not -(2**63) <= value < 2**63:
        raise Unusual
    return value


def _number(value: Any) -> float:
    if type(value) is float and math.isfinite(value):
        return value
    if type(value) is int and abs(value) < 2**53:
        return float(value)
    raise Unusual
