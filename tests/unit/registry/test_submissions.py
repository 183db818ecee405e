from __future__ import annotations

import json
from typing import Any

from services.registry.domain import publication, submissions
from services.registry.domain.access import ModelNotFound, NotOwner
from services.registry.domain.state import Model, evolve
from shared import document
from shared.errors import Invalid
from shared.events import registry as facts
from tests.support.models import ANYONE, MAX, OLGA, RITA, SAM, content, llm
from tests.support.scenario import Scenario

NOW = 1_800_000_000


def scenario() -> Scenario[Model]:
    return Scenario(Model(), evolve)


def registered(**changes: Any) -> Scenario[Model]:
    state = scenario().when(submissions.register, content=content(**changes), submit=True, actor=MAX, now=NOW).after
    return Scenario(state, evolve)


def published(**changes: Any) -> Scenario[Model]:
    before = registered(**changes)
    state = before.when(
        publication.publish,
        revision=1,
        document_sha256=before.state.revisions[1].content.document_sha256,
        reviewer="rita",
    ).after
    return Scenario(state, evolve)


def revise(before: Scenario[Model], document_text: str, **changes: Any) -> Scenario[Model]:
    arguments: dict[str, Any] = {
        "content": content(document_text),
        "base_revision": before.state.latest,
        "submit": True,
        "actor": MAX,
        "now": NOW,
    }
    return before.when(submissions.revise, **(arguments | changes))


def stamp_of(text: str) -> Any:
    return json.loads(text).get("updated_at")


def test_registering_submits_a_first_revision_with_a_stamp() -> None:
    (event,) = (
        scenario()
        .when(submissions.register, content=content(), submit=True, actor=MAX, now=NOW)
        .then_types(facts.ModelSubmitted)
    )
    assert (event.revision, event.base_revision, event.submitter) == (1, 0, "max")
    assert stamp_of(event.document) == NOW
    assert event.document_sha256 == document.sha256(event.document)


def test_a_draft_is_kept_as_it_was_typed() -> None:
    (event,) = (
        scenario()
        .when(submissions.register, content=content(), submit=False, actor=MAX, now=NOW)
        .then_types(facts.RevisionDrafted)
    )
    assert event.document == llm()


def test_a_taken_name_is_refused_whoever_holds_it() -> None:
    registered().when(submissions.register, content=content(), submit=True, actor=SAM, now=NOW).fails(
        submissions.NameTaken, "without regard to case"
    )


def test_a_revision_on_a_stale_base_answers_with_the_merge() -> None:
    newer = Scenario(revise(published(), llm(context_length=8192)).after, evolve)
    refused = revise(newer, llm(model_lang=["en", "zh"]), base_revision=1)
    refused.fails(submissions.StaleBase, "expected base_revision 2, found 1")
    assert isinstance(refused.error, submissions.StaleBase)
    merge = refused.error.details["merge"]
    assert merge["clean"]
    assert (json.loads(merge["document"])["context_length"], json.loads(merge["document"])["model_lang"]) == (
        8192,
        ["en", "zh"],
    )


def test_a_base_that_never_was_is_bad_input() -> None:
    revise(published(), llm(context_length=1), base_revision=7).fails(Invalid, "does not exist")


def test_an_unchanged_revision_records_nothing() -> None:
    revise(published(), llm()).then()


def test_an_unchanged_revision_may_be_sent_again_after_withdrawal() -> None:
    before = registered().when(submissions.withdraw, name="tiny", number=1, reason="", actor=MAX)
    revise(Scenario(before.after, evolve), llm()).then_types(facts.ModelUpdated)


def test_a_readme_change_alone_keeps_the_stamp() -> None:
    (event,) = revise(published(), llm(), content=content(readme="# more"), now=NOW + 50).then_types(facts.ModelUpdated)
    assert stamp_of(event.document) == NOW


def test_a_changed_document_gets_a_greater_stamp_even_when_the_clock_stands() -> None:
    (event,) = revise(published(), llm(context_length=8192), now=NOW).then_types(facts.ModelUpdated)
    assert stamp_of(event.document) == NOW + 1


def test_only_changed_variants_are_stamped() -> None:
    one = json.loads(llm())
    other = {**one, "model_engine": "vllm"}
    both = json.dumps([one, other], indent=2)
    before = published(document=both)
    changed = json.dumps([one, {**other, "context_length": 1}], indent=2)
    (event,) = revise(before, changed, now=NOW + 9).then_types(facts.ModelUpdated)
    assert [record["updated_at"] for record in json.loads(event.document)] == [NOW, NOW + 9]


def test_a_revision_keeps_name_and_type() -> None:
    refused = revise(published(), llm(), content=content(llm("other"), name="other", type="audio"))
    refused.fails(Invalid, "keeps the model's name and type")


def test_a_stranger_gets_not_found_until_the_model_is_public() -> None:
    revise(registered(), llm(context_length=1), actor=SAM).fails(ModelNotFound)
    revise(published(), llm(context_length=1), actor=SAM).fails(NotOwner)
    revise(published(), llm(context_length=1), actor=ANYONE).fails(NotOwner)
    revise(registered(), llm(context_length=1), actor=RITA).fails(NotOwner)


def test_an_operator_revises_any_model() -> None:
    revise(published(), llm(context_length=1), actor=OLGA).then_types(facts.ModelUpdated)


def test_a_newer_submission_supersedes_the_pending_one() -> None:
    state = revise(registered(), llm(context_length=1)).after
    assert (state.submitted, state.revisions[1].state, state.revisions[2].state) == (2, "superseded", "submitted")


def test_a_draft_is_saved_again_under_its_number_against_its_hash() -> None:
    drafted = Scenario(revise(published(), llm(context_length=1), submit=False).after, evolve)
    sha256 = drafted.state.revisions[2].content.document_sha256
    again: dict[str, Any] = {"content": content(llm(context_length=2)), "number": 2, "actor": MAX}
    (event,) = drafted.when(submissions.save_draft, **again, base_sha256=sha256).then_types(facts.RevisionDrafted)
    assert event.revision == 2
    drafted.when(submissions.save_draft, **again, base_sha256="0" * 64).fails(
        submissions.StaleBase, "saved it meanwhile"
    )


def test_a_submitted_number_is_immutable() -> None:
    before = registered()
    sha256 = before.state.revisions[1].content.document_sha256
    before.when(submissions.save_draft, content=content(), number=1, base_sha256=sha256, actor=MAX).fails(
        submissions.RevisionClosed, "expected a draft, found it submitted"
    )


def test_submitting_a_draft_keeps_its_number_and_stamps_it() -> None:
    drafted = Scenario(revise(published(), llm(context_length=1), submit=False).after, evolve)
    (event,) = drafted.when(
        submissions.submit_draft, name="tiny", number=2, checks=(), actor=MAX, now=NOW + 5
    ).then_types(facts.ModelUpdated)
    assert (event.revision, stamp_of(event.document)) == (2, NOW + 5)


def test_a_published_revision_cannot_be_withdrawn() -> None:
    published().when(submissions.withdraw, name="tiny", number=1, reason="", actor=MAX).fails(
        submissions.RevisionClosed
    )


def test_an_archived_model_takes_no_revision() -> None:
    archived = Scenario(published().when(publication.archive, name="tiny", reason="old", actor=MAX).after, evolve)
    revise(archived, llm(context_length=1)).fails(submissions.ModelArchivedError, "restore it first")


def test_content_sent_again_after_narrowing_asks_for_the_wider_visibility_anew() -> None:
    before = published(visibility="public").when(
        submissions.change_visibility, name="tiny", visibility="private", reason="leak", actor=MAX, now=NOW
    )
    narrowed = Scenario(before.after, evolve)
    text = narrowed.state.revisions[1].content.document
    assert narrowed.state.visibility_of(narrowed.state.revisions[1]) == "private"
    revise(narrowed, text, content=content(text, visibility="private")).then_types()
    revise(narrowed, text, content=content(text, visibility="public")).then_types(facts.ModelUpdated)


def test_draft_keeps_the_checks_that_are_shown_beside_it() -> None:
    checks = (facts.Check(level="error", message="model_specs is missing"),)
    drafted = scenario().when(submissions.register, content=content(checks=checks), submit=False, actor=MAX, now=NOW)
    (event,) = drafted.then_types(facts.RevisionDrafted)
    assert event.checks == checks


def test_widening_a_draft_never_submits_what_no_rule_has_passed() -> None:
    before = registered(visibility="private")
    withdrawn = before.when(submissions.withdraw, name="tiny", number=1, reason="", actor=MAX)
    rough = content(llm(model_specs=None), visibility="private")
    drafted = revise(Scenario(withdrawn.after, evolve), rough.document, content=rough, submit=False).after
    Scenario(drafted, evolve).when(
        submissions.change_visibility, name="tiny", visibility="enterprise", reason="", actor=MAX, now=NOW
    ).then_types(facts.RevisionDrafted)
