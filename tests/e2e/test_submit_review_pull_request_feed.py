"""The main job from top to bottom, through the REST API: submit, review, pull request, feed."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from werkzeug.test import TestResponse

from tests.support.models import llm
from tests.support.running import TestHub, running_hub, until

Json = dict[str, Any]


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestHub]:
    with running_hub(tmp_path_factory.mktemp("main-job")) as running:
        yield running


def test_a_model_goes_from_its_maintainer_through_review_to_upstream_and_clients(hub: TestHub, tmp_path: Path) -> None:
    max_, rita, anyone = hub.api("max", "write"), hub.api("rita", "write"), hub.api(None)
    document = llm("Tiny-1.5")

    readme = anyone.post("/readme-template", {"type": "llm", "document": document}).json["readme"]  # type: ignore[index]
    assert "Tiny-1.5" in readme

    body = {"type": "llm", "document": document, "readme": readme, "visibility": "public", "message": "New"}
    registered = max_.post("/models", body)
    assert registered.status_code == 201, registered.text
    first = registered.json
    assert first is not None
    assert registered.headers["Location"] == "/api/v1/models/Tiny-1.5"
    assert (first["name"], first["revision"], first["state"]) == ("Tiny-1.5", 1, "submitted")
    assert anyone.get("/models/tiny-1.5").status_code == 404

    draft = _pull_request(hub, "draft", revision=1)
    assert (draft["title"], draft["branch"], draft["draft"]) == (
        "FEAT: [model] Tiny-1.5 support",
        "chore/models-sync/tiny-1-5",
        True,
    )
    assert '+    "model_name": "Tiny-1.5",' in draft["diff"]

    listed = rita.get("/reviews", min_position=first["position"]).json
    assert [item["name"] for item in listed["items"]] == ["Tiny-1.5"]  # type: ignore[index]
    rejected = rita.post(
        "/models/tiny-1.5/revisions/1/reject",
        {"document_sha256": first["document_sha256"], "feedback": "Say which languages."},
    )
    assert rejected.status_code == 200, rejected.text

    revised = max_.post(
        "/models/Tiny-1.5/revisions",
        {**body, "document": llm("Tiny-1.5", model_lang=["en", "zh"]), "base_revision": 1},
    )
    assert revised.status_code == 200, revised.text
    second = revised.json
    assert second is not None
    updated = _pull_request(hub, "draft", revision=2)
    assert (updated["number"], '+      "zh"' in updated["diff"]) == (draft["number"], True)

    approved = rita.post(
        "/models/Tiny-1.5/revisions/2/approve", {"document_sha256": second["document_sha256"], "feedback": "Good."}
    )
    assert approved.status_code == 200, approved.text
    ready = _pull_request(hub, "open", revision=2)
    assert (ready["number"], ready["draft"]) == (draft["number"], False)

    detail = until(lambda: _ok(anyone.get("/models/tiny-1.5")), what="the model is public")
    assert (detail["revision"], detail["readme"]) == (2, readme)
    assert json.loads(detail["document"])["model_lang"] == ["en", "zh"]
    assert anyone.get("/models", q="tiny").json["items"][0]["name"] == "Tiny-1.5"  # type: ignore[index]

    served = until(lambda: _feed_record(hub, "Tiny-1.5"), what="clients get the model")
    assert served == json.loads(detail["document"])

    told = [entry["what"] for entry in max_.get("/models/tiny-1.5/timeline").json["items"]]  # type: ignore[index]
    for what in ("ModelSubmitted", "Rejected", "ModelUpdated", "Approved", "ModelPublished", "PullRequestReady"):
        assert what in told


def _pull_request(hub: TestHub, state: str, *, revision: int) -> Json:
    def look() -> Json | None:
        found = hub.api("max").get("/models/tiny-1.5/pull-request").json
        assert found is not None
        return found if (found["state"], found["revision"]) == (state, revision) else None

    return until(look, what=f"the pull request is {state} at revision {revision}")


def _ok(response: TestResponse) -> Json | None:
    return response.get_json() if response.status_code == 200 else None


def _feed_record(hub: TestHub, name: str) -> object:
    body = hub.app.test_client().get("/api/models/download?model_type=llm").data
    return next((record for record in json.loads(body) if record["model_name"] == name), None)
