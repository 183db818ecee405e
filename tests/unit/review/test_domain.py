from __future__ import annotations

from typing import Any

from services.review import domain
from services.review.domain import Place, Reviewer, Reviews, evolve
from shared.errors import Invalid
from shared.events import review as facts
from tests.support.scenario import Scenario

SHA = "a" * 64
REVIEWER = Reviewer(id="rita", roles=("user", "reviewer"))
SUBMITTER = Reviewer(id="max", roles=("user", "maintainer", "reviewer"))


def requested(revision: int = 1, sha: str = SHA) -> facts.ReviewRequested:
    return facts.ReviewRequested(
        model_name="tiny",
        model_type="llm",
        revision=revision,
        document_sha256=sha,
        visibility="public",
        submitter="max",
    )


def approved(revision: int = 1) -> facts.Approved:
    return facts.Approved(
        model_name="tiny", revision=revision, document_sha256=SHA, visibility="public", reviewer="rita", feedback=""
    )


def scenario() -> Scenario[Reviews]:
    return Scenario(Reviews(name="tiny"), evolve)


def verdict(reviewer: Reviewer = REVIEWER, **changes: Any) -> dict[str, Any]:
    return {"name": "tiny", "revision": 1, "document_sha256": SHA, "feedback": "", "reviewer": reviewer, **changes}


def test_pending_review_can_be_approved() -> None:
    scenario().given(requested()).when(domain.approve, **verdict()).then(approved())


def test_closed_review_rejects_approval() -> None:
    scenario().given(requested(), approved()).when(domain.approve, **verdict()).fails(
        domain.ReviewAlreadyClosed, "found it approved"
    )


def test_approval_of_other_content_is_refused() -> None:
    scenario().given(requested()).when(domain.approve, **verdict(document_sha256="b" * 64)).fails(
        domain.ContentDiffers, "reload"
    )


def test_approval_of_a_revision_that_was_not_submitted_is_refused() -> None:
    scenario().when(domain.approve, **verdict()).fails(domain.ReviewNotFound)


def test_rejection_needs_feedback() -> None:
    scenario().given(requested()).when(domain.reject, **verdict(feedback="  \n")).fails(domain.FeedbackMissing)


def test_rejection_carries_feedback_to_the_submitter() -> None:
    (event,) = (
        scenario().given(requested()).when(domain.reject, **verdict(feedback="Pin it.")).then_types(facts.Rejected)
    )
    assert (event.submitter, event.feedback) == ("max", "Pin it.")


def test_nobody_reviews_an_own_submission() -> None:
    scenario().given(requested()).when(domain.approve, **verdict(SUBMITTER)).fails(domain.OwnSubmission)


def test_nobody_reviews_a_model_shared_with_them() -> None:
    owner = Reviewer(id="olga", roles=("reviewer",), owns=True)
    scenario().given(requested()).when(domain.reject, **verdict(owner, feedback="no")).fails(domain.OwnSubmission)


def test_one_person_install_reviews_its_own_and_the_event_says_so() -> None:
    alone = Reviewer(id="max", roles=("operator",), may_review_own=True)
    (event,) = scenario().given(requested()).when(domain.approve, **verdict(alone)).then_types(facts.Approved)
    assert event.self_review


def test_a_person_without_the_role_may_not_review() -> None:
    nobody = Reviewer(id="nina", roles=("user", "maintainer"))
    scenario().given(requested()).when(domain.approve, **verdict(nobody)).fails(domain.NotReviewer)


def test_newer_submission_supersedes_the_pending_verdict() -> None:
    scenario().given(requested()).when(domain.request_review, requested=requested(2)).then(
        facts.ReviewSuperseded(model_name="tiny", revision=1, by_revision=2), requested(2)
    )


def test_newer_submission_leaves_a_given_verdict_alone() -> None:
    scenario().given(requested(), approved()).when(domain.request_review, requested=requested(2)).then(requested(2))


def test_a_review_is_requested_once() -> None:
    scenario().given(requested()).when(domain.request_review, requested=requested()).then()


def test_withdrawal_closes_a_pending_review() -> None:
    scenario().given(requested()).when(domain.withdraw, revision=1, reason="typo").then(
        facts.ReviewWithdrawn(model_name="tiny", revision=1, reason="typo")
    )


def test_withdrawal_leaves_a_given_verdict_alone() -> None:
    scenario().given(requested(), approved()).when(domain.withdraw, revision=1, reason="typo").then()


def test_owner_may_comment_and_a_stranger_may_not() -> None:
    words = {"name": "tiny", "revision": 1, "text": "Why 8 B?", "at": Place(path="/model_specs/0", line=3)}
    owner = Reviewer(id="olga", roles=("user",), owns=True)
    stranger = Reviewer(id="sam", roles=("user",))
    given = scenario().given(requested())
    given.when(domain.comment, **words, author=owner).then_types(facts.ReviewCommented)
    given.when(domain.comment, **words, author=stranger).fails(domain.NotReviewer)


def test_comment_on_a_removed_line_names_the_revision_that_has_it() -> None:
    words = {"name": "tiny", "revision": 2, "text": "Why?", "author": REVIEWER}
    given = scenario().given(requested(2))
    given.when(domain.comment, **words, at=Place(line=3, side="old", against=1)).then(
        facts.ReviewCommented(model_name="tiny", revision=2, author="rita", text="Why?", line=3, side="old", against=1)
    )
    given.when(domain.comment, **words, at=Place(line=3, side="old")).fails(Invalid, "found 0")
    given.when(domain.comment, **words, at=Place(line=3, side="old", against=2)).fails(Invalid, "found 2")


def test_comment_on_no_line_has_no_side() -> None:
    scenario().given(requested()).when(
        domain.comment, name="tiny", revision=1, text="Why?", at=Place(side="old", against=7), author=REVIEWER
    ).then(facts.ReviewCommented(model_name="tiny", revision=1, author="rita", text="Why?"))


def test_claiming_tells_who_is_at_it() -> None:
    scenario().given(requested()).when(domain.claim, name="tiny", revision=1, reviewer=REVIEWER).then(
        facts.ReviewClaimed(model_name="tiny", revision=1, reviewer="rita")
    )
