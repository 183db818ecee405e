"""Every request and every answer is held against GitHub's own description; what it lets through is checked by hand."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from openapi_core import OpenAPI
from openapi_core.configurations import Config
from openapi_core.datatypes import RequestParameters
from werkzeug.datastructures import Headers, ImmutableMultiDict

from scripts.github_description import description
from tests.support.github import checking_graphql
from tests.support.github.answering import Answer, Route

if TYPE_CHECKING:
    from tests.support.github.server import Request

_HOST = "https://api.github.com"
# What GitHub does and its description leaves out.
_UNDESCRIBED = {304, 400, 401, 403, 404, 405, 409, 410, 422, 429, 500, 502, 503}
_BODY_OF_LABELS = "/repos/{owner}/{repo}/issues/{issue_number}/labels"
_ROOT = ("/repos/{owner}/{repo}/contents", "/repos/{owner}/{repo}/contents/")


class Violation(AssertionError):
    """Something passed that GitHub's description does not allow."""


@dataclass(slots=True)
class _Asked:
    """A request as openapi-core wants it; slashes within a part of the path are escaped, which OpenAPI cannot have."""

    host_url: str
    path: str
    method: str
    parameters: RequestParameters
    content_type: str
    body: bytes | None


@dataclass(slots=True)
class _Answered:
    status_code: int
    headers: Headers
    content_type: str
    data: bytes | None


@dataclass(slots=True)
class Checked:
    """Collects what was wrong. `passed` counts the exchanges and webhooks looked at."""

    violations: list[str] = field(default_factory=list)
    passed: int = 0

    def exchange(self, route: Route, named: Mapping[str, str], request: Request, answer: Answer) -> None:
        """One call: what was asked, by this route of ours, and what the fake answered."""
        where = f"{request.method} {request.target} -> {answer.status}"
        self.passed += 1
        self.violations += [f"{where}: {found}" for found in _exchange(route, named, request, answer)]

    def webhook(self, event: str, payload: Mapping[str, Any]) -> None:
        name = "-".join([event, *([payload["action"]] if "action" in payload else [])]).replace("_", "-")
        self.passed += 1
        self.violations += [f"webhook {name}: {found}" for found in _webhook(name, payload)]

    def refuse(self) -> None:
        """Raises Violation where anything was wrong."""
        if self.violations:
            raise Violation("not as GitHub describes its API:\n" + "\n".join(dict.fromkeys(self.violations)))


@cache
def _api() -> OpenAPI:
    return OpenAPI.from_dict(_document(), config=Config(spec_validator_cls=None))  # type: ignore[arg-type]


@cache
def _document() -> dict[str, Any]:
    document = dict(description().openapi)
    # It tells a file from a folder by a property, and a folder is an array.
    found = document["paths"][f"{_ROOT[0]}/{{path}}"]["get"]["responses"]["200"]
    del found["content"]["application/json"]["schema"]["discriminator"]
    _let_null_be_null(document)
    return document


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


def _exchange(route: Route, named: Mapping[str, str], request: Request, answer: Answer) -> Iterator[str]:
    if route.template == "/graphql":
        yield from checking_graphql.problems(_loaded(request.content), answer.body) if answer.status == 200 else ()
        return
    template = _ROOT[0] + "/{path}" if route.template in _ROOT else route.template
    operation = _document()["paths"].get(template, {}).get(request.method.lower())
    if operation is None:
        yield "an operation that GitHub does not have"
        return
    call = _asked(template, {"path": "."} | dict(named), request)
    yield from _unknown_query(operation, request)
    yield from _request(template, operation, call, told=answer.status in (400, 422))
    yield from _response(operation, call, answer)


def _asked(template: str, named: Mapping[str, str], request: Request) -> _Asked:
    path = template
    for name, value in named.items():
        path = path.replace(f"{{{name}}}", quote(value, safe=""))
    parameters = RequestParameters(query=ImmutableMultiDict(request.query), header=Headers(request.headers))
    content_type = request.headers.get("content-type", "").partition(";")[0]
    return _Asked(_HOST, path, request.method.lower(), parameters, content_type, request.content or None)


def _unknown_query(operation: Mapping[str, Any], request: Request) -> Iterator[str]:
    known = {found["name"] for found in map(_resolved, operation.get("parameters", ())) if found["in"] == "query"}
    for name in request.query.keys() - known:
        yield f"the query parameter {name!r} is unknown"


def _request(template: str, operation: Mapping[str, Any], asked: _Asked, *, told: bool) -> Iterator[str]:
    """`told`: the answer says already that it is wrong."""
    if "requestBody" in operation:
        schema = operation["requestBody"]["content"]["application/json"]["schema"]
        body = _loaded(asked.body)
        if template == _BODY_OF_LABELS and isinstance(body, list):
            # "You can also pass an array of labels directly", says its text, and not its schema.
            body = {"labels": body}
            asked = replace(asked, body=_bytes(body))
        if body is not None:
            yield from (f"the body's {key} is unknown" for key in _unknown_keys(schema, body, "body"))
    elif asked.body is not None:
        yield "a body where GitHub takes none"
    for error in _api().iter_request_errors(asked) if not told else ():
        yield from _said(error)


def _loaded(content: bytes | None) -> Any:
    try:
        return json.loads(content or b"null")
    except ValueError:
        return None


def _response(operation: Mapping[str, Any], asked: _Asked, answer: Answer) -> Iterator[str]:
    described = str(answer.status) in operation["responses"]
    if not described:
        if answer.status not in _UNDESCRIBED:
            yield "a status that GitHub does not give here"
        elif answer.status != 304 and "message" not in (answer.body or {}):
            yield "an error without a message"
        return
    if "content" not in _resolved(operation["responses"][str(answer.status)]):
        return
    content_type = answer.content_type.partition(";")[0]
    data = answer.body.encode() if isinstance(answer.body, str) else _bytes(_known_authors(answer.body))
    headers = Headers(dict(answer.headers))
    if isinstance(answer.body, str):
        if content_type not in _resolved(operation["responses"][str(answer.status)])["content"] and (
            content_type != "application/vnd.github.diff"
        ):
            yield f"an answer of type {content_type}"
        return
    for error in _api().iter_response_errors(asked, _Answered(answer.status, headers, content_type, data)):
        yield from _said(error)


def _webhook(name: str, payload: Mapping[str, Any]) -> Iterator[str]:
    path = f"/webhooks/{name}"
    if path not in _document()["paths"]:
        yield "an event that scripts/github_description.py does not keep"
        return
    asked = _Asked(_HOST, path, "post", RequestParameters(), "application/json", _bytes(payload))
    for error in _api().iter_request_errors(asked):
        yield from _said(error)


def _bytes(body: Any) -> bytes:
    return json.dumps(body).encode()


def _known_authors(body: Any) -> Any:
    """GitHub gives null for an author without an account, and describes an empty object."""
    if isinstance(body, list):
        return [_known_authors(one) for one in body]
    if not isinstance(body, dict):
        return body
    if "commit" in body and "comments_url" in body:
        return body | {role: body[role] or {} for role in ("author", "committer")}
    return {key: _known_authors(one) if isinstance(one, list | dict) else one for key, one in body.items()}


def _resolved(schema: Mapping[str, Any]) -> Mapping[str, Any]:
    while "$ref" in schema:
        _, _, kind, name = schema["$ref"].split("/")
        schema = _document()["components"][kind][name]
    return schema


def _unknown_keys(schema: Mapping[str, Any], value: Any, where: str) -> Iterator[str]:
    """OpenAPI lets any further key pass, so that a misspelt one would do nothing and nobody would know."""
    forms = [_resolved(schema)]
    for key in ("oneOf", "anyOf", "allOf"):
        forms += [_resolved(form) for form in forms[0].get(key, ())]
    if isinstance(value, list):
        items: Mapping[str, Any] = next((form["items"] for form in forms if "items" in form), {})
        for number, one in enumerate(value):
            yield from _unknown_keys(items, one, f"{where}[{number}]")
    elif isinstance(value, dict):
        known = {key: below for form in forms for key, below in form.get("properties", {}).items()}
        free = any(form.get("additionalProperties") for form in forms)
        for key, one in value.items():
            if key in known:
                yield from _unknown_keys(known[key], one, f"{where}.{key}")
            elif not free:
                yield f"key {where}.{key}"


def _said(error: BaseException) -> Iterator[str]:
    """The innermost words: which part of the body, and what was expected of it."""
    cause = error.__cause__ or error
    details = getattr(cause, "schema_errors", None) or getattr(error, "schema_errors", None)
    if not details:
        yield f"{type(error).__name__}: {error} {cause if cause is not error else ''}".strip()
        return
    for detail in details:
        yield f"{'.'.join(map(str, detail.absolute_path))}: {_ends(detail.message)}"
        for inner in sorted(detail.context or (), key=lambda found: -len(found.absolute_path))[:8]:
            yield f"  {'.'.join(map(str, inner.absolute_path))}: {_ends(inner.message)}"


def _ends(text: str) -> str:
    return text if len(text) < 400 else f"{text[:150]} … {text[-200:]}"
