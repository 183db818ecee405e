from __future__ import annotations

from functools import partial

from services.registry.application.upstream import _desired_state
from services.registry.domain import submissions
from services.registry.domain.upstream import desired
from tests.support.models import MAX
from tests.unit.registry.test_publication import again, publish, visibility
from tests.unit.registry.test_submissions import registered


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
