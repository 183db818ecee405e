"""What validation finds and the registry refuses has Chinese, all of it: no English word stays on a Chinese page."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from gateway.findings import finding
from gateway.i18n import install_i18n
from gateway.service_words import in_language, phrase_in_language
from services.registry.rules import TYPES, validate
from services.registry.rules.schemas import record_schema
from shared.client_releases import hard_refusals, usability
from shared.document import parse
from shared.errors import Invalid
from tests.support.smallest_records import record, release_table

ROOT = Path(__file__).resolve().parents[3]
# What is given to these as a sentence is said to people.
INWARD = "_Odd"
SAYING = {"Fault", "Verdict", "fault", "_note", "_stop", "_at_start"}
SAID_IN = (
    "services/registry/application",
    "services/registry/domain",
    "services/registry/projection.py",
    "shared/client_record.py",
    "shared/client_releases.py",
    "shared/document",
    "gateway/form_edits.py",
)
# Parts of a sentence that begins elsewhere; every one of them is among the findings below.
PIECES = {"7, found 7.", "7, found an empty array; add a record."}
QUOTED = re.compile(r'"(?:[^"\\]|\\.)*"|\'[^\']*\'|[“"].*?[”"]')
ENGLISH = re.compile(
    r"\b(?:a|all|an|and|as|at|be|by|correct|does|expected|each|found|has|in|is|it|its|leave|least|most|must|needs|no"
    r"|not|of|one|or|out|such|that|the|this|to|which|with|write|would)\b",
    re.IGNORECASE,
)
ODD: tuple[Any, ...] = (None, True, 0, 7, "", "odd", "x" * 300, 10**25, [], [""], [7], {}, {"odd": 1}, [{}])
UNREADABLE = (
    "",
    "\ufeff{}",
    "\ud800",
    "\x00{}",
    '{"a": "\\u0000", "b": "\\ud800"}',
    "[" * 70 + "]" * 70,
    "[]",
    '[1, null, [], "x"]',
    '"x"',
    "[{}" + ", {}" * 300 + "]",
    "[" + "0," * 60_000 + "0]",
    "x" * 2_200_000,
    '{"a": 1',
    '{"a" 1}',
    '{"a": 1 "b"}',
    '{"a": [1 2]}',
    "{a: 1}",
    '{"a": }',
    '{"a": NaN}',
    '{"a": 9223372036854775808, "b": 1e999}',
    '{"a": 1, "a": 2}',
    '{"a": "b}',
    "{} {}",
    '{"a": 1,}',
)


@pytest.fixture(scope="module")
def app() -> Flask:
    made = Flask("gateway.app", root_path=str(ROOT / "gateway"))
    install_i18n(made)
    return made


def left_in_english(sentences: set[str]) -> list[str]:
    """Those that a Chinese reader meets with English in them, outside of what is quoted."""
    return sorted(each for each in sentences if ENGLISH.search(QUOTED.sub("", each)))


def sentence(node: ast.AST) -> str:
    """A sentence of the source with a value in each hole, "" for what is none."""
    if isinstance(node, ast.JoinedStr):
        parts = [part.value if isinstance(part, ast.Constant) else "7" for part in node.values]
        return "".join(map(str, parts))
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else ""


def said_in(place: str) -> Iterator[str]:
    path = ROOT / place
    for file in sorted(path.rglob("*.py")) if path.is_dir() else [path]:
        for node in ast.walk(ast.parse(file.read_text("utf-8"))):
            if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "message":
                yield sentence(node.value)
            raised = node.exc if isinstance(node, ast.Raise) else node
            if not isinstance(raised, ast.Call) or name_of(raised) == INWARD:
                continue
            if raised is not node or name_of(raised) in SAYING:
                yield from (sentence(each) for each in (*raised.args, *(word.value for word in raised.keywords)))


def name_of(call: ast.Call) -> str:
    return call.func.attr if isinstance(call.func, ast.Attribute) else ast.unparse(call.func)


def test_every_sentence_in_the_code_has_chinese(app: Flask) -> None:
    heard = {text for place in SAID_IN for text in said_in(place) if " " in QUOTED.sub("", text).strip()} - PIECES
    assert len(heard) > 60
    with app.test_request_context(headers={"Accept-Language": "zh"}):
        assert left_in_english({phrase_in_language(text) for text in heard}) == []


def test_every_hint_of_the_schemas_has_chinese(app: Flask) -> None:
    with app.test_request_context(headers={"Accept-Language": "zh"}):
        hints = {phrase_in_language(hint) for type_ in TYPES for hint in hints_of(record_schema(type_))}
    assert len(hints) > 15
    assert left_in_english(hints) == []


def hints_of(shape: Any) -> Iterator[str]:
    inner = shape.values() if isinstance(shape, dict) else shape if isinstance(shape, list) else ()
    if isinstance(shape, dict):
        yield from (shape[name] for name in ("x-expected", "x-remedy") if name in shape)
    for each in inner:
        yield from hints_of(each)


@pytest.mark.parametrize("type_", TYPES)
def test_every_finding_about_a_broken_record_has_chinese(app: Flask, type_: str) -> None:
    with app.test_request_context(headers={"Accept-Language": "zh"}):
        found = {each for broken in broken_records(type_) for each in findings_of(type_, json.dumps(broken))}
        told = {each for broken in broken_records(type_) for each in client_words(type_, broken)}
    assert len(found) > 50
    assert left_in_english(found | told) == []


def broken_records(type_: str) -> Iterator[dict[str, Any]]:
    """The smallest record with every member gone or odd in turn, also members that it need not have."""
    whole = record(type_)
    for name in (*record_schema(type_)["properties"], "is_builtin", "model_nmae"):
        yield {key: value for key, value in whole.items() if key != name}
        yield from ({**whole, name: odd} for odd in ODD)
    for odd in (*ODD, "qwen/3", ".x", "a..b", "x.lock", "-x", "x."):
        yield {**whole, "model_name": odd}
        yield from with_source(whole, {"model_id": "a/b", "quantizations": odd})
        yield from with_source(whole, {"model_id": odd, "updated_at": 1, "model_name": "other", "quantization": "Q8_0"})
    for form in ("ggufv2", "gptq", "odd"):
        yield from with_source(whole, {"model_id": "a/b", "quantizations": ["Q4_K_M", "Q8_0"]}, model_format=form)
    gguf = {"model_id": "a/b", "quantizations": ["Q4_K_M", "Q8_0"], "model_file_name_template": ""}
    yield from with_source(whole, gguf | {"quantization_parts": {"Q8_0": []}}, model_format="ggufv2")
    yield from with_source(whole, gguf | {"model_file_name_template": "x.gguf"}, model_format="ggufv2")
    risky = {"packages": ["-i x", "git+https://a/b"], "find_links": "https://a", "index_strategy": "unsafe-best-match"}
    yield {**whole, "virtualenv": risky, "chat_template": "{{ x.__class__ }}", "source_revision": "main"}


def with_source(whole: dict[str, Any], source: dict[str, Any], **spec: Any) -> Iterator[dict[str, Any]]:
    yield {**whole, "model_src": {"odd_hub": source}}
    yield {**whole, "model_specs": [{"model_format": "pytorch", "model_src": {"huggingface": source}, **spec}]}


def findings_of(type_: str, text: str) -> Iterator[str]:
    report = validate(type_, text, table=release_table())
    yield from (finding("error", each.message)["message"] for each in (*report.errors, *report.warnings))


def client_words(type_: str, broken: dict[str, Any]) -> Iterator[str]:
    table = release_table()
    yield from (in_language(each.message) for each in hard_refusals(table, type_, [broken]))
    yield from (phrase_in_language(span.verdict.why) for span in usability(table, type_, [broken], table.releases))


def test_every_finding_about_an_unreadable_text_has_chinese(app: Flask) -> None:
    with app.test_request_context(headers={"Accept-Language": "zh"}):
        found = {each for text in UNREADABLE for each in findings_of("llm", text)}
        refused = {in_language(refusal_of(text)) for text in UNREADABLE}
    assert len(found) > 15
    assert left_in_english(found | refused) == []


def refusal_of(text: str) -> str:
    with pytest.raises(Invalid) as refused:
        parse(text)
    return refused.value.message


def test_variants_that_are_one_or_bear_two_names_have_chinese(app: Flask) -> None:
    pairs = [[record("audio"), record("audio")], [record("audio"), record("audio", model_name="x")]]
    with app.test_request_context(headers={"Accept-Language": "zh"}):
        found = {each for pair in pairs for each in findings_of("audio", json.dumps(pair))}
        found |= set(findings_of("llm", json.dumps([record("llm"), record("llm")])))
    assert len(found) >= 3
    assert left_in_english(found) == []


def test_finding_names_the_member_that_is_missing_whatever_the_language(app: Flask) -> None:
    message = "model_specs[0].model_src is missing: expected a list; add it"
    with app.test_request_context(headers={"Accept-Language": "zh"}):
        found = finding("error", message, path="/model_specs/0")
    assert (found["missing"], found["message"]) == ("model_src", "缺少 model_specs[0].model_src：应为列表；请补上")


def test_people_keep_their_own_words(app: Flask) -> None:
    with app.test_request_context(headers={"Accept-Language": "zh"}):
        assert in_language("The README must be better, or shorter") == "The README must be better, or shorter"
        found = in_language('model_lang: expected a list, found "a list; or not, found"; correct it')
    assert found == 'model_lang：应为列表，实为 "a list; or not, found"；请改正'
