from __future__ import annotations

from typing import Any

from services.registry.domain import publication, submissions
from services.registry.domain.access import NotOwner, may_see
from services.registry.domain.state import Model, evolve
from shared.errors import Forbidden, Invalid
from shared.events import registry as facts
from tests.support.models import ANYONE, MAX, OLGA, RITA, SAM, llm
from tests.support.scenario import Scenario
from tests.unit.registry.test_submissions import NOW, published, registered, revise


def again(before: Scenario[Model]) -> Scenario[Model]:
    return Scenario(before.after, evolve)


def sha(model: Model, revision: int) -> str:
    return model.revisions[revision].content.document_sha256


def publish(before: Scenario[Model], revision: int = 1, **changes: Any) -> Scenario[Model]:
    arguments = {"revision": revision, "document_sha256": sha(before.state, revision), "reviewer": "rita"}
    return before.when(publication.publish, **(arguments | changes))


def visibility(before: Scenario[Model], wanted: str, **changes: Any) -> Scenario[Model]:
    arguments = {"name": "tiny", "visibility": wanted, "reason": "", "actor": MAX, "now": NOW}
    return before.when(submissions.change_visibility, **(arguments | changes))


def test_an_approved_submission_is_published() -> None:
    (event,) = publish(registered()).then_types(facts.ModelPublished)
    assert (event.revision, event.visibility, event.reviewer) == (1, "public", "rita")


def test_an_approval_twice_publishes_once() -> None:
    publish(published()).then()


def test_an_approval_after_withdrawal_publishes_nothing() -> None:
    withdrawn = again(registered().when(submissions.withdraw, name="tiny", number=1, reason="", actor=MAX))
    (event,) = publish(withdrawn).then_types(facts.PublicationSkipped)
    assert "withdrawn" in event.reason


def test_an_approval_of_a_superseded_submission_publishes_nothing() -> None:
    newer = again(revise(registered(), llm(context_length=1)))
    (event,) = publish(newer).then_types(facts.PublicationSkipped)
    assert "superseded" in event.reason


def test_an_approval_after_archiving_publishes_nothing() -> None:
    archived = again(registered().when(publication.archive, name="tiny", reason="old", actor=MAX))
    (event,) = publish(archived).then_types(facts.PublicationSkipped)
    assert "archived" in event.reason


def test_an_approval_of_other_content_publishes_nothing() -> None:
    publish(registered(), document_sha256="0" * 64).then_types(facts.PublicationSkipped)


def test_an_approval_of_a_quarantined_model_publishes_nothing() -> None:
    held = again(registered().when(publication.quarantine, name="tiny", reason="malware", actor=OLGA))
    publish(held).then_types(facts.PublicationSkipped)


def test_a_rejected_revision_waits_no_longer_and_is_told_once() -> None:
    rejected = registered().when(publication.note_rejection, revision=1, feedback="no")
    rejected.then(facts.RevisionRejected(model_name="tiny", revision=1, feedback="no"))
    model = again(rejected).state
    assert (model.pending, model.proposed is model.revisions[1]) == (None, True)
    again(rejected).when(publication.note_rejection, revision=1, feedback="no").then()


def test_a_rejection_that_comes_after_a_newer_submission_changes_nothing() -> None:
    newer = again(revise(registered(), llm(context_length=1)))
    newer.when(publication.note_rejection, revision=1, feedback="no").then()


def test_a_rejected_revision_may_be_withdrawn() -> None:
    rejected = again(registered().when(publication.note_rejection, revision=1, feedback="no"))
    rejected.when(submissions.withdraw, name="tiny", number=1, reason="", actor=MAX).then_types(facts.RevisionWithdrawn)


def test_archiving_takes_the_pending_submission_back() -> None:
    registered().when(publication.archive, name="tiny", reason="old", actor=MAX).then_types(
        facts.RevisionWithdrawn, facts.ModelArchived
    )


def test_narrowing_holds_at_once() -> None:
    (event,) = visibility(published(), "private").then_types(facts.VisibilityNarrowed)
    assert (event.before, event.visibility) == ("public", "private")


def test_widening_is_a_submission_of_the_same_content() -> None:
    private = again(visibility(published(), "private"))
    (event,) = visibility(private, "public").then_types(facts.ModelUpdated)
    assert (event.visibility, event.document) == ("public", private.state.revisions[1].content.document)
    assert private.state.visibility == "private"


def test_widening_while_a_review_is_open_carries_the_pending_content() -> None:
    private = again(publish(registered(visibility="private")))
    pending = again(revise(private, llm(context_length=7), content=None or _private(llm(context_length=7))))
    (event,) = visibility(pending, "public").then_types(facts.ModelUpdated)
    assert '"context_length": 7' in event.document
    state = again(visibility(pending, "public")).state
    assert (state.submitted, state.revisions[2].state) == (3, "superseded")


def test_a_verdict_on_an_older_submission_does_not_widen_what_was_narrowed_since() -> None:
    pending = again(revise(published(), llm(context_length=7)))
    narrowed = again(visibility(pending, "private"))
    (event,) = publish(narrowed, 2).then_types(facts.ModelPublished)
    assert event.visibility == "private"


def test_only_owners_and_operators_change_visibility() -> None:
    visibility(published(), "private", actor=SAM).fails(NotOwner)
    visibility(published(), "private", actor=OLGA).then_types(facts.VisibilityNarrowed)


def test_deprecating_needs_a_published_model() -> None:
    arguments = {"name": "tiny", "reason": "old", "replacement": "tiny-2", "actor": MAX}
    registered().when(publication.deprecate, **arguments).fails(publication.WrongModelState, "unpublished")
    published().when(publication.deprecate, **arguments).then_types(facts.ModelDeprecated)


def test_restoring_undoes_archiving() -> None:
    archived = again(published().when(publication.archive, name="tiny", reason="old", actor=MAX))
    restored = archived.when(publication.restore, name="tiny", reason="back", actor=MAX)
    assert restored.after.state == "published"


def test_the_last_owner_cannot_leave_a_model_alone_but_an_operator_can_take_it() -> None:
    leave = {"name": "tiny", "add": [], "remove": ["max"], "reason": "bye"}
    published().when(publication.change_owners, **leave, actor=MAX).fails(Invalid, "at least one owner")
    published().when(publication.change_owners, **leave, actor=OLGA).then_types(facts.OwnersChanged)


def test_a_shared_model_may_be_changed_by_whom_it_is_shared_with() -> None:
    shared = again(
        published().when(publication.change_owners, name="tiny", add=["sam"], remove=[], reason="team", actor=MAX)
    )
    revise(shared, llm(context_length=1), actor=SAM).then_types(facts.ModelUpdated)


def test_only_operators_feature_and_quarantine() -> None:
    published().when(publication.feature, name="tiny", featured=True, reason="", actor=MAX).fails(Forbidden)
    published().when(publication.feature, name="tiny", featured=True, reason="", actor=OLGA).then_types(
        facts.FeaturedChanged
    )
    published().when(publication.quarantine, name="tiny", reason="x", actor=RITA).fails(Forbidden)


def test_a_quarantined_model_is_hidden_from_all_but_owners_reviewers_and_operators() -> None:
    model = published().when(publication.quarantine, name="tiny", reason="x", actor=OLGA).after
    assert [may_see(model, who) for who in (ANYONE, SAM, MAX, RITA, OLGA)] == [False, False, True, True, True]


def test_an_enterprise_model_is_seen_by_its_groups() -> None:
    shown = again(publish(registered(visibility="enterprise")))
    granted = shown.when(publication.change_groups, name="tiny", add=["g1"], remove=[], reason="pilot", actor=MAX).after
    member = type(SAM)(id="sam", roles=("user",), groups=("g1",))
    assert may_see(granted, member)
    assert not may_see(granted, SAM)


def _private(text: str) -> submissions.Content:
    from tests.support.models import content

    return content(text, visibility="private")
