from __future__ import annotations

import threading

import pytest

from services.catalog.application import Application
from shared.contracts import catalog as contract
from shared.contracts.common import Caller, Empty
from shared.errors import Forbidden, Invalid
from shared.events import pr_bot, registry, review
from tests.support.catalog import ANONYMOUS, OPERATOR, OWNER, REVIEWER, CatalogUnderTest, names
from tests.support.histories import History, llm_document, pull_request
from tests.support.rich_history import write


@pytest.fixture
def application(history: History, catalog: CatalogUnderTest) -> Application:
    write(history)
    return catalog.catch_up()


def test_name_is_found_in_any_case_and_answered_as_written(history: History, catalog: CatalogUnderTest) -> None:
    history.publish("Qwen2.5-Chat")
    assert catalog.catch_up().model(contract.ReadModel(name="qwen2.5-chat"), ANONYMOUS).name == "Qwen2.5-Chat"


def test_document_comes_back_byte_for_byte(history: History, catalog: CatalogUnderTest) -> None:
    document = '[ {"model_name":"m", "version" : 2,"x":1.50,"说明":"é"} ]'
    history.publish("m", document=document)
    assert catalog.catch_up().model(contract.ReadModel(name="m"), ANONYMOUS).document == document


def test_my_models_say_what_to_do_next(application: Application) -> None:
    steps = {row.summary.name: row.next_step for row in application.my_models(contract.FindMyModels(), OWNER).items}
    assert steps["drafted"] == "submit"
    assert steps["fresh"] == steps["pending"] == steps["twice"] == "wait-review"
    assert steps["refused"] == steps["taken-back"] == "revise"
    assert steps["gone"] == "restore"
    assert steps["clash"] == "merge"
    assert steps["pub"] == steps["moved"] == "none"


def test_my_models_put_what_waits_for_the_owner_first_across_pages(application: Application) -> None:
    def waits(row: contract.MyModelRow) -> bool:
        return row.next_step in ("submit", "merge", "pull-request") or row.latest_state == "rejected"

    rows = application.my_models(contract.FindMyModels(), OWNER).items
    count = sum(map(waits, rows))
    assert 0 < count < len(rows)
    assert [waits(row) for row in rows] == [True] * count + [False] * (len(rows) - count)
    for part in (rows[:count], rows[count:]):
        assert [row.changed_at for row in part] == sorted((row.changed_at for row in part), reverse=True)
    first = application.my_models(contract.FindMyModels(per_page=count), OWNER).items
    assert [row.summary.name for row in first] == [row.summary.name for row in rows[:count]]


def test_revision_states_join_registry_and_review(application: Application) -> None:
    def state(name: str, revision: int) -> str:
        return application.revision(contract.ReadRevision(name=name, revision=revision), OPERATOR).row.state

    assert state("pub", 1) == "approved"
    assert state("drafted", 1) == "draft"
    assert state("pending", 2) == "submitted"
    assert state("refused", 1) == "rejected"
    assert state("taken-back", 1) == "withdrawn"
    assert state("clash", 2) == "superseded"
    assert state("twice", 1) == "approved"  # a verdict stands, though nothing was published
    assert state("twice", 2) == "submitted"


def test_review_list_holds_what_waits_the_oldest_first(application: Application) -> None:
    page = application.reviews(contract.FindReviews(), REVIEWER)
    assert [(row.name, row.revision) for row in page.items] == [
        ("pending", 2),
        ("fresh", 1),
        ("twice", 2),
        ("blocked", 1),
    ]
    assert page.total == 4
    first = page.items[0]
    assert (first.claimed_by, first.comments, first.new) == ("rex", 1, False)
    rejected = application.reviews(contract.FindReviews(state="rejected"), REVIEWER)
    assert [(row.name, row.reviewer) for row in rejected.items] == [("refused", "rex")]


def test_neighbours_follow_the_review_list(application: Application) -> None:
    waiting = application.reviews(contract.FindReviews(), REVIEWER).items
    places = [contract.ReviewPlace(name=row.name, revision=row.revision) for row in waiting]
    for at, place in enumerate(places):
        ref = contract.ReadRevision(name=place.name, revision=place.revision)
        assert application.review_neighbours(ref, REVIEWER) == contract.ReviewNeighbours(
            previous=places[at - 1] if at else None,
            next=places[at + 1] if at + 1 < len(places) else None,
            place=at + 1,
            total=len(places),
        )


@pytest.mark.parametrize(("name", "after"), [("refused", "twice"), ("pub", "pending")])
def test_what_is_decided_leads_to_what_was_asked_for_next(application: Application, name: str, after: str) -> None:
    found = application.review_neighbours(contract.ReadRevision(name=name, revision=1), REVIEWER)
    assert (found.previous, found.next and found.next.name, found.place, found.total) == (None, after, 0, 4)


def test_what_is_decided_last_leads_to_what_waits_longest(history: History, catalog: CatalogUnderTest) -> None:
    history.submit("waits")
    history.publish("done")
    ref = contract.ReadRevision(name="done", revision=1)
    found = catalog.catch_up().review_neighbours(ref, REVIEWER)
    assert found == contract.ReviewNeighbours(next=contract.ReviewPlace(name="waits", revision=1), total=1)


def test_neighbours_are_for_reviewers(application: Application) -> None:
    with pytest.raises(Forbidden):
        application.review_neighbours(contract.ReadRevision(name="pub", revision=1), OWNER)


def test_review_page_compares_with_what_clients_have(application: Application) -> None:
    detail = application.review(contract.ReadRevision(name="pending", revision=2), REVIEWER)
    assert (detail.base, detail.diff.against, detail.newer_revision) == (1, 1, 0)
    assert any(change.path.startswith("/model_specs/0") for change in detail.diff.changes)
    assert '+      "model_size_in_billions": 72' in detail.diff.text
    assert [comment.text for comment in detail.comments] == ["Why 72?"]
    assert detail.feed.served
    assert detail.pull_request is not None and detail.pull_request.diff


def test_review_of_a_superseded_revision_names_the_newer_one(application: Application) -> None:
    assert application.review(contract.ReadRevision(name="twice", revision=1), REVIEWER).newer_revision == 2


def test_changes_follow_what_the_public_gets(history: History, catalog: CatalogUnderTest) -> None:
    history.publish("a")
    history.publish("b", visibility="private")
    history.publish("b", 2)
    narrowed = registry.VisibilityNarrowed(model_name="a", before="public", visibility="private", reason="")
    history.add(narrowed)
    history.publish("a", 2)
    for event in (
        registry.ModelDeprecated(model_name="a", reason="x"),
        registry.ModelArchived(model_name="a", reason="x"),
        registry.ModelRestored(model_name="a", reason="x"),
        registry.ModelQuarantined(model_name="a", reason="x"),
        registry.QuarantineLifted(model_name="a", reason="x"),
        registry.FeaturedChanged(model_name="a", featured=True, reason="x"),
    ):
        history.add(event)
    application = catalog.catch_up()
    found = application.changes(contract.ReadChanges(), ANONYMOUS)
    assert [(row.name, row.what) for row in found.items] == [
        ("a", "published"),
        ("b", "published"),
        ("a", "removed"),
        ("a", "published"),
        ("a", "deprecated"),
        ("a", "removed"),
        ("a", "restored"),
        ("a", "removed"),
        ("a", "restored"),
    ]
    rest = application.changes(contract.ReadChanges(after=found.items[6].position), ANONYMOUS)
    assert rest.items == found.items[7:]
    end = application.changes(contract.ReadChanges(after=found.next), ANONYMOUS)
    assert (end.items, end.next) == ([], found.next)


def test_changes_in_steps_skip_nothing(application: Application) -> None:
    whole = application.changes(contract.ReadChanges(), ANONYMOUS).items
    stepped: list[contract.PublishedChange] = []
    after = ""
    while page := application.changes(contract.ReadChanges(after=after, limit=2), ANONYMOUS):
        if not page.items:
            break
        stepped += page.items
        after = page.next
    assert stepped == whole


@pytest.mark.parametrize("text", ["review:3", "registry:", "registry:-1", "registry:١", "7", "registry:1:2"])
def test_malformed_after_is_refused(application: Application, text: str) -> None:
    with pytest.raises(Invalid):
        application.changes(contract.ReadChanges(after=text), ANONYMOUS)


def test_audit_finds_events_of_every_log(application: Application) -> None:
    def found(**request: object) -> list[str]:
        return [line.what for line in application.audit(contract.FindAudit(**request), OPERATOR).items]  # type: ignore[arg-type]

    assert found(what="RoleGranted") == ["RoleGranted"]
    assert found(q="user-sid") == ["SignInFailed"]
    assert set(found(q="taken-back")) >= {"ModelSubmitted", "ReviewWithdrawn", "PullRequestClosed"}
    assert "ModelQuarantined" in found(actor="olga")
    assert application.audit(contract.FindAudit(), OPERATOR).total > 50


def test_timeline_tells_who_what_and_why(application: Application) -> None:
    lines = application.timeline(contract.ReadTimeline(name="old"), ANONYMOUS).items
    assert [(line.what, line.actor) for line in lines[:1]] == [("ModelDeprecated", "ann")]
    assert lines[0].why == "newer"
    assert [line.at for line in lines] == sorted((line.at for line in lines), reverse=True)


def test_own_writes_are_read(history: History, catalog: CatalogUnderTest) -> None:
    application = catalog.catch_up()
    assert names(application.models(contract.FindModels(), OWNER)) == []
    recorded = history.publish("m")
    writer = threading.Thread(target=catalog.catch_up)
    writer.start()
    request = contract.FindModels(min_position=f"registry:{recorded.position}")
    page = application.models(request, OWNER)
    writer.join()
    assert (names(page), page.stale) == (["m"], False)


def test_reader_that_waits_in_vain_is_told(catalog: CatalogUnderTest, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("services.catalog.application.view.WAIT_S", 0.01)
    request = contract.FindModels(min_position="registry:7")
    assert catalog.application.models(request, OWNER).stale
    assert not catalog.application.models(request, ANONYMOUS).stale  # no identity, no waiting


@pytest.mark.parametrize("text", ["registry", "nosuch:1", "registry:x", "registry:1;review:2"])
def test_malformed_min_position_is_refused(application: Application, text: str) -> None:
    with pytest.raises(Invalid):
        application.models(contract.FindModels(min_position=text), OWNER)


def test_version_moves_with_every_change_of_a_page(history: History, catalog: CatalogUnderTest) -> None:
    seen = [catalog.catch_up().version(Empty(), ANONYMOUS).version]
    submitted = history.submit("m")
    seen.append(catalog.catch_up().version(Empty(), ANONYMOUS).version)
    history.approve(submitted)
    seen.append(catalog.catch_up().version(Empty(), ANONYMOUS).version)
    history.open_pull_request("m")
    seen.append(catalog.catch_up().version(Empty(), ANONYMOUS).version)
    assert len(set(seen)) == 4
    assert catalog.application.version(Empty(), ANONYMOUS).public_models == 1


def test_parked_event_is_shown_and_can_be_retried(
    history: History, catalog: CatalogUnderTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    from shared.contracts.common import RetryParked

    history.publish("good")
    history.publish("poison", document="not json")
    history.publish("after")
    application = catalog.catch_up()
    assert names(application.models(contract.FindModels(sort="name"), ANONYMOUS)) == ["after", "good"]
    parked = application.operations(Empty(), OPERATOR).parked
    assert [(row.stream, row.source) for row in parked] == [("model-poison", "registry")]
    monkeypatch.setattr(
        "services.catalog.projection.registry.summarize",
        lambda *_: __import__("services.catalog.projection.summary", fromlist=["Summary"]).Summary(),
    )
    application.retry_parked(RetryParked(id=parked[0].id), OPERATOR)
    assert application.operations(Empty(), OPERATOR).parked == []
    assert names(application.models(contract.FindModels(sort="name"), ANONYMOUS)) == ["after", "good", "poison"]


def test_late_comment_changes_the_review_page(history: History, catalog: CatalogUnderTest) -> None:
    history.submit("m")
    ref = contract.ReadRevision(name="m", revision=1)
    assert catalog.catch_up().review(ref, OWNER).comments == []
    history.add(review.ReviewCommented(model_name="m", revision=1, author="ann", text="Here", path="/x"))
    assert [c.text for c in catalog.catch_up().review(ref, REVIEWER).comments] == ["Here"]


def test_facets_count_other_values_of_the_chosen_facet(history: History, catalog: CatalogUnderTest) -> None:
    history.publish("a")
    history.publish("b", document=llm_document("b", size=72))
    page = catalog.catch_up().models(contract.FindModels(type=["embedding"]), ANONYMOUS)
    assert page.total == 0
    assert [(row.value, row.count) for row in page.facets["type"]] == [("llm", 2)]
    assert page.facets["ability"] == []


def test_a_pull_request_tells_of_checks_remarks_and_its_first_release(application: Application) -> None:
    found = application.pull_request(contract.ReadModel(name="pub"), ANONYMOUS)
    assert (found.checks_state, [(check.name, check.state) for check in found.checks]) == (
        "failure",
        [("docs", "failure")],
    )
    assert [(said.by, said.text, said.edited) for said in found.remarks] == [("qinxuye", "Why now?", True)]
    assert found.first_release == "v9.1.0"
    (listed,) = [pull for pull in application.pulls(contract.FindPulls(), ANONYMOUS).items if pull.name == "pub"]
    assert (listed.checks_state, listed.checks, listed.remarks) == ("failure", [], [])


def test_a_pull_request_names_the_visible_models_that_travel_with_it(
    history: History, catalog: CatalogUnderTest
) -> None:
    for name in ("a", "b", "c", "d", "hidden"):
        history.publish(name)
        facts = pull_request(name, draft=False, revision=1, number=9 if name == "d" else 7) | {"branch": "batch"}
        history.add(pr_bot.PullRequestOpened(**facts))
    left = pull_request("c", draft=False, revision=1, number=7) | {"branch": "batch", "head_sha": "e" * 40}
    history.add(pr_bot.PullRequestUpdated(**left))
    history.add(registry.VisibilityNarrowed(model_name="hidden", before="public", visibility="private", reason=""))
    application = catalog.catch_up()

    def travels(name: str, caller: Caller) -> list[str]:
        return application.pull_request(contract.ReadModel(name=name), caller).together_with

    assert [travels(name, ANONYMOUS) for name in ("a", "b", "c", "d")] == [["b"], ["a"], [], []]
    assert travels("a", OPERATOR) == ["b", "hidden"]
