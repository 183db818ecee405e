"""The OpenAPI document as a page can show it: groups of operations, fields in words. Pure."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

METHODS = ("get", "post", "put", "patch", "delete")
TONES = {"get": "info", "post": "ok", "put": "warn", "patch": "warn", "delete": "bad"}
Spec = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiField:
    """A parameter or a member of a body. `kind` says its type in words; `schema` names one that is described."""

    name: str
    kind: str
    place: str = ""
    required: bool = False
    default: str = ""
    limits: str = ""
    schema: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiAnswer:
    status: str
    words: str
    kind: str = ""
    schema: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """`anchor` is the id of its place on the page, `example` a line for a shell."""

    method: str
    path: str
    anchor: str
    summary: str
    parameters: tuple[ApiField, ...]
    body: tuple[ApiField, ...]
    answers: tuple[ApiAnswer, ...]
    example: str

    @property
    def tone(self) -> str:
        return TONES[self.method]


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiGroup:
    name: str
    title: str
    operations: tuple[Operation, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiSchema:
    name: str
    fields: tuple[ApiField, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Api:
    title: str
    version: str
    groups: tuple[ApiGroup, ...] = field(default=())
    schemas: tuple[ApiSchema, ...] = field(default=())


def read_api(spec: Spec, base_url: str) -> Api:
    """Groups in the document's order; `base_url` is where the examples go to."""
    described = {tag["name"]: tag.get("description", "") for tag in spec.get("tags", [])}
    by_tag: dict[str, list[Operation]] = {name: [] for name in described}
    for path, item in spec.get("paths", {}).items():
        for method in METHODS:
            if method in item:
                tag = (item[method].get("tags") or ["other"])[0]
                by_tag.setdefault(tag, []).append(_operation(spec, path, method, item, base_url))
    schemas = spec.get("components", {}).get("schemas", {})
    return Api(
        title=spec["info"]["title"],
        version=spec["info"]["version"],
        groups=tuple(
            ApiGroup(name=name, title=described.get(name) or name, operations=tuple(operations))
            for name, operations in by_tag.items()
            if operations
        ),
        schemas=tuple(ApiSchema(name=name, fields=tuple(_members(schemas[name]))) for name in sorted(schemas)),
    )


def _operation(spec: Spec, path: str, method: str, item: Mapping[str, Any], base_url: str) -> Operation:
    given = item[method]
    body = _body_schema(spec, given)
    parameters = [_parameter(each) for each in [*item.get("parameters", []), *given.get("parameters", [])]]
    return Operation(
        method=method,
        path=path,
        anchor=f"{method}-{re.sub(r'[^a-z0-9]+', '-', path.lower()).strip('-')}",
        summary=given.get("summary", ""),
        parameters=tuple(parameters),
        body=tuple(_members(body)),
        answers=tuple(_answers(spec, given.get("responses", {}))),
        example=_example(method, f"{base_url}{path}", body),
    )


def _parameter(given: Mapping[str, Any]) -> ApiField:
    made = _field(given["name"], given.get("schema", {}), required=bool(given.get("required")))
    return ApiField(
        name=made.name,
        kind=made.kind,
        place=given.get("in", ""),
        required=made.required,
        default=made.default,
        limits=made.limits,
    )


def _body_schema(spec: Spec, given: Mapping[str, Any]) -> Mapping[str, Any]:
    found: Mapping[str, Any] = _resolved(spec, _content_schema(given.get("requestBody", {})))
    return found


def _content_schema(holder: Mapping[str, Any]) -> Mapping[str, Any]:
    """The schema of a body or an answer, whatever its media type."""
    found: list[Mapping[str, Any]] = [media.get("schema", {}) for media in holder.get("content", {}).values()]
    return found[0] if found else {}


def _resolved(spec: Spec, schema: Mapping[str, Any]) -> Any:
    if "$ref" not in schema:
        return schema
    found: Any = spec
    for step in schema["$ref"].removeprefix("#/").split("/"):
        found = found[step]
    return found


def _members(schema: Mapping[str, Any]) -> Iterator[ApiField]:
    required = set(schema.get("required", []))
    for name, member in schema.get("properties", {}).items():
        yield _field(name, member, required=name in required)


def _field(name: str, schema: Mapping[str, Any], *, required: bool) -> ApiField:
    default: Any = schema.get("default")
    return ApiField(
        name=name,
        kind=_kind(schema),
        required=required,
        default="" if default in (None, "", [], {}) else json.dumps(default),
        limits=_limits(schema),
        schema=_schema_name(schema),
    )


def _kind(schema: Mapping[str, Any]) -> str:
    if name := _reference(schema):
        return name
    if schema.get("allOf"):
        return _kind(schema["allOf"][0])
    if schema.get("type") == "array":
        return f"[{_kind(schema.get('items', {}))}]"
    values = [value for value in schema.get("enum", []) if value not in ("", None)]
    if values:
        return " | ".join(str(value) for value in values)
    if schema.get("type") == "object" and isinstance(extra := schema.get("additionalProperties"), Mapping) and extra:
        return f"{{…: {_kind(extra)}}}"
    return str(schema.get("format") or schema.get("type") or "any")


def _reference(schema: Mapping[str, Any]) -> str:
    return str(schema.get("$ref", "")).rsplit("/", 1)[-1]


def _schema_name(schema: Mapping[str, Any]) -> str:
    """The schema a field's value is described by, also behind a list or a map."""
    extra = schema.get("additionalProperties")
    inner = [schema.get("items"), *schema.get("allOf", []), extra if isinstance(extra, Mapping) else None]
    found = [_reference(schema), *(_schema_name(each) for each in inner if each)]
    return next((name for name in found if name), "")


def _limits(schema: Mapping[str, Any]) -> str:
    low, high = schema.get("minimum"), schema.get("maximum")
    words = []
    if low is not None and high is not None:
        words.append(f"{low:g} – {high:g}")
    elif low is not None:
        words.append(f"≥ {low:g}")
    if (most := schema.get("maxLength")) is not None:
        words.append(f"≤ {most:,} characters")
    return ", ".join(words)


def _answers(spec: Spec, responses: Mapping[str, Any]) -> Iterator[ApiAnswer]:
    """Refusals are the same everywhere and said once, so only what else can come."""
    for status, given in sorted(responses.items(), key=lambda item: str(item[0])):
        if str(status) == "default" or str(status)[0] in "45":
            continue
        answer = _resolved(spec, given)
        schema = _content_schema(answer)
        yield ApiAnswer(
            status=str(status),
            words=answer.get("description", ""),
            kind=_kind(schema) if schema else "",
            schema=_schema_name(schema),
        )


def _example(method: str, url: str, body: Mapping[str, Any]) -> str:
    """A line for a shell; braces in the address are to be filled in."""
    words = ["curl", *([] if method == "get" else ["-X", method.upper()])]
    if method != "get":
        words.append('-H "Authorization: Bearer $HUB_API_TOKEN"')
    if body.get("properties"):
        given = {name: _sample(body["properties"][name]) for name in body.get("required", [])}
        words += ["--json", f"'{json.dumps(given)}'"]
    return " ".join([*words, f"'{url}'"])


def _sample(schema: Mapping[str, Any]) -> Any:
    values = [value for value in schema.get("enum", []) if value not in ("", None)]
    if values:
        return values[0]
    samples: dict[str, Any] = {"integer": 1, "boolean": True, "array": [], "number": 1}
    return samples.get(str(schema.get("type", "")), "…")
