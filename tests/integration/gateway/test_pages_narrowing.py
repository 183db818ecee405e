"""A public model is not made less public before its page has said what that takes back, and what it cannot."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.hub import Page, pages_hub, reader, small_catalogue
from tests.support.running import TestHub
from tests.support.smallest_records import record

KEPT = "every Xinference release that bundles it goes on offering it"


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestHub]:
    with pages_hub(tmp_path_factory.mktemp("narrowing")) as running:
        yield running


def published(hub: TestHub, name: str) -> None:
    """A public model of max, its pull request open and not merged."""
    document = json.dumps([record("llm", model_name=name)], indent=2)
    body = {"type": "llm", "document": document, "readme": "# x", "visibility": "public"}
    sha = hub.api("max").made("/models", body)["document_sha256"]
    hub.settled()
    assert hub.api("rita").post(f"/models/{name}/revisions/1/approve", {"document_sha256": sha}).status_code == 200
    hub.settled()
    assert visibility(hub, name) == "public"


def visibility(hub: TestHub, name: str) -> str:
    return str(hub.api("max").get(f"/models/{name}").get_json()["visibility"])


def narrowed(hub: TestHub, name: str, **fields: str) -> Page:
    path = f"/models/detail/{name}/settings"
    return reader(hub, "max").send(f"{path}/access", f"{path}/visibility", visibility="private", **fields)


def test_the_page_asks_first_and_changes_nothing(hub: TestHub) -> None:
    published(hub, "asked-model")
    number = hub.api("max").get("/models/asked-model/pull-request").get_json()["number"]
    page = narrowed(hub, "asked-model", reason="We <b>changed</b> our mind.")
    assert page.status == 200
    assert page.says("Not public any more?")
    assert page.says(f"The pull request #{number} is closed upstream")
    assert page.says("A client that fetched the list before keeps it until its next update.")
    assert page.says("Upstream does not hold the record")
    assert page.says("We <b>changed</b> our mind.")
    assert visibility(hub, "asked-model") == "public"


def test_confirmed_it_is_narrowed_and_the_request_closed_with_the_reason(hub: TestHub) -> None:
    published(hub, "confirmed-model")
    assert narrowed(hub, "confirmed-model", reason="no", confirmed="1").status == 303
    hub.settled()
    assert visibility(hub, "confirmed-model") == "private"
    pull = hub.api("max").get("/models/confirmed-model/pull-request").get_json()
    assert (pull["state"], pull["reason"]) == ("closed", "the model is not public")


def test_what_upstream_holds_is_said_to_stay_there(hub: TestHub) -> None:
    name = next(Path(path).stem for path in small_catalogue() if "/llm/" in path)
    owners = {"add": ["max"], "remove": [], "reason": "his"}
    assert hub.api("olga").post(f"/models/{name}/owners", owners).status_code == 200
    hub.settled()
    page = narrowed(hub, name)
    assert page.says(KEPT)
    assert page.says("Archive it instead")
    assert page.says("opens a pull request which removes it")
    assert visibility(hub, name) == "public"


def test_rest_narrows_at_once(hub: TestHub) -> None:
    published(hub, "rest-model")
    answer = hub.api("max").post("/models/rest-model/visibility", {"visibility": "private", "reason": "a leak"})
    assert (answer.status_code, answer.get_json()["narrowed"]) == (200, True)


def test_the_editor_asks_before_it_submits_a_narrower_revision(hub: TestHub) -> None:
    published(hub, "edited-model")
    path = "/models/detail/edited-model/settings"
    visitor = reader(hub, "max")
    kept = {key: value for key, value in visitor.get(path).fields.items() if key != "public"}
    form = kept | {"action": "submit", "otherwise": "private", "readme": "# y"}
    form["document"] = hub.api("max").get("/models/edited-model").get_json()["document"]
    refused = Page(visitor.client.post(path, data=form))
    assert refused.status == 409
    assert refused.says("Not public any more?")
    assert refused.says("# y")
    assert hub.api("max").get("/models/edited-model").get_json()["latest_revision"] == 1
    done = Page(visitor.client.post(path, data=form | {"narrow": "1"}))
    assert done.status == 303
    hub.settled()
    assert hub.api("max").get("/models/edited-model").get_json()["latest_revision"] == 2


def test_a_wider_circle_and_an_unpublished_model_are_not_asked_about(hub: TestHub) -> None:
    document = json.dumps([record("llm", model_name="fresh-model")], indent=2)
    body = {"type": "llm", "document": document, "readme": "# x", "visibility": "public"}
    hub.api("max").made("/models", body)
    hub.settled()
    assert narrowed(hub, "fresh-model").status == 303
