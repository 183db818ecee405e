"""What the interface promises scripts, row by row, where no other test tells it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support.models import llm
from tests.support.running import TestHub, running_hub, until
from tests.support.stages import Json, approved, drafted, published


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory, mode: str) -> Iterator[TestHub]:
    with running_hub(tmp_path_factory.mktemp("promises"), mode=mode) as running:
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


LISTS = [
    "/models",
    "/models/listed/revisions",
    "/models/listed/timeline",
    "/pulls",
    "/types",
    "/reviews",
    "/me/models",
    "/me/tokens",
    "/me/notifications",
    "/users",
    "/groups",
    "/audit",
    "/operations/outbox",
]


@pytest.fixture(scope="module")
def listed(hub: TestHub) -> TestHub:
    published(hub, "listed", visibility="public")
    for name in ("crew", "team"):
        hub.api("olga").made("/groups", {"name": name})
    for name in ("one", "two"):
        hub.api("olga").made("/me/tokens", {"name": name, "scope": "read"})
    hub.settled()
    return hub


@pytest.mark.parametrize("path", LISTS)
def test_every_list_is_read_in_parts_of_up_to_200(listed: TestHub, path: str) -> None:
    olga = listed.api("olga")
    whole = olga.get(path, per_page=200).get_json()
    assert (whole["page"], whole["per_page"], whole["total"]) == (1, 200, len(whole["items"]))
    parts = [olga.get(path, page=page, per_page=1).get_json() for page in range(1, min(4, whole["total"]) + 1)]
    seen = [_without_age(item) for part in parts for item in part["items"]]
    assert seen == [_without_age(item) for item in whole["items"][: len(parts)]]
    assert {part["total"] for part in parts} <= {whole["total"]}
    assert olga.get(path, per_page=201).status_code == 422
    assert olga.get(path, page=0).status_code == 422


def _without_age(item: Json) -> Json:
    return {key: value for key, value in item.items() if key not in ("age_s", "last_used_at")}


def test_document_that_is_known_already_is_not_sent_again(listed: TestHub) -> None:
    tag = listed.api(None).get("/models/listed/document").headers["ETag"]
    again = listed.api(None).raw("GET", "/models/listed/document", headers={"If-None-Match": tag})
    assert (again.status_code, again.data) == (304, b"")


def test_audit_is_searched_by_the_names_it_shows(listed: TestHub) -> None:
    olga = listed.api("olga")
    for actor in ("MAX", "review", "console"):
        found = olga.get("/audit", actor=actor).get_json()["items"]
        assert found and {line["actor"] for line in found} == {actor.lower()}, actor
    refused = olga.get("/audit", actor="nobody-here")
    assert (refused.status_code, refused.get_json()["errors"][0]["path"]) == (422, "/actor")


def test_exported_audit_says_whom_a_line_is_about(listed: TestHub) -> None:
    listed.api("olga").patch("/users/uma", {"add_roles": ["reviewer"]})
    until(lambda: "RoleGranted" in _exported(listed), what="the audit knows of the grant")
    (granted,) = [line.split(",") for line in _exported(listed).splitlines() if ",RoleGranted," in line]
    assert (granted[1], granted[7]) == ("olga", "uma")


def _exported(hub: TestHub) -> str:
    return hub.api("olga").get("/audit/export", what="RoleGranted").text


def test_revoked_token_and_disabled_person_are_out_at_once(hub: TestHub) -> None:
    issued = hub.api("uma").made("/me/tokens", {"name": "lost", "scope": "read"})
    bearer = {"Authorization": f"Bearer {issued['secret']}"}
    read = hub.app.test_client()
    assert read.get("/api/v1/me", headers=bearer).status_code == 200
    assert hub.api("uma").delete(f"/me/tokens/{issued['token']['id']}").status_code == 204
    assert read.get("/api/v1/me", headers=bearer).status_code == 401
    assert hub.api("uma").get("/me").status_code == 200
    hub.api("olga").patch("/users/uma", {"disabled": True})
    assert hub.api("uma").get("/me").status_code == 401
    hub.api("olga").patch("/users/uma", {"disabled": False})


@pytest.mark.parametrize("login", ["upstream", "Registry", "console", "unknown"])
def test_nobody_signs_up_as_what_the_timeline_calls_the_hub_itself(hub: TestHub, login: str) -> None:
    body = {"login": login, "email": f"{login}@example.org", "password": "correct horse battery"}
    refused = hub.api(None).post("/accounts", body)
    assert (refused.status_code, refused.get_json()["errors"][0]["path"]) == (409, "/login")


def test_data_directory_is_for_the_hubs_own_account_alone(hub: TestHub) -> None:
    assert hub.settings.data_dir.stat().st_mode & 0o077 == 0
