from __future__ import annotations

import json
from typing import Any

import pytest

from shared.contracts import catalog as contract
from shared.contracts.common import Caller, Empty
from shared.errors import Invalid, NotFound
from shared.events import registry
from shared.model_facts import TYPES
from tests.support.catalog import ANONYMOUS, MEMBER, OWNER, STRANGER, CatalogUnderTest
from tests.support.catalogue import wheel_feed_models
from tests.support.histories import History
from tests.support.real_data import wheel_models

WITHHELD = {"image": 8, "audio": 2, "video": 2}


def feed(catalog: CatalogUnderTest, caller: Caller = ANONYMOUS, **request: Any) -> contract.Feed:
    return catalog.application.feed(contract.ReadFeed(**{"type": "llm", **request}), caller)


def served(catalog: CatalogUnderTest, caller: Caller = ANONYMOUS, **request: Any) -> list[str]:
    return [record["model_name"] for record in json.loads(feed(catalog, caller, **request).body)]


def test_whole_catalogue_of_the_newest_wheel_is_served_but_for_what_harms(
    history: History, catalog: CatalogUnderTest
) -> None:
    texts = {path.rpartition("/")[2].removesuffix(".json"): text for path, text in wheel_models().items()}
    count = 0
    for model_type in TYPES:
        for order, model in enumerate(wheel_feed_models(model_type)):
            history.import_model(model.name, model_type=model_type, order=order, document=texts[model.name])
            count += 1
    application = catalog.catch_up()
    found = {t: application.feed(contract.ReadFeed(type=t), ANONYMOUS) for t in TYPES}
    assert {t: answer.withheld for t, answer in found.items() if answer.withheld} == WITHHELD
    assert sum(answer.served + answer.withheld for answer in found.values()) == count
    page = application.models(contract.FindModels(per_page=200, type=["image", "audio", "video"]), ANONYMOUS)
    assert sum(row.withheld for row in page.items) == sum(WITHHELD.values())
    image = application.models(contract.FindModels(q="dots.ocr"), ANONYMOUS)
    assert image.items[0].name == "dots.ocr"
    detail = application.model(contract.ReadModel(name="dots.ocr"), ANONYMOUS)
    assert not detail.feed.served
    assert "updated_at" in detail.feed.reason
    assert detail.feed.releases
    with pytest.raises(NotFound):
        application.feed(contract.ReadFeed(type="image", model_name="dots.ocr"), ANONYMOUS)


def test_feed_follows_publication_not_submission(history: History, catalog: CatalogUnderTest) -> None:
    submitted = history.submit("m")
    catalog.catch_up()
    assert served(catalog) == []
    history.approve(submitted)
    catalog.catch_up()
    assert served(catalog) == ["m"]
    history.submit("m", 2)
    catalog.catch_up()
    assert json.loads(feed(catalog).body)[0]["updated_at"] == 1_700_000_001


@pytest.mark.parametrize(
    "event",
    [
        registry.ModelArchived(model_name="m", reason=""),
        registry.ModelQuarantined(model_name="m", reason=""),
        registry.VisibilityNarrowed(model_name="m", before="public", visibility="private", reason=""),
    ],
)
def test_model_that_is_no_longer_offered_leaves_the_feed(
    history: History, catalog: CatalogUnderTest, event: Any
) -> None:
    history.publish("m")
    history.add(event)
    catalog.catch_up()
    assert served(catalog) == []
    with pytest.raises(NotFound):
        feed(catalog, model_name="m")


def test_deprecated_model_is_still_served(history: History, catalog: CatalogUnderTest) -> None:
    history.publish("m")
    history.add(registry.ModelDeprecated(model_name="m", reason=""))
    catalog.catch_up()
    assert served(catalog) == ["m"]


def test_upstreams_order_is_kept_and_new_models_follow(history: History, catalog: CatalogUnderTest) -> None:
    history.publish("own")
    history.import_model("second", order=1)
    history.import_model("first", order=0)
    catalog.catch_up()
    assert served(catalog) == ["first", "second", "own"]


def test_equal_etag_answers_without_a_body(history: History, catalog: CatalogUnderTest) -> None:
    history.publish("m")
    catalog.catch_up()
    first = feed(catalog)
    again = feed(catalog, etag=first.etag)
    assert (again.unchanged, again.body, again.etag) == (True, "", first.etag)
    history.submit("m", 2)
    catalog.catch_up()
    assert feed(catalog, etag=first.etag).unchanged  # a submission changes no feed
    history.publish("n")
    catalog.catch_up()
    assert feed(catalog).etag != first.etag


def test_versions_name_the_etag_of_each_feed(history: History, catalog: CatalogUnderTest) -> None:
    history.publish("m")
    application = catalog.catch_up()
    versions = application.feed_versions(contract.ReadFeedVersions(), ANONYMOUS)
    assert set(versions.etags) == set(TYPES)
    assert versions.etags["llm"] == feed(catalog).etag
    assert versions.version == application.version(Empty(), ANONYMOUS).version


def test_signed_in_feed_adds_own_private_and_granted_enterprise_models(
    history: History, catalog: CatalogUnderTest
) -> None:
    history.publish("open")
    history.publish("secret", visibility="private")
    history.submit("secret", 2, visibility="private")
    history.submit("unreviewed", visibility="private")
    history.draft("drafted", visibility="private")
    history.publish("lab", visibility="enterprise")
    history.add(registry.GroupsChanged(model_name="lab", added=("g1",), removed=(), reason=""))
    catalog.catch_up()
    assert served(catalog) == served(catalog, STRANGER) == ["open"]
    assert served(catalog, OWNER) == ["open", "secret", "unreviewed", "lab"]
    assert served(catalog, MEMBER) == ["open", "lab"]
    latest = json.loads(feed(catalog, OWNER).body)[1]
    assert latest["updated_at"] == 1_700_000_002
    assert served(catalog, OWNER, model_name="SECRET") == ["secret"]
    for caller in (ANONYMOUS, STRANGER, MEMBER):
        with pytest.raises(NotFound):
            feed(catalog, caller, model_name="secret")
    assert feed(catalog, STRANGER).etag == feed(catalog).etag


def test_single_refresh_is_an_array_of_the_models_records(history: History, catalog: CatalogUnderTest) -> None:
    history.publish("m")
    catalog.catch_up()
    assert served(catalog, model_name="M") == ["m"]
    with pytest.raises(NotFound):
        feed(catalog, model_name="nosuch")
    with pytest.raises(NotFound):
        feed(catalog, type="image", model_name="m")


def test_types_without_models_are_empty_lists(catalog: CatalogUnderTest) -> None:
    assert feed(catalog, type="world").body == "[]"
    assert feed(catalog, type="flexible").body == "[]"
    assert feed(catalog, type="LLM").body == "[]"
    with pytest.raises(Invalid):
        feed(catalog, type="nosuch")
    with pytest.raises(Invalid):
        feed(catalog, type="")


def test_page_says_why_clients_do_not_get_a_model(history: History, catalog: CatalogUnderTest) -> None:
    history.publish("secret", visibility="private")
    detail = catalog.catch_up().model(contract.ReadModel(name="secret"), OWNER)
    assert not detail.feed.served
    assert "private" in detail.feed.reason
