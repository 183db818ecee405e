"""What the interface promises scripts, row by row, where no other test tells it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support.models import llm
from tests.support.running import TestHub, running_hub, until
from tests.support.stages import Json, approved, drafted, published


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestHub]:
    with running_hub(tmp_path_factory.mktemp("promises")) as running:
        yield running


def revision_of(hub: TestHub, name: str, number: int) -> Json:
    found: Json = hub.api("max").get(f"/models/{name}/revisions/{number}", min_position=_registry(hub)).get_json()
    return found


def _registry(hub: TestHub) -> str:
    return f"registry:{hub.heads('registry')['registry']}"


def test_revision_keeps_readme_and_visibility_that_it_leaves_out(hub: TestHub) -> None:
    published(hub, "kept", visibility="public", readme="# Kept")
    changed = {"base_revision": 1, "document": llm("kept", context_length=8192)}
    answer = hub.api("max").made("/models/kept/revisions", changed)
    assert answer["visibility"] == "public"
    assert revision_of(hub, "kept", 2)["readme"] == "# Kept"


def test_draft_keeps_readme_and_visibility_that_it_leaves_out(hub: TestHub) -> None:
    answer = drafted(hub, "sketch", visibility="enterprise", readme="# Sketch")
    body = {"base_sha256": answer["document_sha256"], "document": llm("sketch", context_length=8192)}
    saved = hub.api("max").put("/models/sketch/revisions/1", body).get_json()
    assert saved["visibility"] == "enterprise"
    assert revision_of(hub, "sketch", 1)["readme"] == "# Sketch"


def test_revision_of_a_narrowed_model_does_not_widen_it_by_itself(hub: TestHub) -> None:
    published(hub, "narrowed", visibility="public")
    hub.api("max").made("/models/narrowed/visibility", {"visibility": "private", "reason": "leak"})
    changed = {"base_revision": 1, "document": llm("narrowed", context_length=8192)}
    assert hub.api("max").made("/models/narrowed/revisions", changed)["visibility"] == "private"


def test_narrowed_model_is_widened_by_the_same_content_asked_for_publicly(hub: TestHub) -> None:
    published(hub, "rewidened", visibility="public")
    hub.api("max").made("/models/rewidened/visibility", {"visibility": "private", "reason": "leak"})
    document = revision_of(hub, "rewidened", 1)["document"]
    body = {"base_revision": 1, "document": document, "readme": "# x", "visibility": "public"}
    answer = hub.api("max").made("/models/rewidened/revisions", body)
    assert (answer["unchanged"], answer["state"]) == (False, "submitted")
    approved(hub, "rewidened", 2, answer["document_sha256"])
    until(lambda: hub.api(None).get("/models/rewidened").status_code == 200, what="everyone sees it again")
