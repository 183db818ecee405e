"""GraphQL requests and answers, held against GitHub's schema."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

from graphql import (
    GraphQLError,
    GraphQLResolveInfo,
    GraphQLSchema,
    build_schema,
    execute_sync,
    parse,
    validate,
)

from scripts.github_description import description


@cache
def _schema() -> GraphQLSchema:
    return build_schema(description().graphql, assume_valid=True)


def problems(asked: Any, answered: Any) -> Iterator[str]:
    """What the schema does not allow in a request's body and in its answer's."""
    if not isinstance(asked, Mapping) or not isinstance(answered, Mapping):
        yield "expected an object as the body"
        return
    for key in asked.keys() - {"query", "variables", "operationName"}:
        yield f"the body's key {key} is unknown"
    try:
        document = parse(str(asked.get("query", "")))
    except GraphQLError as error:
        yield error.message
        return
    errors = validate(_schema(), document)
    yield from (error.message for error in errors)
    if errors or "errors" in answered:
        return
    variables = dict(asked.get("variables") or {})
    result = execute_sync(_schema(), document, answered["data"], variable_values=variables, field_resolver=_as_answered)
    yield from (f"answer: {error.message}" for error in result.errors or ())
    if not result.errors and result.data != answered["data"]:
        yield f"answer: expected {result.data}, found {answered['data']}"


def _as_answered(source: Mapping[str, Any], info: GraphQLResolveInfo[Any], **_arguments: Any) -> Any:
    return source.get(str(info.path.key))
