from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from services.registry.rules import TYPES, record_schema, required_of, schema_of
from tests.support.smallest_records import record


@pytest.mark.parametrize("type_", TYPES)
def test_schema_is_valid_draft_2020_12_and_plain_json(type_: str) -> None:
    schema = schema_of(type_)
    Draft202012Validator.check_schema(schema)
    assert json.loads(json.dumps(schema)) == schema


@pytest.mark.parametrize("type_", TYPES)
def test_schema_takes_one_record_or_an_array_of_one(type_: str) -> None:
    validator = Draft202012Validator(schema_of(type_))
    assert validator.is_valid(record(type_))
    assert validator.is_valid([record(type_)])
    assert not validator.is_valid([])
    assert not validator.is_valid("text")
    assert not validator.is_valid(record(type_, is_builtin=True))


@pytest.mark.parametrize("type_", TYPES)
def test_every_member_has_a_title_for_forms(type_: str) -> None:
    untitled = [path for path, shape in members(record_schema(type_)) if "title" not in shape]
    assert untitled == []


@pytest.mark.parametrize("type_", TYPES)
def test_required_members_are_described(type_: str) -> None:
    assert set(required_of(type_)) <= set(record_schema(type_)["properties"])


def test_unknown_type_has_no_schema() -> None:
    with pytest.raises(KeyError):
        schema_of("flexible")


def members(schema: dict[str, Any], path: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    for name, shape in schema.get("properties", {}).items():
        yield f"{path}/{name}", shape
        for inner in (shape, shape.get("items"), shape.get("additionalProperties")):
            if isinstance(inner, dict):
                yield from members(inner, f"{path}/{name}")
