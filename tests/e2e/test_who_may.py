"""INTERFACE's "who" column: each route with each role."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support.models import llm
from tests.support.running import TestHub, running_hub, until

ANYONE, USER, OTHER, OWNER, REVIEWER, OPERATOR = None, "uma", "mia", "max", "rita", "olga"
EVERYBODY = (ANYONE, USER, OTHER, OWNER, REVIEWER, OPERATOR)
SIGNED_IN = EVERYBODY[1:]
REASON = {"reason": "because"}

# (method, path, body, who is let through; "pub" is a published public model of max, "hid" his private one)
PUBLIC_READS = [
    "/models",
    "/models/pub",
    "/models/pub/document",
    "/models/pub/readme",
    "/models/pub/revisions",
    "/models/pub/revisions/1",
    "/models/pub/revisions/1/diff",
    "/models/pub/timeline",
    "/models/pub/pull-request",
    "/types",
    "/types/llm/schema",
    "/changes",
    "/pulls",
    "/session",
]
HIDDEN_READS = [
    "/models/hid",
    "/models/hid/document",
    "/models/hid/readme",
    "/models/hid/revisions",
    "/models/hid/revisions/1",
    "/models/hid/revisions/1/diff",
    "/models/hid/timeline",
    "/models/hid/pull-request",
]
OWN_READS = ["/me", "/me/models", "/me/tokens", "/me/notifications", "/me/github-token"]
OPERATOR_READS = ["/users", "/audit", "/audit/export", "/operations", "/operations/outbox", "/groups"]
OWNERS_POSTS = [
    "/models/{}/revisions",
    "/models/{}/revisions/1/submit",
    "/models/{}/revisions/1/withdraw",
    "/models/{}/visibility",
    "/models/{}/deprecate",
    "/models/{}/archive",
    "/models/{}/restore",
    "/models/{}/owners",
    "/models/{}/groups",
    "/models/{}/pull-request/take-over",
]
REVIEWERS_POSTS = ["/models/{}/revisions/1/approve", "/models/{}/revisions/1/reject"]
PULL_POSTS = ["/models/{}/pull-request/retry", "/models/{}/pull-request/rebuild", "/models/{}/pull-request/reopen"]
OPERATOR_POSTS = [
    *("/models/pub/quarantine", "/models/pub/feature", "/operations/parked/registry:1/retry", "/groups"),
    "/operations/pull-requests",
]


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory, mode: str) -> Iterator[TestHub]:
    with running_hub(tmp_path_factory.mktemp("who"), mode=mode) as running:
        owner, reviewer = running.api(OWNER), running.api(REVIEWER)
        for name, visibility in (("pub", "public"), ("hid", "private")):
            body = {"type": "llm", "document": llm(name), "readme": "# x", "visibility": visibility}
            made = owner.post("/models", body).json
            assert made is not None
            verdict = {"document_sha256": made["document_sha256"]}
            if name == "pub":
                assert reviewer.post(f"/models/{name}/revisions/1/approve", verdict).status_code == 200
        until(lambda: running.api(ANYONE).get("/models/pub").status_code == 200, what="pub is published")
        running.settled()
        yield running


@pytest.mark.parametrize("path", PUBLIC_READS)
@pytest.mark.parametrize("person", EVERYBODY)
def test_anyone_reads_what_is_public(hub: TestHub, path: str, person: str | None) -> None:
    assert hub.api(person).get(path).status_code == 200


@pytest.mark.parametrize("path", HIDDEN_READS)
@pytest.mark.parametrize("person", EVERYBODY)
def test_a_private_model_is_not_there_for_those_who_may_not_see_it(hub: TestHub, path: str, person: str | None) -> None:
    expected = 200 if person in (OWNER, REVIEWER, OPERATOR) else 404
    assert hub.api(person).get(path).status_code == expected


@pytest.mark.parametrize("path", OWN_READS)
@pytest.mark.parametrize("person", EVERYBODY)
def test_ones_own_needs_sign_in(hub: TestHub, path: str, person: str | None) -> None:
    assert hub.api(person).get(path).status_code == (401 if person is None else 200)


@pytest.mark.parametrize("person", EVERYBODY)
def test_ones_own_token_and_consent_need_sign_in(hub: TestHub, person: str | None) -> None:
    api = hub.api(person)
    consent = api.patch("/me/github-token", {"default_allowed": False})
    assert consent.status_code == (401 if person is None else 200)
    assert api.put("/me/github-token", {"token": "none"}).status_code == (401 if person is None else 422)
    # This hub's upstream is a local repository: there is nobody to test a token with.
    assert api.post("/me/github-token/test").status_code == (401 if person is None else 409)
    assert api.delete("/me/github-token").status_code == (401 if person is None else 204)


@pytest.mark.parametrize("method", ["PATCH", "PUT", "DELETE"])
def test_a_read_token_leaves_the_github_token_alone(hub: TestHub, method: str) -> None:
    body = {"default_allowed": True} if method == "PATCH" else {"token": "ghp_" + "a" * 36}
    response = hub.api(OWNER, "read").raw(method, "/me/github-token", json=None if method == "DELETE" else body)
    assert response.status_code == 403


@pytest.mark.parametrize("person", EVERYBODY)
def test_the_webhooks_door_knows_signatures_and_no_people(hub: TestHub, person: str | None) -> None:
    headers = {"Authorization": f"Bearer {hub.token(person)}"} if person else {}
    response = hub.app.test_client().post("/webhooks/github", json={}, headers=headers)
    assert response.status_code == 401
    assert response.content_type == "application/problem+json"


@pytest.mark.parametrize("path", [*OPERATOR_READS])
@pytest.mark.parametrize("person", EVERYBODY)
def test_operators_pages_are_for_operators(hub: TestHub, path: str, person: str | None) -> None:
    expected = {ANYONE: 401, OPERATOR: 200}.get(person, 403)
    assert hub.api(person).get(path).status_code == expected


@pytest.mark.parametrize("person", EVERYBODY)
def test_the_review_list_is_for_reviewers_and_operators(hub: TestHub, person: str | None) -> None:
    expected = {ANYONE: 401, REVIEWER: 200, OPERATOR: 200}.get(person, 403)
    assert hub.api(person).get("/reviews").status_code == expected


@pytest.mark.parametrize("person", EVERYBODY)
def test_registering_is_for_maintainers_and_operators(hub: TestHub, person: str | None) -> None:
    # The role is asked for before the body is looked at.
    expected = {ANYONE: 401, USER: 403, REVIEWER: 403}.get(person, 422)
    assert hub.api(person).post("/models", {}).status_code == expected


@pytest.mark.parametrize("path", OWNERS_POSTS)
@pytest.mark.parametrize("person", [ANYONE, USER, OTHER, REVIEWER])
def test_only_owners_and_operators_change_a_model(hub: TestHub, path: str, person: str | None) -> None:
    assert hub.api(person).post(path.format("pub"), {}).status_code == (401 if person is None else 403)
    hidden = {ANYONE: 401, REVIEWER: 403}.get(person, 404)
    assert hub.api(person).post(path.format("hid"), {}).status_code == hidden


@pytest.mark.parametrize("path", [path for path in OWNERS_POSTS if not path.endswith(("submit", "withdraw"))])
@pytest.mark.parametrize("person", [OWNER, OPERATOR])
def test_the_body_is_looked_at_last(hub: TestHub, path: str, person: str) -> None:
    assert hub.api(person).post(path.format("pub"), {"nonsense": 1}).status_code == 422


@pytest.mark.parametrize("path", REVIEWERS_POSTS)
@pytest.mark.parametrize("person", [ANYONE, USER, OTHER, OWNER])
def test_only_reviewers_give_verdicts(hub: TestHub, path: str, person: str | None) -> None:
    body = {"document_sha256": "0" * 64, "feedback": "x"}
    assert hub.api(person).post(path.format("pub"), body).status_code == (401 if person is None else 403)
    hidden = {ANYONE: 401, OWNER: 403}.get(person, 404)
    assert hub.api(person).post(path.format("hid"), body).status_code == hidden


@pytest.mark.parametrize("path", PULL_POSTS)
@pytest.mark.parametrize("person", EVERYBODY)
def test_pull_requests_are_moved_by_owners_reviewers_and_operators(hub: TestHub, path: str, person: str | None) -> None:
    allowed = person in (OWNER, REVIEWER, OPERATOR)
    response = hub.api(person).post(path.format("pub"), {})
    assert response.status_code == (422 if allowed else 401 if person is None else 403)
    if not allowed:
        assert hub.api(person).post(path.format("hid"), REASON).status_code == (401 if person is None else 404)


@pytest.mark.parametrize("person", EVERYBODY)
def test_a_persons_commits_on_the_branch_are_read_by_those_who_decide(hub: TestHub, person: str | None) -> None:
    allowed = person in (OWNER, REVIEWER, OPERATOR)
    response = hub.api(person).get("/models/pub/pull-request/branch")
    assert response.status_code == (200 if allowed else 401 if person is None else 403)
    if not allowed:
        hidden = hub.api(person).get("/models/hid/pull-request/branch")
        assert hidden.status_code == (401 if person is None else 404)


@pytest.mark.parametrize("path", OPERATOR_POSTS)
@pytest.mark.parametrize("person", [ANYONE, USER, OTHER, OWNER, REVIEWER])
def test_operators_acts_are_for_operators(hub: TestHub, path: str, person: str | None) -> None:
    assert hub.api(person).post(path, REASON).status_code == (401 if person is None else 403)


def test_comments_are_for_owners_reviewers_and_operators(hub: TestHub) -> None:
    path, body = "/models/pub/revisions/1/comments", {"feedback": "Nice."}
    answers = {person: hub.api(person).post(path, body).status_code for person in EVERYBODY}
    assert answers == {ANYONE: 401, USER: 403, OTHER: 403, OWNER: 200, REVIEWER: 200, OPERATOR: 200}


def test_a_read_token_commands_nothing(hub: TestHub) -> None:
    assert hub.api(OWNER, "read").get("/me/models").status_code == 200
    assert hub.api(OWNER, "read").post("/models/pub/deprecate", REASON).status_code == 403


def test_a_write_token_does_not_carry_operators_acts(hub: TestHub) -> None:
    response = hub.api(OPERATOR, "write").post("/models/pub/feature", {"featured": True})
    assert response.status_code == 403


@pytest.mark.parametrize("visitor", ["nonsense", "Basic abc", "Bearer ", "Bearer hub_unknown"])
def test_a_bad_authorization_is_401_and_says_what_to_do(hub: TestHub, visitor: str) -> None:
    response = hub.api(None).raw("GET", "/models", headers={"Authorization": visitor})
    assert response.status_code == 401
    assert response.content_type == "application/problem+json"
    assert "User Center" in response.json["detail"]  # type: ignore[index]


def test_a_session_needs_its_csrf_token_for_commands(hub: TestHub) -> None:
    from tests.support.running import PASSWORD

    client = hub.app.test_client()
    signed_in = client.post("/api/v1/session", json={"login": "max", "password": PASSWORD})
    assert signed_in.status_code == 200
    csrf = signed_in.json["csrf_token"]  # type: ignore[index]
    assert client.get("/api/v1/session").json["csrf_token"] == csrf  # type: ignore[index]
    refused = client.patch("/api/v1/me", json={"display_name": "M"})
    assert (refused.status_code, refused.json["type"].rsplit("/", 1)[1]) == (403, "csrf")  # type: ignore[index]
    granted = client.patch("/api/v1/me", json={"display_name": "M"}, headers={"X-CSRFToken": csrf})
    assert granted.status_code == 200
    assert client.delete("/api/v1/session", headers={"X-CSRFToken": csrf}).status_code == 204
    assert client.get("/api/v1/me").status_code == 401


def test_a_disabled_person_is_signed_out_everywhere(hub: TestHub) -> None:
    from tests.support.running import PASSWORD

    client = hub.app.test_client()
    account = {"login": "dora", "email": "dora@example.org", "password": PASSWORD}
    assert hub.api(None).post("/accounts", account).status_code == 201
    assert client.post("/api/v1/session", json={"login": "dora", "password": PASSWORD}).status_code == 200
    token = hub.token("dora", "read")
    assert hub.api(OPERATOR).patch("/users/dora", {"disabled": True, "reason": "left"}).status_code == 200
    again = client.post("/api/v1/session", json={"login": "dora", "password": PASSWORD}, headers={})
    assert again.status_code in (401, 403)
    fresh = hub.app.test_client()
    assert fresh.get("/api/v1/me", headers={"Authorization": f"Bearer {token}"}).status_code == 401
