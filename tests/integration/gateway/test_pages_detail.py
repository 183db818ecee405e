"""One model of a maintainer's on its way: what its pages say to whom. Nothing here is ever published."""

from __future__ import annotations

import dataclasses
import json
from typing import Any, cast

import pytest

from shared.contracts.catalog import Catalog
from tests.support.hub import reader
from tests.support.running import TestHub
from tests.support.smallest_records import record

NAME = "theta-chat"
README = "# Theta\n\n<script>alert(1)</script>\n\nGood for **tests**.\n"


def document(**members: Any) -> str:
    return json.dumps([record("llm", **{"model_name": NAME, **members})], indent=2)


@pytest.fixture(scope="module")
def model(hub: TestHub) -> str:
    """Two submissions of max: the first rejected, the second pending."""
    maintainer, reviewer = hub.api("max"), hub.api("rita")
    body = {"type": "llm", "document": document(), "readme": README, "visibility": "public", "message": "First"}
    first = maintainer.post("/models", body)
    assert first.status_code == 201, first.text
    hub.settled()
    verdict = {"document_sha256": first.get_json()["document_sha256"], "feedback": "Say\nmore <b>please</b>."}
    assert reviewer.post(f"/models/{NAME}/revisions/1/reject", verdict).status_code == 200
    hub.settled()
    changed = document(context_length=4096)
    revision = {**body, "document": changed, "message": "Longer", "base_revision": 1}
    assert maintainer.post(f"/models/{NAME}/revisions", revision).status_code == 200
    hub.settled()
    return NAME


def test_unpublished_model_is_hidden_from_others(hub: TestHub, model: str) -> None:
    for visitor in (reader(hub), reader(hub, "mia")):
        assert visitor.get(f"/models/detail/{model}").status == 404
        assert visitor.get(f"/models/detail/{model}/pull-request").status == 404
        assert not visitor.get("/pulls").says(model)
        assert not visitor.get("/models").says(model)


def test_owner_reads_the_readme_without_its_scripts(hub: TestHub, model: str) -> None:
    page = reader(hub, "max").get(f"/models/detail/{model}")
    assert page.status == 200
    assert page.says("Good for tests .")
    assert "alert(1)" not in page.html
    assert f"/models/detail/{model}/settings" in page.hrefs


def test_one_banner_says_what_waits_and_where_to_go_on(hub: TestHub, model: str) -> None:
    owner = reader(hub, "max").get(f"/models/detail/{model}")
    assert owner.says("Revision 2 waits for review.")
    assert f"/models/detail/{model}/compare?to=2" in owner.hrefs
    reviewer = reader(hub, "rita").get(f"/models/detail/{model}")
    assert f"/reviews/{model}/2" in reviewer.hrefs
    assert owner.html.count('class="banner') == 1


def test_revisions_show_states_feedback_and_both_ends_of_a_comparison(hub: TestHub, model: str) -> None:
    page = reader(hub, "max").get(f"/models/detail/{model}/revisions")
    assert page.says("Rejected")
    assert page.says("Pending review")
    assert page.says("more <b>please</b>.")
    assert f"/models/detail/{model}/compare" in page.actions
    assert f"/models/detail/{model}/compare?to=2" in page.hrefs


def test_revisions_say_in_a_line_what_they_changed(hub: TestHub, model: str) -> None:
    assert reader(hub, "max").get(f"/models/detail/{model}/revisions").says("added context_length")


class Noting:
    """Catalog, and what was asked of it."""

    def __init__(self, catalog: Catalog) -> None:
        self._catalog = catalog
        self.asked: list[str] = []

    def __getattr__(self, name: str) -> Any:
        self.asked.append(name)
        return getattr(self._catalog, name)


@pytest.fixture
def noting(hub: TestHub, monkeypatch: pytest.MonkeyPatch) -> Noting:
    made = Noting(hub.calls.catalog)
    monkeypatch.setitem(hub.app.extensions, "hub_calls", dataclasses.replace(hub.calls, catalog=cast(Catalog, made)))
    return made


def test_what_many_revisions_changed_is_asked_for_at_once_and_once(hub: TestHub, noting: Noting) -> None:
    maintainer, name = hub.api("max"), "iota-chat"
    text = document(model_name=name)
    first = maintainer.post("/models", {"type": "llm", "document": text, "readme": README, "submit": True})
    assert first.status_code == 201, first.text
    for base in range(1, 5):
        body = {"document": document(model_name=name, context_length=base), "readme": README, "base_revision": base}
        assert maintainer.post(f"/models/{name}/revisions", {"type": "llm", **body}).status_code == 200
    hub.settled()
    for _ in range(2):
        page = reader(hub, "max").get(f"/models/detail/{name}/revisions")
        assert page.text.count("context_length") == 4
    assert [each for each in noting.asked if each in ("diff", "revision_changes")] == ["revision_changes"]


def test_what_was_said_of_a_revision_is_read_without_its_review(hub: TestHub, model: str, noting: Noting) -> None:
    assert reader(hub, "max").get(f"/models/detail/{model}/revisions/1").status == 200
    assert "review_comments" in noting.asked
    assert "review" not in noting.asked


def test_a_review_finds_its_neighbours_without_the_list(hub: TestHub, model: str, noting: Noting) -> None:
    assert reader(hub, "rita").get(f"/reviews/{model}/2").status == 200
    assert "review_neighbours" in noting.asked
    # How many wait stands in the head of every page.
    assert noting.asked.count("reviews") == 1


@pytest.mark.parametrize("view", ["", "&view=split"])
def test_comparison_says_what_changes_by_field_and_as_text(hub: TestHub, model: str, view: str) -> None:
    page = reader(hub, "max").get(f"/models/detail/{model}/compare?from=1&to=2{view}")
    assert page.says("context_length")
    assert page.says("revision 1 to 2")
    assert '"context_length": 4096' in page.text


def test_revision_that_is_not_there_is_not_found(hub: TestHub, model: str) -> None:
    visitor = reader(hub, "max")
    assert visitor.get(f"/models/detail/{model}/revisions/99").status == 404
    assert visitor.get(f"/models/detail/{model}/compare?to=99").status == 404
    assert visitor.get(f"/models/detail/{model}/compare?to=x").status == 200


def test_rejected_revision_has_a_page_with_its_feedback(hub: TestHub, model: str) -> None:
    page = reader(hub, "max").get(f"/models/detail/{model}/revisions/1")
    assert page.says("reviewed by rita")
    assert page.says("more <b>please</b>.")


def test_draft_pull_request_shows_steps_body_and_diff(hub: TestHub, model: str) -> None:
    page = reader(hub, "max").get(f"/models/detail/{model}/pull-request")
    assert page.says("Queued")
    assert page.says("opened with the default token")
    assert page.says('"model_name": "theta-chat"')
    assert page.says("Submitted by")
    assert f"/models/detail/{model}/pull-request/rebuild" in page.actions


def test_owner_has_the_pull_request_rebuilt(hub: TestHub, model: str) -> None:
    visitor = reader(hub, "max")
    path = f"/models/detail/{model}/pull-request"
    page = visitor.send(path, f"{path}/rebuild", reason="Main moved on")
    assert page.status == 303
    assert page.location.startswith(path)
    assert visitor.follow(page).says("The bot is at work")
    hub.settled()
    assert visitor.get(path).says("theta-chat")


def test_impossible_action_is_told_on_the_page(hub: TestHub, model: str) -> None:
    visitor = reader(hub, "rita")
    path = f"/models/detail/{model}/pull-request"
    token = visitor.get(path).fields["csrf_token"]
    answer = visitor.client.post(f"{path}/reopen", data={"csrf_token": token, "reason": "why not"})
    assert (answer.status_code, answer.headers["Location"]) == (303, path)
    assert 'role="alert"' in visitor.get(path).html


def test_strangers_cannot_act_on_a_pull_request(hub: TestHub, model: str) -> None:
    visitor = reader(hub, "mia")
    token = visitor.get("/models").fields["csrf_token"]
    answer = visitor.client.post(
        f"/models/detail/{model}/pull-request/rebuild", data={"csrf_token": token}, headers={"Accept": "text/html"}
    )
    assert answer.status_code == 404


def test_pull_requests_are_listed_by_state_for_those_who_may_see_them(hub: TestHub, model: str) -> None:
    page = reader(hub, "rita").get("/pulls?state=draft")
    assert page.says(model)
    assert not reader(hub, "rita").get("/pulls?state=merged").says(model)
    assert reader(hub, "rita").get("/pulls?state=evil&page=x").says(model)


def test_timeline_tells_who_what_and_why(hub: TestHub, model: str) -> None:
    page = reader(hub, "max").get(f"/models/detail/{model}/timeline")
    for words in ("Revision 1 submitted for review", "Revision 1 rejected", "rita", "First", "Longer"):
        assert page.says(words)


def test_page_behind_the_last_of_the_timeline_shows_the_last(hub: TestHub, model: str) -> None:
    owner = reader(hub, "max")
    for page in ("9", "-1", "x", "99999999999999"):
        assert owner.get(f"/models/detail/{model}/timeline?page={page}").says("Revision 1 submitted for review"), page
