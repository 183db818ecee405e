"""Every request and every answer is held against GitHub's own description; what it lets through is checked by hand."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tests.support.github import checking_graphql, described
from tests.support.github.answering import Answer, Route
from tests.support.github.described import CONTENTS, at, problems, resolved, value

if TYPE_CHECKING:
    from tests.support.github.server import Request

# What GitHub answers anywhere, and its description names only here and there.
_UNDESCRIBED = {304, 400, 401, 403, 404, 405, 409, 410, 422, 429, 500, 502, 503}
_BODY_OF_LABELS = "/repos/{owner}/{repo}/issues/{issue_number}/labels"
_ROOT = ("/repos/{owner}/{repo}/contents", "/repos/{owner}/{repo}/contents/")
# Media types that the documentation of these operations names, and not always their description.
_TEXTS = ("application/vnd.github.diff", "application/vnd.github.sha")
# Of every user now, and not yet in every description of one.
_ANYWHERE = {"user_view_type"}


class Violation(AssertionError):
    """Something passed that GitHub's description does not allow."""


@dataclass(slots=True)
class Checked:
    """Collects what was wrong. `passed` counts the exchanges and webhooks looked at."""

    violations: list[str] = field(default_factory=list)
    passed: int = 0

    def exchange(self, route: Route, request: Request, answer: Answer) -> None:
        """One call: what was asked, by this route of ours, and what the fake answered."""
        where = f"{request.method} {request.target} -> {answer.status}"
        self.passed += 1
        self.violations += [f"{where}: {found}" for found in _exchange(route, request, answer)]

    def webhook(self, event: str, payload: Mapping[str, Any]) -> None:
        name = "-".join([event, *([payload["action"]] if "action" in payload else [])]).replace("_", "-")
        self.passed += 1
        self.violations += [f"webhook {name}: {found}" for found in _webhook(name, payload)]

    def refuse(self) -> None:
        """Raises Violation where anything was wrong."""
        if self.violations:
            raise Violation("not as GitHub describes its API:\n" + "\n".join(dict.fromkeys(self.violations)))


def _exchange(route: Route, request: Request, answer: Answer) -> Iterator[str]:
    body = _loaded(request.content)
    if route.template == "/graphql":
        yield from checking_graphql.problems(body, answer.body) if answer.status == 200 else ()
        return
    template, method = CONTENTS if route.template in _ROOT else route.template, request.method.lower()
    operation = described.operation(template, method)
    if operation is None:
        yield "an operation that GitHub does not have"
        return
    # Where the answer says already that it is wrong, the schema need not.
    told = answer.status in (400, 422)
    yield from _query(template, method, request.query, told=told)
    if "requestBody" in operation:
        yield from _body(template, method, body, told=told)
    elif request.content:
        yield "a body where GitHub takes none"
    yield from _answer(template, method, answer)


def _query(template: str, method: str, query: Mapping[str, str], *, told: bool) -> Iterator[str]:
    operation = described.operation(template, method) or {}
    known = {}
    for number in range(len(operation.get("parameters", ()))):
        place = at("paths", template, method, "parameters", number)
        if value(place)["in"] == "query":
            known[value(place)["name"]] = (*place, "schema")
    for name, text in query.items():
        if name not in known:
            yield f"the query parameter {name!r} is unknown"
        elif not told:
            given = _cast(resolved(value(known[name])), text)
            yield from (f"query parameter {name!r}: {found}" for found in problems("request", known[name], given))


def _cast(schema: Mapping[str, Any], text: str) -> Any:
    if schema.get("type") == "integer" and text.lstrip("-").isdigit():
        return int(text)
    return {"true": True, "false": False}.get(text, text) if schema.get("type") == "boolean" else text


def _body(template: str, method: str, body: Any, *, told: bool) -> Iterator[str]:
    asked = at("paths", template, method, "requestBody")
    place = (*asked, "content", "application/json", "schema")
    if template == _BODY_OF_LABELS and isinstance(body, list):
        # "You can also pass an array of labels directly", says its text, and not its schema.
        body = {"labels": body}
    if body is None:
        if value(asked).get("required") and not told:
            yield "no body where GitHub requires one"
        return
    yield from (f"the body's {key} is unknown" for key in _unknown_keys(value(place), body, "body"))
    yield from problems("request", place, body) if not told else ()


def _answer(template: str, method: str, answer: Answer) -> Iterator[str]:
    status = str(answer.status)
    if status not in (described.operation(template, method) or {})["responses"]:
        if answer.status not in _UNDESCRIBED:
            yield "a status that GitHub does not give here"
        elif answer.status != 304 and "message" not in (answer.body or {}):
            yield "an error without a message"
        return
    place = at("paths", template, method, "responses", status)
    content_type = answer.content_type.partition(";")[0]
    if isinstance(answer.body, str):
        if content_type not in _TEXTS:
            yield f"an answer of type {content_type}"
    elif "content" in value(place):
        schema = (*place, "content", content_type, "schema")
        yield from problems("response", schema, _known_authors(answer.body))
        if answer.status < 400:
            strange = _unknown_keys(value(schema), answer.body, "body")
            yield from (f"the answer's {key} is not GitHub's" for key in strange)


def _webhook(name: str, payload: Mapping[str, Any]) -> Iterator[str]:
    if described.operation(f"/webhooks/{name}", "post") is None:
        yield "an event that scripts/github_description.py does not keep"
        return
    place = at("paths", f"/webhooks/{name}", "post", "requestBody")
    schema = (*place, "content", "application/json", "schema")
    yield from problems("request", schema, payload)
    yield from (f"{key} is not GitHub's" for key in _unknown_keys(value(schema), payload, "payload"))


def _loaded(content: bytes) -> Any:
    try:
        return json.loads(content or b"null")
    except ValueError:
        return None


def _known_authors(body: Any) -> Any:
    """GitHub gives null for an author without an account, and describes an empty object."""
    if isinstance(body, list):
        return [_known_authors(one) for one in body]
    if not isinstance(body, dict):
        return body
    if "commit" in body and "comments_url" in body:
        return body | {role: body[role] or {} for role in ("author", "committer")}
    return {key: _known_authors(one) if isinstance(one, list | dict) else one for key, one in body.items()}


def _forms(schema: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """The schema, and all that it is put together of."""
    found = resolved(schema)
    parts = [part for key in ("oneOf", "anyOf", "allOf") for part in found.get(key, ())]
    return [found, *(form for part in parts for form in _forms(part))]


def _unknown_keys(schema: Mapping[str, Any], given: Any, where: str) -> Iterator[str]:
    """OpenAPI lets any further key pass: a misspelt one would do nothing, one of the fake alone would be used."""
    forms = _forms(schema)
    if isinstance(given, list):
        items: Mapping[str, Any] = next((form["items"] for form in forms if "items" in form), {})
        for number, one in enumerate(given):
            yield from _unknown_keys(items, one, f"{where}[{number}]")
    elif isinstance(given, dict):
        known = {key: below for form in forms for key, below in form.get("properties", {}).items()}
        free = any(form.get("additionalProperties") for form in forms)
        for key, one in given.items():
            if key in known:
                yield from _unknown_keys(known[key], one, f"{where}.{key}")
            elif not free and key not in _ANYWHERE:
                yield f"key {where}.{key}"
