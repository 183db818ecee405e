from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from services.catalog.application import Application
from shared.contracts import catalog as contract
from shared.contracts.common import Caller
from shared.errors import Forbidden, HubError, NotFound
from shared.events import pr_bot, registry
from tests.support.catalog import ANONYMOUS, EVERYONE, MEMBER, OWNER, REVIEWER, CatalogUnderTest, names
from tests.support.histories import History
from tests.support.rich_history import write

ALL = set(EVERYONE)
INSIDERS = {"owner", "reviewer", "operator"}
SEEN_BY = {
    "pub": ALL,
    "pending": ALL,
    "fresh": INSIDERS,
    "drafted": {"owner", "operator"},
    "secret": INSIDERS,
    "shared": INSIDERS | {"member"},
    "narrowed": INSIDERS,
    "refused": INSIDERS,
    "taken-back": INSIDERS,
    "old": ALL,
    "gone": ALL,
    "bad": INSIDERS,
    "imported": ALL,
}


@pytest.fixture
def application(history: History, catalog: CatalogUnderTest) -> Application:
    write(history)
    return catalog.catch_up()


def readers(read: Callable[[Caller], Any]) -> set[str]:
    """Who of everyone is answered; all others must get the same refusal as for a name that does not exist."""
    found = set()
    for who, caller in EVERYONE.items():
        try:
            read(caller)
            found.add(who)
        except NotFound:
            continue
    return found


@pytest.mark.parametrize("name", SEEN_BY)
def test_page_document_history_and_pull_request_are_for_those_who_may_see_the_model(
    application: Application, name: str
) -> None:
    named = contract.ReadModel(name=name)
    assert readers(lambda caller: application.model(named, caller)) == SEEN_BY[name]
    assert readers(lambda caller: application.revisions(named, caller)) == SEEN_BY[name]
    assert readers(lambda caller: application.timeline(contract.ReadTimeline(name=name), caller)) == SEEN_BY[name]
    assert readers(lambda caller: application.pull_request(named, caller)) == SEEN_BY[name]


@pytest.mark.parametrize("name", SEEN_BY)
def test_lists_hold_what_the_page_would_show(application: Application, name: str) -> None:
    statuses = ("published", "unpublished", "deprecated", "archived", "quarantined")
    found = set()
    for who, caller in EVERYONE.items():
        pages = (application.models(contract.FindModels(status=status, per_page=100), caller) for status in statuses)  # type: ignore[arg-type]
        if any(name in names(page) for page in pages):
            found.add(who)
    assert found == SEEN_BY[name]


def test_hidden_and_missing_models_are_refused_alike(application: Application) -> None:
    texts = []
    for name in ("secret", "nosuch"):
        with pytest.raises(NotFound) as refused:
            application.model(contract.ReadModel(name=name), ANONYMOUS)
        texts.append(refused.value.message.replace(name, "…"))
    assert texts[0] == texts[1]


def test_private_revision_of_a_widened_model_stays_private(application: Application) -> None:
    named = contract.ReadModel(name="widened")
    private = contract.ReadRevision(name="widened", revision=1)
    assert [row.revision for row in application.revisions(named, ANONYMOUS).items] == [2]
    assert readers(lambda caller: application.revision(private, caller)) == INSIDERS
    assert readers(lambda c: application.diff(contract.ReadDiff(name="widened", revision=1), c)) == INSIDERS
    against = contract.ReadDiff(name="widened", revision=2, against=1)
    assert readers(lambda caller: application.diff(against, caller)) == INSIDERS
    lines = application.timeline(contract.ReadTimeline(name="widened"), ANONYMOUS).items
    assert {line.revision for line in lines} == {2}
    assert "private words" not in application.diff(contract.ReadDiff(name="widened", revision=2), ANONYMOUS).readme
    assert "private words" in application.diff(contract.ReadDiff(name="widened", revision=2), OWNER).readme


def test_draft_beside_a_published_revision_is_for_owners(history: History, catalog: CatalogUnderTest) -> None:
    history.publish("m")
    history.draft("m", 2, readme="# unfinished")
    application = catalog.catch_up()
    draft = contract.ReadRevision(name="m", revision=2)
    assert readers(lambda caller: application.revision(draft, caller)) == {"owner", "operator"}
    assert application.model(contract.ReadModel(name="m"), ANONYMOUS).latest_revision == 1
    assert application.model(contract.ReadModel(name="m"), OWNER).latest_revision == 2
    for reader in (REVIEWER, OWNER):
        with pytest.raises(NotFound):
            application.review(draft, reader)


def test_pending_update_never_hides_the_published_revision(application: Application) -> None:
    detail = application.model(contract.ReadModel(name="pending"), ANONYMOUS)
    assert (detail.revision, detail.summary.sizes_b, detail.summary.pending) == (1, [7.0], 2)
    assert detail.pending is not None and detail.pending.revision == 2


def test_unpublished_model_shows_its_submission_to_reviewers_and_the_draft_to_owners(
    history: History, catalog: CatalogUnderTest
) -> None:
    history.submit("m", readme="submitted")
    history.draft("m", 2, readme="draft")
    application = catalog.catch_up()
    assert application.model(contract.ReadModel(name="m"), REVIEWER).readme == "submitted"
    assert application.model(contract.ReadModel(name="m"), OWNER).readme == "draft"


def test_pulls_of_unpublished_models_are_for_insiders(application: Application) -> None:
    seen = {who: {row.name for row in application.pulls(contract.FindPulls(), c).items} for who, c in EVERYONE.items()}
    assert seen["anonymous"] == seen["stranger"] == seen["member"] == {"pub", "pending", "gone", "clash"}
    assert seen["anonymous"] | {"fresh", "taken-back", "blocked"} == seen["owner"] == seen["reviewer"]
    assert seen["operator"] == seen["owner"]


def test_pulls_count_by_state_and_leave_out_what_needed_none(history: History, catalog: CatalogUnderTest) -> None:
    history.publish("m")
    history.add(pr_bot.PullRequestSkipped(model_name="m", revision=1, state="noop", reason="already upstream"))
    history.publish("n")
    history.open_pull_request("n")
    pulls = catalog.catch_up().pulls(contract.FindPulls(), ANONYMOUS)
    assert ([row.name for row in pulls.items], pulls.total) == (["n"], 1)
    assert pulls.counts == {"noop": 1, "draft": 1}
    noop = catalog.application.pulls(contract.FindPulls(state="noop"), ANONYMOUS)
    assert ([row.reason for row in noop.items], noop.total) == (["already upstream"], 1)


def test_group_loses_an_enterprise_model_when_it_is_removed(history: History, catalog: CatalogUnderTest) -> None:
    history.publish("m", visibility="enterprise")
    history.add(registry.GroupsChanged(model_name="m", added=("g1",), removed=(), reason=""))
    assert names(catalog.catch_up().models(contract.FindModels(), MEMBER)) == ["m"]
    history.add(registry.GroupsChanged(model_name="m", added=(), removed=("g1",), reason=""))
    assert names(catalog.catch_up().models(contract.FindModels(), MEMBER)) == []


def test_owner_loses_sight_of_a_private_model_given_away(history: History, catalog: CatalogUnderTest) -> None:
    history.draft("m")
    history.add(registry.OwnersChanged(model_name="m", added=("sid",), removed=("ann",), reason="moves on"))
    application = catalog.catch_up()
    assert readers(lambda c: application.model(contract.ReadModel(name="m"), c)) == {"stranger", "operator"}


@pytest.mark.parametrize(
    ("method", "request_", "allowed"),
    [
        ("my_models", contract.FindMyModels(), ALL - {"anonymous"}),
        ("reviews", contract.FindReviews(), {"reviewer", "operator"}),
        ("review", contract.ReadRevision(name="pending", revision=2), INSIDERS),
        ("audit", contract.FindAudit(), {"operator"}),
        ("rebuild", None, {"operator"}),
        ("operations", None, {"operator"}),
    ],
)
def test_lists_for_roles_refuse_everyone_else(
    application: Application, catalog: CatalogUnderTest, method: str, request_: Any, allowed: set[str]
) -> None:
    found = set()
    for who, caller in EVERYONE.items():
        try:
            getattr(application, method)(request_, caller)
            found.add(who)
        except Forbidden:
            continue
    catalog.generations.stop()
    assert found == allowed


def test_catalog_owns_no_log(application: Application) -> None:
    from shared.contracts.common import ReadLog, system_caller

    with pytest.raises(HubError, match="owns no log"):
        application.read_log(ReadLog(), system_caller("review"))
