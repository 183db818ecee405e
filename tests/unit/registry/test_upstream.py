from __future__ import annotations

import json
from typing import Any

from services.registry.domain import publication
from services.registry.domain.state import Model, evolve
from services.registry.domain.upstream import UpstreamContent, desired, import_from_upstream
from shared.events import registry as facts
from tests.support.models import MAX, OLGA, content, llm
from tests.support.scenario import Scenario
from tests.unit.registry.test_publication import again, publish, visibility
from tests.unit.registry.test_submissions import NOW, published, registered, revise


def upstream(document: str, **changes: Any) -> UpstreamContent:
    values = {"name": "tiny", "type": "llm", "document": document, "order": 3, "origin": "c0ffee"}
    return UpstreamContent(**(values | changes))  # type: ignore[arg-type]


def take(before: Scenario[Model], document: str, **changes: Any) -> Scenario[Model]:
    return before.when(import_from_upstream, content=upstream(document, **changes), now=NOW + 100)


def imported() -> Scenario[Model]:
    return again(take(Scenario(Model(), evolve), llm(updated_at=5)))


def test_an_unknown_model_is_imported_published_and_owned_by_nobody() -> None:
    before = take(Scenario(Model(), evolve), llm(updated_at=5))
    (event,) = before.then_types(facts.ModelImported)
    assert (event.revision, event.document, event.visibility) == (1, llm(updated_at=5), "public")
    model = before.after
    assert (model.state, model.owners, model.order, model.seen_upstream) == ("published", frozenset(), 3, 1)


def test_importing_the_same_again_changes_nothing() -> None:
    take(imported(), llm(updated_at=5)).then()


def test_a_stamp_alone_is_no_change() -> None:
    take(imported(), llm(updated_at=99)).then()


def test_our_own_published_change_coming_back_is_an_echo() -> None:
    revised = again(publish(again(revise(imported(), llm(context_length=1), actor=OLGA)), 2))
    (event,) = take(revised, llm(context_length=1, updated_at=77)).then_types(facts.SeenUpstream)
    assert event.revision == 2


def test_upstream_content_older_than_ours_is_never_rolled_back_to() -> None:
    revised = again(publish(again(revise(imported(), llm(context_length=1), actor=OLGA)), 2))
    take(revised, llm(updated_at=5)).then()


def test_other_peoples_work_is_taken_over_as_a_revision() -> None:
    (event,) = take(imported(), llm(context_length=2, updated_at=9)).then_types(facts.ModelImported)
    assert (event.revision, event.submitter) == (2, "upstream")


def test_an_import_never_widens_what_the_hub_narrowed() -> None:
    narrowed = again(visibility(imported(), "private", actor=OLGA))
    (event,) = take(narrowed, llm(context_length=2)).then_types(facts.ModelImported)
    assert event.visibility == "private"


def test_a_pending_revision_is_merged_onto_upstreams_change_for_its_submitter() -> None:
    shared = again(
        imported().when(publication.change_owners, name="tiny", add=["max"], remove=[], reason="yours", actor=OLGA)
    )
    pending = again(revise(shared, llm(model_lang=["en", "zh"], updated_at=5), actor=MAX))
    taken, merged = take(pending, llm(context_length=2, updated_at=9)).then_types(
        facts.ModelImported, facts.ModelUpdated
    )
    record = json.loads(merged.document)
    assert (taken.superseded, merged.merged_from, merged.submitter) == (2, 2, "max")
    assert (record["context_length"], record["model_lang"]) == (2, ["en", "zh"])
    assert record["updated_at"] > 9


def test_a_published_change_that_upstream_has_not_merged_is_submitted_again_on_upstreams_change() -> None:
    revised = again(revise(imported(), llm(model_lang=["en", "zh"], updated_at=5), actor=OLGA))
    waiting = again(publish(revised, 2))
    taken, merged = take(waiting, llm(context_length=2, updated_at=9)).then_types(
        facts.ModelImported, facts.ModelUpdated
    )
    record = json.loads(merged.document)
    assert (taken.superseded, merged.merged_from, merged.submitter) == (0, 2, "olga")
    assert (record["context_length"], record["model_lang"]) == (2, ["en", "zh"])


def test_a_published_change_that_conflicts_with_upstreams_goes_to_its_owner() -> None:
    waiting = again(publish(again(revise(imported(), llm(context_length=1, updated_at=5), actor=OLGA)), 2))
    _, conflict = take(waiting, llm(context_length=2, updated_at=9)).then_types(
        facts.ModelImported, facts.MergeConflicted
    )
    assert (conflict.revision, conflict.paths) == (2, ("/context_length",))


def test_a_conflict_with_a_pending_revision_goes_to_its_owner_and_out_of_the_queue() -> None:
    pending = again(revise(imported(), llm(context_length=1, updated_at=5), actor=OLGA))
    _, conflict = take(pending, llm(context_length=2, updated_at=9)).then_types(
        facts.ModelImported, facts.MergeConflicted
    )
    assert conflict.paths == ("/context_length",)
    assert again(take(pending, llm(context_length=2, updated_at=9))).state.submitted == 0


def test_a_name_held_by_an_unpublished_model_blocks_the_import_once() -> None:
    blocked = take(registered(), llm(context_length=2))
    blocked.then_types(facts.ImportBlocked)
    take(again(blocked), llm(context_length=2)).then()


def test_a_pending_change_merged_upstream_before_its_verdict_is_an_echo() -> None:
    (event,) = take(registered(), llm()).then_types(facts.SeenUpstream)
    assert event.revision == 1


def test_a_name_of_another_type_blocks_the_import() -> None:
    (event,) = take(imported(), llm(context_length=2), type="audio").then_types(facts.ImportBlocked)
    assert "audio" in event.reason


def test_removal_upstream_is_told_once_and_only_of_what_was_there() -> None:
    removed = take(imported(), "")
    removed.then_types(facts.RemovedUpstream)
    take(again(removed), "").then()
    take(published(), "").then()


def test_after_removal_upstream_nothing_is_wanted_until_a_person_decides() -> None:
    removed = again(take(imported(), ""))
    assert desired(removed.state).wanted == "nothing"


def test_a_public_submission_is_wanted_upstream_before_its_verdict() -> None:
    wish = desired(registered().state)
    assert wish.wanted == "content"
    assert wish.revision is not None
    assert wish.revision.number == 1


def test_a_rejected_submission_stays_wanted_as_a_draft_until_it_is_revised_or_withdrawn() -> None:
    rejected = again(registered().when(publication.note_rejection, revision=1, feedback="no"))
    wish = desired(rejected.state)
    assert (wish.wanted, wish.revision) == ("content", rejected.state.revisions[1])


def test_an_upstream_change_does_not_bring_a_rejected_revision_back() -> None:
    pending = again(revise(imported(), llm(model_lang=["en", "zh"], updated_at=5), actor=OLGA))
    rejected = again(pending.when(publication.note_rejection, revision=2, feedback="no"))
    taken = take(rejected, llm(context_length=2, updated_at=9))
    (event,) = taken.then_types(facts.ModelImported)
    assert event.superseded == 0
    assert again(taken).state.proposed is None


def test_a_private_model_is_not_wanted_upstream() -> None:
    assert desired(registered(visibility="private").state).wanted == "nothing"
    assert desired(again(visibility(published(), "private")).state).wanted == "nothing"


def test_archiving_a_public_model_wants_it_removed_where_upstream_has_it() -> None:
    archive = {"name": "tiny", "reason": "old", "actor": OLGA}
    assert desired(imported().when(publication.archive, **archive).after).wanted == "removed"
    assert desired(published().when(publication.archive, **archive).after).wanted == "nothing"


def revised_readme(before: Scenario[Model]) -> Scenario[Model]:
    text = before.state.revisions[before.state.latest].content.document
    return again(revise(before, text, content=content(text, readme="# more words")))


def test_readme_alone_leaves_what_upstream_should_hold_as_it_is() -> None:
    pending = revised_readme(published())
    assert desired(pending.state).revision == pending.state.revisions[1]
    later = again(publish(pending, 2))
    assert later.state.published == 2
    assert desired(later.state).revision == later.state.revisions[1]


def test_readme_of_a_private_time_never_stands_for_the_public_content() -> None:
    widened = again(publish(again(visibility(published(visibility="private"), "public")), 2))
    assert desired(widened.state).revision == widened.state.revisions[2]
    narrowed = again(visibility(published(), "private"))
    again_public = again(publish(again(visibility(narrowed, "public")), 2))
    assert desired(again_public.state).revision == again_public.state.revisions[2]


def test_submission_after_a_removal_upstream_is_a_persons_decision() -> None:
    removed = again(take(imported(), ""))
    assert desired(removed.state).wanted == "nothing"
    revised = again(revise(removed, llm(context_length=1), actor=OLGA))
    assert desired(revised.state).wanted == "content"


def test_model_restored_after_its_removal_was_merged_goes_upstream_again() -> None:
    about = {"name": "tiny", "reason": "why", "actor": OLGA}
    archived = again(imported().when(publication.archive, **about))
    removed = again(take(archived, ""))
    assert desired(removed.state).wanted == "nothing"
    restored = removed.when(publication.restore, **about).after
    assert desired(restored).wanted == "content"
