"""GitHub's description as validators, each made once; what it gets wrong of GitHub is put right here, and nowhere else.

They are openapi-core's own schema validators, asked directly: its way there through the whole description for each
call costs more than all that the fake does.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any
from urllib.parse import quote

from openapi_core.validation.schemas import (
    oas30_read_schema_validators_factory,
    oas30_write_schema_validators_factory,
)
from referencing import Registry, Resource

from scripts.github_description import description

CONTENTS = "/repos/{owner}/{repo}/contents/{path}"
_HERE = "urn:github"
_FACTORIES = {"request": oas30_write_schema_validators_factory, "response": oas30_read_schema_validators_factory}


@cache
def document() -> dict[str, Any]:
    found = dict(description().openapi)
    # It tells a file from a folder by a property, and a folder is an array.
    contents = found["paths"][CONTENTS]["get"]["responses"]["200"]["content"]
    del contents["application/json"]["schema"]["discriminator"]
    _let_null_be_null(found)
    return found


def _let_null_be_null(schema: Any) -> None:
    """Some of its enumerations are nullable and do not name null, which OpenAPI asks for."""
    if isinstance(schema, dict):
        if schema.get("nullable") is True and None not in schema.get("enum", [None]):
            schema["enum"] = [*schema["enum"], None]
        for below in schema.values():
            _let_null_be_null(below)
    elif isinstance(schema, list):
        for below in schema:
            _let_null_be_null(below)


def operation(template: str, method: str) -> Mapping[str, Any] | None:
    found: Mapping[str, Any] | None = document()["paths"].get(template, {}).get(method.lower())
    return found


def at(*keys: str | int) -> tuple[str, ...]:
    """The place that these keys lead to, and where a reference at it leads in turn."""
    place = tuple(map(str, keys))
    found = value(place)
    if isinstance(found, dict) and "$ref" in found:
        return at(*found["$ref"].split("/")[1:])
    return place


def value(place: tuple[str, ...]) -> Any:
    found: Any = document()
    for key in place:
        found = found[int(key)] if isinstance(found, list) else found[key]
    return found


def resolved(schema: Mapping[str, Any]) -> Mapping[str, Any]:
    while "$ref" in schema:
        schema = value(tuple(schema["$ref"].split("/")[1:]))
    return schema


def problems(kind: str, place: tuple[str, ...], shown: Any) -> Iterator[str]:
    """What the schema at `place` does not allow in `shown`, a `request` or a `response`."""
    for error in _validator(kind, place).iter_errors(shown):
        yield f"{_where(error)}: {_ends(error.message)}"
        for inner in sorted(error.context or (), key=lambda found: -len(found.absolute_path))[:8]:
            yield f"  {_where(inner)}: {_ends(inner.message)}"


@cache
def _registry() -> Any:
    return Registry().with_resource(_HERE, Resource.opaque(document()))


@cache
def _validator(kind: str, place: tuple[str, ...]) -> Any:
    factory = _FACTORIES[kind]
    pointer = "".join(f"/{quote(key.replace('~', '~0').replace('/', '~1'))}" for key in place)
    return factory.schema_validator_cls(
        {"$ref": f"{_HERE}#{pointer}"}, registry=_registry(), format_checker=factory.format_checker
    )


def _where(error: Any) -> str:
    return ".".join(map(str, error.absolute_path))


def _ends(text: str) -> str:
    return text if len(text) < 400 else f"{text[:150]} … {text[-200:]}"
