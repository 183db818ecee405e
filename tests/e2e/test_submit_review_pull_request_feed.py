"""The main job from top to bottom, through the REST API: submit, review, pull request, feed."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from werkzeug.test import TestResponse

from tests.support.models import llm
from tests.support.running import TestHub, running_hub, until

Json = dict[str, Any]


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory, mode: str) -> Iterator[TestHub]:
    with running_hub(tmp_path_factory.mktemp("main-job"), mode=mode) as running:
        yield running


def test_a_model_goes_from_its_maintainer_through_review_to_upstream_and_clients(hub: TestHub) -> None:
    body = with_readme(hub, {"type": "llm", "document": llm("Tiny-1.5"), "visibility": "public", "message": "New"})
    first = registered(hub, body)
    number = drafted_upstream(hub)
    rejected(hub, first)
    second = revised(hub, {**body, "document": llm("Tiny-1.5", model_lang=["en", "zh"]), "base_revision": 1})
    updated = _pull_request(hub, "draft", revision=2)
    assert (updated["number"], '+      "zh"' in updated["diff"]) == (number, True)
    approved(hub, second)
    ready = _pull_request(hub, "open", revision=2)
    assert (ready["number"], ready["draft"]) == (number, False)
    everybody_gets_it(hub, body["readme"])
    told = [entry["what"] for entry in _json(hub.api("max").get("/models/tiny-1.5/timeline"))["items"]]
    for what in ("ModelSubmitted", "Rejected", "ModelUpdated", "Approved", "ModelPublished", "PullRequestReady"):
        assert what in told


def with_readme(hub: TestHub, body: Json) -> Json:
    """ "Get README" needs no account."""
    asked = {"type": body["type"], "document": body["document"]}
    readme = _json(hub.api(None).post("/readme-template", asked))["readme"]
    assert "Tiny-1.5" in readme
    return {**body, "readme": readme}


def registered(hub: TestHub, body: Json) -> Json:
    """The name is taken, the revision submitted, and nobody else sees it yet."""
    answer = hub.api("max", "write").post("/models", body)
    assert answer.status_code == 201, answer.text
    assert answer.headers["Location"] == "/api/v1/models/Tiny-1.5"
    first = _json(answer)
    assert (first["name"], first["revision"], first["state"]) == ("Tiny-1.5", 1, "submitted")
    assert hub.api(None).get("/models/tiny-1.5").status_code == 404
    return first


def drafted_upstream(hub: TestHub) -> int:
    """Without anyone's hand there is a draft with upstream's title and branch."""
    draft = _pull_request(hub, "draft", revision=1)
    assert draft["title"] == "FEAT: [model] Tiny-1.5 support"
    assert (draft["branch"], draft["draft"]) == ("chore/models-sync/tiny-1-5", True)
    assert '+    "model_name": "Tiny-1.5",' in draft["diff"]
    number: int = draft["number"]
    return number


def rejected(hub: TestHub, first: Json) -> None:
    """The reviewer finds it in the list and says what to change."""
    rita = hub.api("rita", "write")
    listed = _json(rita.get("/reviews", min_position=first["position"]))
    assert [item["name"] for item in listed["items"]] == ["Tiny-1.5"]
    verdict = {"document_sha256": first["document_sha256"], "feedback": "Say which languages."}
    answer = rita.post("/models/tiny-1.5/revisions/1/reject", verdict)
    assert answer.status_code == 200, answer.text


def revised(hub: TestHub, body: Json) -> Json:
    answer = hub.api("max", "write").post("/models/Tiny-1.5/revisions", body)
    assert answer.status_code == 200, answer.text
    return _json(answer)


def approved(hub: TestHub, second: Json) -> None:
    verdict = {"document_sha256": second["document_sha256"], "feedback": "Good."}
    answer = hub.api("rita", "write").post("/models/Tiny-1.5/revisions/2/approve", verdict)
    assert answer.status_code == 200, answer.text


def everybody_gets_it(hub: TestHub, readme: str) -> None:
    """Page, search and feed hold the approved content."""
    anyone = hub.api(None)
    detail = until(lambda: _ok(anyone.get("/models/tiny-1.5")), what="the model is public")
    assert (detail["revision"], detail["readme"]) == (2, readme)
    assert json.loads(detail["document"])["model_lang"] == ["en", "zh"]
    assert _json(anyone.get("/models", q="tiny"))["items"][0]["name"] == "Tiny-1.5"
    served = until(lambda: _feed_record(hub, "Tiny-1.5"), what="clients get the model")
    assert served == json.loads(detail["document"])


def _json(response: TestResponse) -> Json:
    found: Json = response.get_json()
    return found


def _pull_request(hub: TestHub, state: str, *, revision: int) -> Json:
    def look() -> Json | None:
        found = hub.api("max").get("/models/tiny-1.5/pull-request").json
        assert found is not None
        return found if (found.get("state"), found.get("revision")) == (state, revision) else None

    return until(look, what=f"the pull request is {state} at revision {revision}")


def _ok(response: TestResponse) -> Json | None:
    return response.get_json() if response.status_code == 200 else None


def _feed_record(hub: TestHub, name: str) -> object:
    body = hub.app.test_client().get("/api/models/download?model_type=llm").data
    return next((record for record in json.loads(body) if record["model_name"] == name), None)
