from __future__ import annotations

from typing import Any

from gateway.api_docs import ApiField, read_api

SPEC: dict[str, Any] = {
    "info": {"title": "Hub", "version": "v1"},
    "tags": [{"name": "models", "description": "Models"}, {"name": "empty", "description": "Nothing"}],
    "paths": {
        "/models/{name}": {
            "parameters": [{"in": "path", "name": "name", "required": True, "schema": {"type": "string"}}],
            "get": {
                "tags": ["models"],
                "summary": "One model.",
                "parameters": [
                    {
                        "in": "query",
                        "name": "page",
                        "schema": {"type": "integer", "default": 1, "minimum": 1, "maximum": 9},
                    }
                ],
                "responses": {
                    "200": {
                        "description": "OK",
                        "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Model"}}},
                    },
                    "422": {"$ref": "#/components/responses/BAD"},
                    "default": {"$ref": "#/components/responses/BAD"},
                },
            },
            "post": {
                "tags": ["models"],
                "requestBody": {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/Model"}}}},
                "responses": {"201": {"description": "Created"}},
            },
        }
    },
    "components": {
        "schemas": {
            "Model": {
                "required": ["type", "size"],
                "properties": {
                    "type": {"enum": ["", "llm", "image"]},
                    "size": {"type": "integer"},
                    "note": {"type": "string", "maxLength": 4000, "default": "x"},
                    "parts": {"type": "array", "items": {"$ref": "#/components/schemas/Part"}},
                    "maybe": {"allOf": [{"$ref": "#/components/schemas/Part"}], "nullable": True},
                    "facets": {
                        "type": "object",
                        "additionalProperties": {"type": "array", "items": {"type": "string"}},
                    },
                },
            },
            "Part": {"properties": {"a": {"type": "string"}}},
        },
        "responses": {"BAD": {"description": "bad"}},
    },
}


def test_operations_stand_in_their_groups_and_empty_groups_are_left_out() -> None:
    api = read_api(SPEC, "http://hub")
    assert [(group.title, [item.method for item in group.operations]) for group in api.groups] == [
        ("Models", ["get", "post"])
    ]


def test_parameters_of_path_and_query_come_with_type_default_and_limits() -> None:
    get = read_api(SPEC, "http://hub").groups[0].operations[0]
    assert get.parameters == (
        ApiField(name="name", kind="string", place="path", required=True),
        ApiField(name="page", kind="integer", place="query", default="1", limits="1 – 9"),
    )
    assert get.anchor == "get-models-name"


def test_answers_name_their_schema_and_leave_common_refusals_out() -> None:
    get = read_api(SPEC, "http://hub").groups[0].operations[0]
    assert [(answer.status, answer.kind) for answer in get.answers] == [("200", "Model")]


def test_kinds_read_as_words() -> None:
    api = read_api(SPEC, "http://hub")
    fields = {item.name: item for item in next(s for s in api.schemas if s.name == "Model").fields}
    assert fields["type"].kind == "llm | image"
    assert (fields["parts"].kind, fields["parts"].schema) == ("[Part]", "Part")
    assert (fields["maybe"].kind, fields["maybe"].schema) == ("Part", "Part")
    assert fields["facets"].kind == "{…: [string]}"
    assert (fields["note"].default, fields["note"].limits) == ('"x"', "≤ 4,000 characters")


def test_example_is_a_line_for_a_shell_with_the_required_fields() -> None:
    get, post = read_api(SPEC, "http://hub").groups[0].operations
    assert get.example == "curl 'http://hub/models/{name}'"
    assert '--json \'{"type": "llm", "size": 1}\'' in post.example
    assert "Authorization: Bearer $HUB_API_TOKEN" in post.example
