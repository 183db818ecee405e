from __future__ import annotations

from functools import partial

from services.registry.application.upstream import _desired_state
from services.registry.domain import publication, submissions
from services.registry.domain.upstream import desired
from shared.events import registry as facts
from tests.support.models import MAX, content, llm
from tests.unit.registry.test_publication import again, publish, visibility
from tests.unit.registry.test_submissions import published, registered, revise
from tests.unit.registry.test_upstream import take


def test_a_widening_of_what_is_published_for_fewer_people_is_a_draft_until_its_verdict() -> None:
    private = again(publish(registered(visibility="private")))
    widened = again(visibility(private, "public"))
    told = _desired_state(widened.state, desired(widened.state), position=9)
    assert (told.wanted, told.revision, told.is_published) == ("content", 2, False)
    everyone = again(publish(widened, 2))
    assert _desired_state(everyone.state, desired(everyone.state), position=9).is_published


def test_a_change_of_the_readme_alone_leaves_the_published_request_ready() -> None:
    public = again(publish(registered()))
    content = public.state.revisions[1].content
    change = submissions.Content(
        name="tiny", type="llm", document=content.document, readme="# more", visibility="public", message=""
    )
    decide = partial(submissions.revise, content=change, base_revision=1, submit=True, actor=MAX, now=9)
    pending = again(public.when(decide))
    told = _desired_state(pending.state, desired(pending.state), position=9)
    assert (told.revision, told.is_published) == (1, True)


def test_a_rejected_submission_stays_wanted_and_carries_its_feedback() -> None:
    rejected = again(registered().when(publication.note_rejection, revision=1, feedback="say what it is for"))
    told = _desired_state(rejected.state, desired(rejected.state), position=9)
    assert (told.wanted, told.is_published) == ("content", False)
    assert (told.rejected_revision, told.rejected, told.reviewer) == (1, "say what it is for", "")
    newer = again(revise(rejected, llm(context_length=1)))
    told = _desired_state(newer.state, desired(newer.state), position=9)
    assert (told.rejected_revision, told.rejected) == (0, "")


def test_an_approved_revision_names_its_reviewer_and_the_owners() -> None:
    public = again(publish(registered()))
    told = _desired_state(public.state, desired(public.state), position=9)
    assert (told.is_published, told.reviewer, told.owners) == (True, "rita", ["max"])


def test_a_withdrawn_submission_leaves_the_reason_beside_what_stands() -> None:
    pending = again(revise(again(publish(registered())), llm(context_length=1)))
    withdraw = partial(submissions.withdraw, name="tiny", number=2, reason="wrong size", actor=MAX)
    withdrawn = again(pending.when(withdraw))
    told = _desired_state(withdrawn.state, desired(withdrawn.state), position=9)
    assert (told.revision, told.is_published, told.withdrawn, told.reason) == (
        1,
        True,
        True,
        "revision 2 was withdrawn in the hub: wrong size",
    )


def test_a_withdrawn_draft_is_not_spoken_of() -> None:
    drafted = again(revise(again(publish(registered())), llm(context_length=1), submit=False))
    withdrawn = again(drafted.when(submissions.withdraw, name="tiny", number=2, reason="secret", actor=MAX))
    assert desired(withdrawn.state).reason == ""


def test_the_warnings_of_the_submission_come_with_it() -> None:
    checks = (facts.Check(level="warning", message="no licence"), facts.Check(level="ok", message="schema"))
    model = registered(checks=checks).state
    assert _desired_state(model, desired(model), position=9).warnings == ["no licence"]


def test_a_revision_of_the_readme_alone_says_that_it_needs_no_request() -> None:
    public = again(publish(registered()))
    text = public.state.revisions[1].content.document
    pending = again(revise(public, text, content=content(text, readme="# more")))
    told = _desired_state(pending.state, desired(pending.state), position=9)
    assert (told.revision, told.withdrawn) == (1, False)
    assert told.reason == "revision 2 changes the README alone, which upstream does not hold"
    assert _desired_state(public.state, desired(public.state), position=9).reason == ""


def test_an_archived_model_that_is_not_public_stays_upstream_and_says_so() -> None:
    seen = again(take(published(), llm()))
    narrowed = again(visibility(seen, "private"))
    archived = again(narrowed.when(publication.archive, name="tiny", reason="old", actor=MAX))
    wish = desired(archived.state)
    assert (seen.state.seen_upstream, wish.wanted) == (1, "nothing")
    assert wish.reason == "the model is archived, and it is not public, so upstream keeps what it holds"
