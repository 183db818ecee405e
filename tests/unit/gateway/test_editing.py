from __future__ import annotations

import json
from collections.abc import Mapping

import pytest
from werkzeug.datastructures import MultiDict

from gateway.editing import form_mark, meeting, refusal, settled, typed, with_act, with_form, written
from gateway.findings import finding
from gateway.model_form import model_form
from services.registry.rules.schemas import schema_of
from shared.errors import Invalid

TEXT = '{"model_name": "tiny", "model_description": "Old.", "model_ability": ["chat"]}'
SCHEMA = schema_of("llm")
DESCRIPTION, ABILITY = "f:/model_description", "f:/model_ability"


def form(
    document: str, changes: Mapping[str, list[str]] | None = None, *, was: str | None = None
) -> MultiDict[str, str]:
    """A form as the page sent it out with `was` in the JSON box, and as it came back."""
    text = was if was is not None else document
    page = written(model_type="llm", document=text, readme="", visibility="private")
    shown = model_form("llm", text, schema=SCHEMA)
    sent: dict[str, list[str]] = {}
    for field in shown.fields:
        sent[field.name] = list(field.items) if field.kind == "chips" else [field.value]
        if field.kind == "chips":
            sent[field.more_name] = [""]
    hidden = {"form_was": [form_mark(shown)], "document_was": [page.document_mark]}
    return MultiDict({"type": ["llm"], "document": [document]} | hidden | sent | dict(changes or {}))


def applied(sent: MultiDict[str, str], *, asked: bool) -> str:
    return with_form(typed(sent), sent, schema=SCHEMA, asked=asked).document


def test_line_ends_of_browsers_are_not_the_documents() -> None:
    draft = typed(MultiDict({"type": "llm", "document": "{\r\n}\r\n", "readme": "a\r\nb"}))
    assert (draft.document, draft.readme) == ("{\n}\n", "a\nb")


def test_fields_changed_alone_go_into_the_text_without_being_asked() -> None:
    sent = form(TEXT, {DESCRIPTION: ["New."], ABILITY: ["chat", "tools"]})
    assert applied(sent, asked=False) == TEXT.replace("Old.", "New.").replace('"chat"', '"chat", "tools"')


def test_where_the_text_was_changed_too_it_has_the_last_word() -> None:
    pasted = TEXT.replace("Old.", "Pasted.")
    assert applied(form(pasted, {DESCRIPTION: ["New."]}, was=TEXT), asked=False) == pasted


def test_an_untouched_form_builds_no_document() -> None:
    assert applied(form(""), asked=False) == ""
    assert applied(form(""), asked=True) == ""


def test_what_is_asked_for_goes_into_a_changed_text_too_and_nothing_else_does() -> None:
    text = TEXT.replace("tiny", "other")
    assert applied(form(text, {DESCRIPTION: ["New."]}, was=TEXT), asked=True) == text.replace("Old.", "New.")


def test_an_act_follows_what_was_typed() -> None:
    sent = form(TEXT, {DESCRIPTION: ["New."]})
    draft = with_form(typed(sent), sent, schema=SCHEMA, asked=True)
    made = json.loads(with_act(draft, "add:/model_specs/-", schema=SCHEMA).document)
    assert (made["model_description"], len(made["model_specs"])) == ("New.", 1)


@pytest.mark.parametrize("mark", ["", "[]", "{", "null", '{"/model_name": 5}', "[" * 5000])
def test_a_forged_mark_changes_nothing_but_what_was_sent(mark: str) -> None:
    sent = form(TEXT)
    sent["form_was"] = mark
    assert applied(sent, asked=True) == TEXT


def test_refusal_sorts_errors_by_where_people_fix_them() -> None:
    errors = [
        {"path": "/document/model_ability/0", "message": "no", "line": 7},
        {"path": "/message", "message": "long"},
    ]
    why = refusal(Invalid("refused", details={"errors": errors}), status=422)
    assert why.problems == [finding("error", "no", path="/model_ability/0", line=7)]
    assert why.fields == {"document": "no", "message": "long"}


BASE = '{"a": 1, "b": 1, "list": [{"model_name": "x", "v": 1}]}'
MINE = '{"a": 2, "b": 1, "list": [{"model_name": "x", "v": 2}]}'


def test_changes_of_different_places_meet_in_one_text() -> None:
    met = meeting(BASE, MINE, BASE.replace('"b": 1', '"b": 3'))
    assert met.text is not None
    assert json.loads(met.text) == {"a": 2, "b": 3, "list": [{"model_name": "x", "v": 2}]}


def test_each_conflict_is_decided_by_itself() -> None:
    theirs = BASE.replace('"a": 1', '"a": 9').replace('"b": 1', '"b": 8')
    met = meeting(BASE, MINE.replace('"b": 1', '"b": 7'), theirs)
    assert [conflict.path for conflict in met.conflicts] == ["/a", "/b"]
    done = settled(met, {"/a": "mine", "/b": "theirs"})
    assert done.text is not None
    assert json.loads(done.text) == {"a": 2, "b": 8, "list": [{"model_name": "x", "v": 2}]}


def test_an_undecided_conflict_stays_open() -> None:
    theirs = BASE.replace('"a": 1', '"a": 9')
    assert settled(meeting(BASE, MINE, theirs), {}).text is None


def test_a_removed_member_is_a_choice_too() -> None:
    theirs = '{"b": 1, "list": [{"model_name": "x", "v": 1}]}'
    met = meeting(BASE, MINE, theirs)
    assert len(met.conflicts) == 1
    done = settled(met, {met.conflicts[0].path: "theirs"})
    assert done.text is not None and "a" not in json.loads(done.text)


def test_a_page_without_the_form_says_nothing_about_it() -> None:
    sent = MultiDict({"type": "llm", "document": TEXT})
    assert applied(sent, asked=True) == TEXT
