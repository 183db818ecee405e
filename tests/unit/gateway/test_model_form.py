"""Form and text in step: over every real record, an untouched form changes no byte and a field changes its own."""

from __future__ import annotations

import json
import random
from collections.abc import Mapping
from typing import Any

import pytest

from gateway.findings import finding
from gateway.form_edits import apply_act, apply_form, changed
from gateway.form_words import errors_by_field
from gateway.model_form import FormField, ModelForm, model_form
from services.registry.rules.schemas import schema_of
from services.registry.rules.validation import validate
from shared.client_release_table import packaged_table
from shared.document import locate_all, remove_member
from shared.errors import Invalid
from shared.model_facts import TYPES
from tests.support.models import llm
from tests.support.real_data import wheel_models
from tests.support.smallest_records import record

SCHEMAS = {kind: schema_of(kind) for kind in TYPES}
TYPED = {"whole": "4321", "size": "3.25", "words": "one, two", "lines": "one\ntwo", "numbers": "7, 8"}


def shown(form: ModelForm) -> dict[str, list[str]]:
    """What a browser sends of a form that nobody touched."""
    sent = {}
    for field in form.fields:
        sent[field.name] = list(field.items) if field.kind == "chips" else [field.value]
        if field.kind == "chips":
            sent[field.more_name] = [""]
    return sent


def with_change(field: FormField) -> dict[str, list[str]]:
    """Something else in one field."""
    if field.kind == "chips":
        return {field.name: [*field.items[1:]], field.more_name: ["other_one"]}
    if field.kind == "flag":
        return {field.name: ["false" if field.value == "true" else "true"]}
    return {field.name: [TYPED.get(field.kind, f"{field.value}x")]}


def leaves(value: Any, pointer: str = "") -> Mapping[str, Any]:
    if isinstance(value, dict | list) and value:
        items = value.items() if isinstance(value, dict) else enumerate(value)
        return {at: each for key, part in items for at, each in leaves(part, f"{pointer}/{key}").items()}
    return {pointer: value}


def real(kind: str) -> dict[str, str]:
    return {path: text for path, text in wheel_models().items() if f"/{kind}/" in path}


@pytest.mark.parametrize("kind", TYPES)
def test_an_untouched_form_changes_no_byte_of_any_real_model(kind: str) -> None:
    texts = real(kind)
    assert texts
    for path, text in texts.items():
        form = model_form(kind, text, schema=SCHEMAS[kind])
        assert form.records, path
        assert changed(form, shown(form)) == [], path
        assert apply_form(kind, text, schema=SCHEMAS[kind], sent=shown(form)) == text, path


@pytest.mark.parametrize("kind", TYPES)
def test_one_field_changes_its_own_bytes_and_no_others(kind: str) -> None:
    """One field of each real model, each kind and place of field somewhere among them."""
    chance = random.Random(7)
    for path, text in real(kind).items():
        if len(text) > 100_000:
            continue
        form = model_form(kind, text, schema=SCHEMAS[kind])
        field = chance.choice([each for each in form.fields if each.kind != "fixed" and each.key != "model_name"])
        after = apply_form(kind, text, schema=SCHEMAS[kind], sent=shown(form) | with_change(field))
        assert after != text, (path, field)
        before, now = leaves(json.loads(text)), leaves(json.loads(after))
        others = {at for at in {*before, *now} if before.get(at) != now.get(at)}
        assert all(at == field.pointer or at.startswith(f"{field.pointer}/") for at in others), (path, others)
        if field.was is None:
            assert remove_member(after, field.pointer) == text, (path, field)
        else:
            start = locate_all(text, [field.pointer])[field.pointer].offset
            assert after[:start] == text[:start], (path, field)
            tail = text[start + len(_raw(text, start)) :]
            assert after.endswith(tail), (path, field)


def _raw(text: str, start: int) -> str:
    _value, end = json.JSONDecoder().raw_decode(text, start)
    return text[start:end]


@pytest.mark.parametrize("kind", TYPES)
def test_a_blank_document_begins_with_what_every_record_needs(kind: str) -> None:
    form = model_form(kind, "", schema=SCHEMAS[kind])
    name = next(field for field in form.fields if field.key == "model_name")
    made = apply_form(kind, "", schema=SCHEMAS[kind], sent=shown(form) | {name.name: ["tiny"]})
    value = json.loads(made)
    assert value["version"] == (1 if kind == "world" else 2)
    assert next(iter(leaves(value).values())) == value["version"] or "tiny" in made
    assert {field.pointer for field in model_form(kind, made, schema=SCHEMAS[kind]).fields} >= {name.pointer}


def test_a_new_member_takes_its_place_in_the_schemas_order() -> None:
    text = llm(context_length=None)
    form = model_form("llm", text, schema=SCHEMAS["llm"])
    after = apply_form("llm", text, schema=SCHEMAS["llm"], sent=shown(form) | {"f:/context_length": ["8192"]})
    assert '  "model_description": "A tiny model.",\n  "context_length": 8192,\n' in after


def test_members_that_no_field_shows_are_named_and_kept() -> None:
    text = llm(my_own={"deep": [1.50, 2]}, virtualenv={"packages": []})
    form = model_form("llm", text, schema=SCHEMAS["llm"])
    assert set(form.records[0].kept) == {"my_own", "virtualenv"}
    after = apply_form("llm", text, schema=SCHEMAS["llm"], sent=shown(form) | {"f:/model_description": ["New."]})
    assert after == text.replace("A tiny model.", "New.")


@pytest.mark.parametrize("value", ["line\rend", ["a", "a"], 5, {"a": 1}, [["x"]], True])
def test_what_a_field_cannot_hold_is_shown_and_left(value: Any) -> None:
    text = llm(model_description=value)
    form = model_form("llm", text, schema=SCHEMAS["llm"])
    field = next(each for each in form.fields if each.key == "model_description")
    assert field.kind == "fixed"
    assert apply_form("llm", text, schema=SCHEMAS["llm"], sent=shown(form) | {field.name: ["gone"]}) == text


def test_an_emptied_field_takes_its_member_away() -> None:
    form = model_form("llm", llm(), schema=SCHEMAS["llm"])
    after = apply_form("llm", llm(), schema=SCHEMAS["llm"], sent=shown(form) | {"f:/model_description": [""]})
    assert "model_description" not in json.loads(after)


def test_what_is_no_number_stays_for_validation_to_name() -> None:
    form = model_form("llm", llm(), schema=SCHEMAS["llm"])
    after = apply_form("llm", llm(), schema=SCHEMAS["llm"], sent=shown(form) | {"f:/context_length": ["40k"]})
    assert json.loads(after)["context_length"] == "40k"
    again = model_form("llm", after, schema=SCHEMAS["llm"])
    mended = apply_form("llm", after, schema=SCHEMAS["llm"], sent=shown(again) | {"f:/context_length": ["4096"]})
    assert mended == llm()


def test_forms_are_added_copied_and_removed() -> None:
    schema, place = SCHEMAS["llm"], "/model_specs"
    two = apply_act(llm(), f"copy:{place}/0", schema=schema)
    assert json.loads(two)["model_specs"][0] == json.loads(two)["model_specs"][1]
    assert apply_act(two, f"remove:{place}/1", schema=schema) == llm()
    more = json.loads(apply_act(llm(), f"add:{place}/-", schema=schema))["model_specs"][1]
    assert more == {"model_format": "pytorch", "model_src": {"huggingface": {"quantizations": ["none"]}}}


def test_a_second_source_has_the_builds_of_the_first_and_waits_for_its_repository() -> None:
    place = "/model_specs/0/model_src"
    after = apply_act(llm(), f"add:{place}/modelscope", schema=SCHEMAS["llm"])
    assert json.loads(after)["model_specs"][0]["model_src"]["modelscope"] == {"quantizations": ["none"]}
    assert apply_act(after, f"remove:{place}/modelscope", schema=SCHEMAS["llm"]) == llm()


def test_a_lone_record_becomes_a_list_when_a_variant_joins_it() -> None:
    text = json.dumps(record("audio", model_name="speaker", engine="PyTorch"), indent=2)
    after = apply_act(text, "add:/-", schema=SCHEMAS["audio"])
    assert after.startswith("[\n" + "\n".join(f"  {line}" for line in text.split("\n")) + ",\n")
    assert [each["model_name"] for each in json.loads(after)] == ["speaker", "speaker"]


def test_variants_are_renamed_together() -> None:
    text = json.dumps([record("audio", model_name="one", engine=engine) for engine in ("a", "b")])
    form = model_form("audio", text, schema=SCHEMAS["audio"])
    after = apply_form("audio", text, schema=SCHEMAS["audio"], sent=shown(form) | {"f:/0/model_name": ["two"]})
    assert [each["model_name"] for each in json.loads(after)] == ["two", "two"]


@pytest.mark.parametrize("act", ["", "remove:", "remove:/model_name", "add:/x", "copy:/model_specs/9", "drop:/1"])
def test_an_act_that_is_none_is_refused(act: str) -> None:
    with pytest.raises(Invalid):
        apply_act(llm(), act, schema=SCHEMAS["llm"])


@pytest.mark.parametrize("text", ["{", "[]", "[1]", "null", "[" * 3000, '{"a": 1, "a": 2}'])
def test_a_text_that_cannot_be_read_has_no_form_and_is_not_replaced(text: str) -> None:
    assert model_form("llm", text, schema=SCHEMAS["llm"]).records == ()
    with pytest.raises(Invalid):
        apply_form("llm", text, schema=SCHEMAS["llm"], sent={"f:/model_name": ["tiny"]})


@pytest.mark.parametrize("value", [5, None, "x", [], {}, [1], [{"model_src": 5}], [{"model_src": {"huggingface": 5}}]])
def test_no_shape_of_a_record_is_too_odd_for_a_form(value: Any) -> None:
    members = ("model_specs", "model_src", "model_name", "model_ability", "model_lang", "virtualenv", "engine")
    for kind in TYPES:
        for member in members:
            assert model_form(kind, json.dumps({member: value}), schema=SCHEMAS[kind]).records


def test_an_error_stands_at_its_field_also_where_the_field_is_missing() -> None:
    document = json.loads(llm(model_ability=["chta"], model_lang=None))
    del document["model_specs"][0]["model_src"]["huggingface"]["model_id"]
    text = json.dumps([document])
    report = validate("llm", text, table=packaged_table())
    problems = [finding("error", each.message, path=each.path) for each in report.errors]
    found = errors_by_field(model_form("llm", text, schema=SCHEMAS["llm"]), problems)
    assert set(found) == {
        "/0/model_ability",
        "/0/model_lang",
        "/0/model_specs/0/model_src/huggingface/model_id",
    }


@pytest.mark.parametrize("odd", ['["x"]', '"x"', "7"])
def test_source_is_not_added_to_what_holds_no_sources(odd: str) -> None:
    text = f'{{"model_name": "m", "model_src": {odd}}}'
    with pytest.raises(Invalid, match="load the page again"):
        apply_act(text, "add:/model_src/huggingface", schema=SCHEMAS["image"])
