from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask

from gateway.i18n import install_i18n
from gateway.service_words import PHRASES, SENTENCES, in_language

ROOT = Path(__file__).resolve().parents[3]
HOLE = "\0"
# Between values, and between a sentence and one within it.
OWN_WORDS = re.compile(r"%\(\w+\)s|\{\w+\}|[{}]|(?:, line |[,:;.] )|(?<!\w)'[]}]'")
# Where what services say to people is made: their sentences are all in the table.
SPOKEN = ("services/registry/rules/messages.py", "services/registry/domain/upstream.py", "services/pr_bot/reconcile")
SAID_AS = {"reason", "note"}
EDGE = (
    "gateway/form_edits.py",
    "gateway/errors.py",
    "gateway/auth.py",
    "gateway/routes/reviews.py",
    "gateway/routes/pages/access.py",
)
# Not a sentence of the hub's: somebody's own words stand in it.
QUOTING = {f"revision {HOLE} was withdrawn in the hub{HOLE}"}


@pytest.fixture(scope="module")
def app() -> Flask:
    made = Flask("gateway.app", root_path=str(ROOT / "gateway"))
    install_i18n(made)
    return made


def said(app: Flask, text: str, language: str = "zh") -> str:
    with app.test_request_context(headers={"Accept-Language": language}):
        return in_language(text)


def flat(node: ast.AST) -> str:
    """A string of the source with a hole for each value; "" for what is none."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        text = re.sub(r"(?<!\{)\{\w+\}(?!\})", HOLE, node.value)
        return text.replace("{{", "{").replace("}}", "}")
    if isinstance(node, ast.JoinedStr):
        parts = [part.value if isinstance(part, ast.Constant) else HOLE for part in node.values]
        return "".join(str(part) for part in parts)
    return ""


def strings(*places: str) -> Iterator[str]:
    for place in places:
        path = ROOT / place
        for file in sorted(path.rglob("*.py")) if path.is_dir() else [path]:
            yield from (text for node in ast.walk(ast.parse(file.read_text("utf-8"))) if (text := flat(node)))


def spoken(place: str) -> Iterator[str]:
    """What is given as a reason or a note, and the templates that are constants."""
    path = ROOT / place
    for file in sorted(path.rglob("*.py")) if path.is_dir() else [path]:
        for node in ast.walk(ast.parse(file.read_text("utf-8"))):
            if isinstance(node, ast.keyword) and node.arg in SAID_AS:
                yield flat(node.value)
            if file.name == "messages.py" and isinstance(node, ast.Assign):
                yield flat(node.value)


def role_refusals() -> set[str]:
    """What a route says to whom lacks its roles; as `gateway.auth.requires` joins them."""
    sources = "\n".join(file.read_text("utf-8") for file in sorted((ROOT / "gateway" / "routes").rglob("*.py")))
    asked = re.findall(r"@requires\(([^)]*)\)", sources)
    joined = {" or ".join(re.findall(r"\w+", roles)) for roles in asked}
    return {f"this needs the role {roles}; ask an operator" for roles in joined}


def test_who_lacks_a_role_is_told_so_in_the_pages_language(app: Flask) -> None:
    refused = role_refusals()
    assert len(refused) >= 3
    assert refused <= set(SENTENCES)
    assert all("角色" in said(app, each) for each in refused)


def test_every_sentence_of_the_table_is_one_that_a_service_says() -> None:
    known = "\n".join([*strings("services", "shared", *EDGE), *role_refusals()])
    words = {part.strip() for each in PHRASES for part in OWN_WORDS.split(each)}
    assert sorted(part for part in words if part not in known) == []


def test_every_reason_and_every_message_is_in_the_table() -> None:
    table = {re.sub(r"%\(\w+\)s", HOLE, sentence) for sentence in SENTENCES}
    heard = {text for place in SPOKEN for text in spoken(place) if " " in text} - QUOTING
    assert len(heard) > 30
    assert sorted(heard - table) == []


def test_values_stay_and_sentences_within_a_sentence_are_translated(app: Flask) -> None:
    text = 'model_lang is missing: expected a list; write ["en"]'
    assert said(app, text) == '缺少 model_lang：应为列表；请写成 ["en"]'
    assert said(app, "the model is archived, and upstream does not hold it") == "模型已归档，且上游没有它"


def test_what_is_no_sentence_of_the_table_stays_as_it_is(app: Flask) -> None:
    assert said(app, "Pin the source, please.") == "Pin the source, please."
    assert said(app, "it broke; the model is not public") == "it broke; 模型不是公开的"
    assert said(app, "the model is archived", "en") == "the model is archived"
    assert said(app, "") == ""
