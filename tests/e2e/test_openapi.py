"""The OpenAPI document that the hub serves tells every route of the REST API: bodies, answers, refusals."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest

from tests.support.running import TestHub, running_hub

# What the interface promises: method, path, fields of the body that must be told, the answer's status.
PUBLIC: list[tuple[str, str, set[str], str]] = [
    ("get", "/models", set(), "200"),
    *(("get", f"/models/{{name}}{page}", set(), "200") for page in ("", "/document", "/readme", "/revisions")),
    ("get", "/models/{name}/revisions/{number}", set(), "200"),
    ("get", "/models/{name}/revisions/{number}/diff", set(), "200"),
    ("get", "/models/{name}/timeline", set(), "200"),
    ("get", "/models/{name}/pull-request", set(), "200"),
    ("post", "/validate", {"type", "document"}, "200"),
    ("post", "/readme-template", {"type", "document"}, "200"),
    ("get", "/types", set(), "200"),
    ("get", "/types/{name}/schema", set(), "200"),
    ("post", "/session", {"login", "password"}, "200"),
    ("delete", "/session", set(), "204"),
    ("post", "/accounts", {"login", "email", "password"}, "201"),
    ("get", "/changes", set(), "200"),
]
CONTENT = {"type", "document", "readme", "visibility", "message"}
MEMBERS = {"add", "remove", "reason"}
SIGNED_IN: list[tuple[str, str, set[str], str]] = [
    ("post", "/models", CONTENT | {"submit"}, "201"),
    ("post", "/models/{name}/revisions", CONTENT | {"submit", "base_revision"}, "200"),
    ("put", "/models/{name}/revisions/{number}", CONTENT | {"base_sha256"}, "200"),
    *(("post", f"/models/{{name}}/revisions/{{number}}/{act}", set(), "200") for act in ("submit", "withdraw")),
    *(
        ("post", f"/models/{{name}}/revisions/{{number}}/{act}", {"document_sha256", "feedback"}, "200")
        for act in ("approve", "reject", "comments")
    ),
    ("get", "/reviews", set(), "200"),
    ("post", "/models/{name}/groups", MEMBERS, "200"),
    ("post", "/models/{name}/owners", MEMBERS, "200"),
    ("post", "/models/{name}/visibility", {"visibility"}, "202"),
    *(("post", f"/models/{{name}}/{act}", {"reason"}, "200") for act in ("deprecate", "archive", "restore")),
    *(("post", f"/models/{{name}}/pull-request/{act}", {"reason"}, "202") for act in ("retry", "rebuild", "reopen")),
    ("post", "/models/{name}/quarantine", {"reason"}, "200"),
    ("post", "/models/{name}/feature", {"featured", "reason"}, "200"),
    ("get", "/me", set(), "200"),
    ("patch", "/me", {"display_name", "email", "password"}, "200"),
    ("get", "/me/models", set(), "200"),
    ("get", "/me/tokens", set(), "200"),
    ("post", "/me/tokens", {"name", "scope"}, "201"),
    ("delete", "/me/tokens/{token_id}", set(), "204"),
    ("get", "/me/github-token", set(), "200"),
    ("put", "/me/github-token", {"token"}, "200"),
    ("patch", "/me/github-token", {"default_allowed"}, "200"),
    ("post", "/me/github-token/test", set(), "200"),
    ("delete", "/me/github-token", set(), "204"),
    ("get", "/me/notifications", set(), "200"),
    ("post", "/operations/parked/{parked_id}/retry", set(), "200"),
    ("get", "/users", set(), "200"),
    ("patch", "/users/{login}", {"roles", "disabled"}, "200"),
    ("get", "/groups", set(), "200"),
    ("post", "/groups", {"name"}, "201"),
    ("get", "/audit", set(), "200"),
    ("get", "/operations", set(), "200"),
]
QUERIES: dict[str, set[str]] = {
    "/models": {
        *("q", "type", "ability", "engine", "format", "quantization", "source", "language", "size_min_b"),
        *("size_max_b", "fits_gb", "featured", "status", "sort", "page", "per_page", "min_position"),
    },
    "/models/{name}/revisions/{number}/diff": {"against", "min_position"},
    "/reviews": {"state", "type", "sort", "page", "per_page", "min_position"},
    "/changes": {"after", "limit", "min_position"},
}
FIELDS: dict[tuple[str, str], set[str]] = {
    ("get", "/models"): {"items", "total", "page", "per_page", "facets"},
    ("get", "/models/{name}"): {
        *("name", "type", "visibility", "state", "revision", "document", "readme", "updated_at", "maintainers"),
        *("pending", "pull_request"),
    },
    ("get", "/models/{name}/pull-request"): {
        *("state", "number", "url", "branch", "base", "title", "body", "draft", "head_sha", "base_sha", "diff"),
        *("reason", "next_try_at"),
    },
    ("get", "/models/{name}/revisions/{number}/diff"): {"text", "changes"},
    ("post", "/models"): {"name", "type", "revision", "state", "document_sha256", "position"},
    ("post", "/models/{name}/revisions"): {"unchanged", "revision", "position"},
    ("get", "/reviews"): {"items", "total", "page", "per_page"},
    ("post", "/validate"): {"ok", "errors", "warnings"},
    ("post", "/readme-template"): {"readme"},
    ("post", "/models/{name}/revisions/{number}/approve"): {"position", "state"},
}
LISTS = [
    "/models",
    "/reviews",
    "/me/models",
    "/me/tokens",
    "/me/notifications",
    "/users",
    "/groups",
    "/audit",
    "/types",
]


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory, mode: str) -> Iterator[TestHub]:
    with running_hub(tmp_path_factory.mktemp("openapi"), mode=mode) as running:
        yield running


@pytest.fixture(scope="module")
def spec(hub: TestHub) -> dict[str, Any]:
    answer = hub.app.test_client().get("/api/openapi.json")
    assert (answer.status_code, answer.content_type) == (200, "application/json")
    found: dict[str, Any] = answer.get_json()
    return found


def resolved(spec: dict[str, Any], part: dict[str, Any]) -> dict[str, Any]:
    while "$ref" in part:
        found: Any = spec
        for step in part["$ref"].removeprefix("#/").split("/"):
            found = found[step]
        part = found
    return part


def operation(spec: dict[str, Any], method: str, path: str) -> dict[str, Any]:
    found: dict[str, Any] = spec["paths"][f"/api/v1{path}"][method]
    return found


def members(spec: dict[str, Any], told: dict[str, Any]) -> set[str]:
    """The properties of a body's or answer's JSON."""
    return set(resolved(spec, resolved(spec, told)["content"]["application/json"]["schema"])["properties"])


@pytest.mark.parametrize(("method", "path", "body", "status"), [*PUBLIC, *SIGNED_IN])
def test_every_promised_route_is_told_with_body_and_answer(
    spec: dict[str, Any], method: str, path: str, body: set[str], status: str
) -> None:
    told = operation(spec, method, path)
    assert told["summary"]
    assert status in told["responses"]
    if status != "204":
        assert resolved(spec, told["responses"][status])["content"]
    if body:
        assert body <= members(spec, told["requestBody"])


@pytest.mark.parametrize("path", QUERIES)
def test_every_promised_query_parameter_is_told(spec: dict[str, Any], path: str) -> None:
    told = {parameter["name"] for parameter in operation(spec, "get", path)["parameters"]}
    assert QUERIES[path] <= told


@pytest.mark.parametrize(("method", "path"), FIELDS)
def test_every_promised_field_of_an_answer_is_told(spec: dict[str, Any], method: str, path: str) -> None:
    responses = operation(spec, method, path)["responses"]
    told = next(responses[status] for status in ("200", "201", "202") if status in responses)
    assert FIELDS[method, path] <= members(spec, told)


@pytest.mark.parametrize("path", LISTS)
def test_every_list_has_the_shape_of_a_list(hub: TestHub, spec: dict[str, Any], path: str) -> None:
    shape = {"items", "total", "page", "per_page"}
    assert shape <= members(spec, operation(spec, "get", path)["responses"]["200"])
    answer = hub.api("olga").get(path).get_json()
    assert shape <= answer.keys()
    assert answer["total"] >= len(answer["items"])


def test_every_operation_tells_its_refusals_as_problems(spec: dict[str, Any]) -> None:
    for path, item in spec["paths"].items():
        for method, told in item.items():
            if method not in ("get", "post", "put", "patch", "delete") or not path.startswith("/api/v1"):
                continue
            refusals = {status: resolved(spec, given) for status, given in told["responses"].items()}
            problems = [given for status, given in refusals.items() if status == "default" or status >= "400"]
            assert {"404", "422", "default"} <= refusals.keys(), (method, path)
            for problem in problems:
                assert list(problem["content"]) == ["application/problem+json"], (method, path)
            if method in ("post", "put", "patch"):
                assert {"400", "409", "413", "415"} <= refusals.keys(), (method, path)


def test_what_needs_sign_in_says_so(spec: dict[str, Any]) -> None:
    assert {"token", "session"} == set(spec["components"]["securitySchemes"])
    for method, path, _, _ in SIGNED_IN:
        told = operation(spec, method, path)
        assert (bool(told.get("security")), {"401", "403"} <= told["responses"].keys()) == (True, True), path
    for method, path, _, _ in PUBLIC:
        assert "security" not in operation(spec, method, path), path


def test_every_route_of_the_api_is_in_the_document(hub: TestHub, spec: dict[str, Any]) -> None:
    for rule in hub.app.url_map.iter_rules():
        if rule.rule.startswith("/api/v1"):
            path = re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", rule.rule)
            for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}:
                assert method.lower() in spec["paths"].get(path, {}), (method, path)


def test_the_feed_is_in_the_document(spec: dict[str, Any]) -> None:
    told = spec["paths"]["/api/models/download"]["get"]
    assert {"200", "304", "400", "404"} <= told["responses"].keys()
    assert {"model_type", "model_name", "X-Models-Token"} <= {given["name"] for given in told["parameters"]}


def test_the_webhooks_door_is_in_the_document(spec: dict[str, Any]) -> None:
    told = spec["paths"]["/webhooks/github"]["post"]
    assert {"200", "202", "400", "401", "413", "415", "503"} <= told["responses"].keys()
    assert {"X-Hub-Signature-256", "X-GitHub-Event", "X-GitHub-Delivery"} == {
        given["name"] for given in told["parameters"]
    }


def test_the_document_names_nothing_that_is_not_in_it(spec: dict[str, Any]) -> None:
    def references(part: Any) -> Iterator[str]:
        if isinstance(part, dict):
            yield from [part["$ref"]] if isinstance(part.get("$ref"), str) else []
            for inner in part.values():
                yield from references(inner)
        elif isinstance(part, list):
            for inner in part:
                yield from references(inner)

    for reference in set(references(spec)):
        assert resolved(spec, {"$ref": reference})
