from __future__ import annotations

import json

from gateway.basics import read_basics
from gateway.editing import meeting, refusal, settled, typed, with_basics, written
from shared.errors import Invalid

TEXT = '{"model_name": "tiny", "model_description": "Old."}'


def form(document: str, *, was: str | None = None, **basics: str) -> dict[str, str]:
    """A form as the page sent it out with `was` in the JSON box, and as it came back."""
    page = written(model_type="llm", document=was if was is not None else document, readme="", visibility="private")
    named = {f"basic-{name}": value for name, value in {**page.basics, **basics}.items()}
    return {
        "type": "llm",
        "document": document,
        "basics_were": page.basics_mark,
        "document_was": page.document_mark,
        **named,
    }


def test_line_ends_of_browsers_are_not_the_documents() -> None:
    draft = typed({"type": "llm", "document": "{\r\n}\r\n", "readme": "a\r\nb"})
    assert (draft.document, draft.readme) == ("{\n}\n", "a\nb")


def test_facts_changed_alone_go_into_the_text_without_being_asked() -> None:
    sent = form(TEXT, description="New.")
    assert json.loads(with_basics(typed(sent), sent, asked=False).document)["model_description"] == "New."


def test_where_the_text_was_changed_too_it_has_the_last_word() -> None:
    pasted = TEXT.replace("Old.", "Pasted.")
    sent = form(pasted, was="", name="other")
    draft = with_basics(typed(sent), sent, asked=False)
    assert draft.document == pasted
    assert draft.basics["name"] == "tiny"


def test_an_untouched_form_builds_no_document() -> None:
    sent = form("")
    assert with_basics(typed(sent), sent, asked=False).document == ""


def test_asked_facts_go_into_a_changed_text_too() -> None:
    sent = form(TEXT, was="", description="New.")
    assert read_basics("llm", with_basics(typed(sent), sent, asked=True).document)["description"] == "New."


def test_refusal_sorts_errors_by_where_people_fix_them() -> None:
    errors = [
        {"path": "/document/model_ability/0", "message": "no", "line": 7},
        {"path": "/message", "message": "long"},
    ]
    why = refusal(Invalid("refused", details={"errors": errors}), status=422)
    assert why.problems == [{"severity": "error", "message": "no", "path": "/model_ability/0", "line": 7}]
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


def test_a_form_without_facts_says_nothing_about_them() -> None:
    sent = {key: value for key, value in form(TEXT).items() if not key.startswith("basic-")}
    assert with_basics(typed(sent), sent, asked=True).document == TEXT
