"""Idempotency-Key: doing a command twice is doing it once, with the same answer; another body is refused."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import count
from typing import Any
from uuid import uuid4

import pytest
from werkzeug.test import TestResponse

from tests.support.models import llm
from tests.support.running import TestHub, running_hub, until
from tests.support.stages import approved, body_of, drafted, published, registered, state_of

Json = dict[str, Any]
AT_ONCE = 6
REASON, OTHER_REASON = {"reason": "why"}, {"reason": "why not"}
NUMBERS = count(1)


@dataclass(frozen=True)
class Case:
    """A POST: `prepare` makes the model it is about and answers path, body and another valid body."""

    name: str
    person: str
    prepare: Callable[[TestHub, str], tuple[str, Any, Any]]


def verdict(name: str, act: str) -> Callable[[TestHub, str], tuple[str, Any, Any]]:
    def prepare(hub: TestHub, model: str) -> tuple[str, Any, Any]:
        body = {"document_sha256": registered(hub, model)["document_sha256"], "feedback": "Good."}
        return f"/models/{model}/revisions/1/{act}", body, body | {"feedback": "Bad."}

    return prepare


def lifecycle(act: str, body: Json, other: Json, *first: tuple[str, Json]) -> Callable[[TestHub, str], Any]:
    def prepare(hub: TestHub, model: str) -> tuple[str, Any, Any]:
        published(hub, model)
        for earlier, reason in first:
            hub.api("olga").made(f"/models/{model}/{earlier}", reason)
        return f"/models/{model}/{act}", body, other

    return prepare


def draft_act(act: str) -> Callable[[TestHub, str], tuple[str, Any, Any]]:
    def prepare(hub: TestHub, model: str) -> tuple[str, Any, Any]:
        drafted(hub, model)
        return f"/models/{model}/revisions/1/{act}", {"reason": ""}, {"reason": "other"}

    return prepare


def revise(hub: TestHub, model: str) -> tuple[str, Any, Any]:
    registered(hub, model)
    body = body_of(model, base_revision=1, document=llm(model, context_length=8192))
    return f"/models/{model}/revisions", body, body | {"readme": "# other"}


def unchanged(hub: TestHub, model: str) -> tuple[str, Any, Any]:
    registered(hub, model)
    body = body_of(model, base_revision=1)
    return f"/models/{model}/revisions", body, body | {"message": "other"}


def pull_request(act: str) -> Callable[[TestHub, str], tuple[str, Any, Any]]:
    def prepare(hub: TestHub, model: str) -> tuple[str, Any, Any]:
        registered(hub, model, visibility="public")
        until(lambda: pull_request_state(hub, model) == "draft", what="the pull request is a draft")
        return f"/models/{model}/pull-request/{act}", REASON, OTHER_REASON

    return prepare


def pull_request_state(hub: TestHub, model: str) -> str:
    return str(hub.api("olga").get(f"/models/{model}/pull-request").get_json().get("state"))


def group(hub: TestHub, model: str) -> tuple[str, Any, Any]:
    hub.api("olga").made("/groups", {"name": f"group of {model}"})
    published(hub, model, visibility="enterprise")
    body = {"add": [f"group of {model}"], "reason": "why"}
    return f"/models/{model}/groups", body, body | {"reason": "other"}


CASES = [
    Case("register", "max", lambda hub, model: ("/models", body_of(model), body_of(model, readme="# other"))),
    Case("revise", "max", revise),
    Case("revise-unchanged", "max", unchanged),
    Case("submit", "max", draft_act("submit")),
    Case("withdraw", "max", draft_act("withdraw")),
    Case("approve", "rita", verdict("approve", "approve")),
    Case("reject", "rita", verdict("reject", "reject")),
    Case("comment", "rita", verdict("comment", "comments")),
    Case("narrow", "max", lifecycle("visibility", {"visibility": "private"}, {"visibility": "enterprise"})),
    Case("owners", "max", lifecycle("owners", {"add": ["mia"], "reason": "r"}, {"add": ["rita"], "reason": "r"})),
    Case("groups", "max", group),
    Case("deprecate", "max", lifecycle("deprecate", REASON, OTHER_REASON)),
    Case("archive", "max", lifecycle("archive", REASON, OTHER_REASON)),
    Case("restore", "max", lifecycle("restore", REASON, OTHER_REASON, ("archive", REASON))),
    Case("restore-nothing", "max", lifecycle("restore", REASON, OTHER_REASON)),
    Case("quarantine", "olga", lifecycle("quarantine", REASON, OTHER_REASON)),
    Case("lift", "olga", lifecycle("quarantine/lift", REASON, OTHER_REASON, ("quarantine", REASON))),
    Case("feature", "olga", lifecycle("feature", {"featured": True}, {"featured": False})),
    Case("retry", "max", pull_request("retry")),
    Case("rebuild", "rita", pull_request("rebuild")),
    Case("new-group", "olga", lambda hub, model: ("/groups", {"name": model}, {"name": f"{model}-other"})),
    Case(
        "role-request",
        "uma",
        lambda hub, model: ("/me/role-request", {"role": "maintainer", **REASON}, {"role": "reviewer", **REASON}),
    ),
]


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory, mode: str) -> Iterator[TestHub]:
    with running_hub(tmp_path_factory.mktemp("idempotency"), mode=mode) as running:
        yield running


@pytest.fixture
def model() -> str:
    return f"model-{next(NUMBERS)}"


def key() -> str:
    return uuid4().hex


def told(response: TestResponse) -> tuple[int, Any]:
    return response.status_code, response.get_json()


def slug(response: TestResponse) -> str:
    return str(response.get_json()["type"].rsplit("/", 1)[1])


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_repeat_is_done_once_and_answered_alike_and_another_body_is_refused(
    hub: TestHub, model: str, case: Case
) -> None:
    path, body, other = case.prepare(hub, model)
    api, one_key = hub.api(case.person), key()
    first = api.post(path, body, key=one_key)
    assert first.status_code < 300, first.text
    hub.settled()
    heads = hub.heads()
    again = api.post(path, body, key=one_key)
    assert told(again) == told(first)
    refused = api.post(path, other, key=one_key)
    assert (refused.status_code, slug(refused)) == (422, "idempotency-key-reused")
    assert "new key" in refused.get_json()["detail"]
    hub.settled()
    assert hub.heads() == heads


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_repeats_at_once_are_done_once_and_answered_alike(hub: TestHub, model: str, case: Case) -> None:
    path, body, _ = case.prepare(hub, model)
    hub.settled()
    heads, one_key = hub.heads(), key()
    tokens = [hub.api(case.person) for _ in range(AT_ONCE)]
    with ThreadPoolExecutor(AT_ONCE) as pool:
        answers = [told(response) for response in pool.map(lambda api: api.post(path, body, key=one_key), tokens)]
    assert answers[0][0] < 300, answers
    assert all(answer == answers[0] for answer in answers), answers
    hub.settled()
    appended = {name: hub.heads()[name] - heads[name] for name in heads}
    events = [event for name in heads for event in hub.log(name)]
    assert len({event.event_id for event in events}) == len(events)
    assert max(appended.values()) <= 2, appended


def test_two_bodies_at_once_under_one_key_are_one_command(hub: TestHub, model: str) -> None:
    for round_ in range(5):
        bodies = [body_of(f"{model}-{round_}-{number % 2}") for number in range(AT_ONCE)]
        one_key, max_ = key(), [hub.api("max") for _ in bodies]
        with ThreadPoolExecutor(AT_ONCE) as pool:
            answers = list(pool.map(lambda api, body: api.post("/models", body, key=one_key), max_, bodies))  # noqa: B023
        done = {answer.get_json()["name"] for answer in answers if answer.status_code == 201}
        assert len(done) == 1, [answer.text for answer in answers]
        refused = [answer for answer in answers if answer.status_code != 201]
        assert {(answer.status_code, slug(answer)) for answer in refused} == {(422, "idempotency-key-reused")}
        assert len(refused) == AT_ONCE // 2


def test_a_repeat_is_answered_as_it_was_after_the_model_moved_on(hub: TestHub, model: str) -> None:
    max_, one_key, submitted = hub.api("max"), key(), body_of(model)
    first = max_.made("/models", submitted, key=one_key)
    approved(hub, model, 1, first["document_sha256"])
    until(lambda: state_of(hub, model) == "published", what="published")
    max_.made(f"/models/{model}/archive", REASON)
    assert max_.made("/models", submitted, key=one_key) == first


def test_one_key_for_two_acts_with_one_body_is_refused(hub: TestHub, model: str) -> None:
    published(hub, model)
    max_, one_key = hub.api("max"), key()
    max_.made(f"/models/{model}/archive", REASON, key=one_key)
    refused = max_.post(f"/models/{model}/restore", REASON, key=one_key)
    assert (refused.status_code, slug(refused)) == (422, "idempotency-key-reused")
    hub.settled()
    assert state_of(hub, model) == "archived"


def test_another_persons_key_is_another_command(hub: TestHub, model: str) -> None:
    one_key = key()
    made = [hub.api(person).post("/models", body_of(f"{model}-{person}"), key=one_key) for person in ("max", "mia")]
    assert [response.status_code for response in made] == [201, 201]
    taken = hub.api("mia").post("/models", body_of(f"{model}-max"), key=key())
    assert taken.status_code == 409


def test_a_secret_is_answered_once_and_its_repeat_names_the_token(hub: TestHub) -> None:
    max_, one_key = hub.api("max"), key()
    body = {"name": "ci", "scope": "read"}
    with ThreadPoolExecutor(AT_ONCE) as pool:
        answers = list(pool.map(lambda _: hub.api("max").post("/me/tokens", body, key=one_key), range(AT_ONCE)))
    (made,) = [answer.get_json() for answer in answers if answer.status_code == 201]
    repeats = [answer for answer in answers if answer.status_code != 201]
    assert {answer.status_code for answer in repeats} == {409}
    assert {answer.get_json()["details"]["id"] for answer in repeats} == {made["token"]["id"]}
    assert all(made["secret"] not in answer.text for answer in repeats)
    refused = max_.post("/me/tokens", body | {"scope": "admin"}, key=one_key)
    assert (refused.status_code, slug(refused)) == (422, "idempotency-key-reused")
    assert [item["name"] for item in max_.get("/me/tokens").get_json()["items"]].count("ci") == 1


def test_a_repeat_does_not_take_back_what_happened_since(hub: TestHub, model: str) -> None:
    olga, one_key = hub.api("olga"), key()
    group_id = olga.made("/groups", {"name": model})["group"]["id"]
    change = {"add": ["uma"], "remove": []}
    headers = {"Idempotency-Key": one_key}
    assert olga.raw("PATCH", f"/groups/{group_id}", json=change, headers=headers).status_code == 200
    assert olga.patch(f"/groups/{group_id}", {"add": [], "remove": ["uma"]}).status_code == 200
    assert olga.raw("PATCH", f"/groups/{group_id}", json=change, headers=headers).status_code == 200
    assert olga.get(f"/groups/{group_id}").get_json()["members"] == []


def test_signing_up_again_under_ones_key_shows_nobody_elses_account(hub: TestHub) -> None:
    max_, one_key = hub.api("max"), key()
    account = {"login": "newcomer", "email": "newcomer@example.org", "password": "correct horse battery"}
    assert max_.post("/accounts", account, key=one_key).status_code == 201
    refused = max_.post("/accounts", account | {"login": "olga"}, key=one_key)
    assert refused.status_code == 422
    assert "olga@example.org" not in refused.text


def test_without_an_identity_the_key_is_ignored(hub: TestHub) -> None:
    one_key, anyone = key(), hub.api(None)
    for document in ("{}", "[]"):
        assert anyone.post("/validate", {"type": "llm", "document": document}, key=one_key).status_code == 200


def test_a_comment_under_another_key_is_another_comment(hub: TestHub, model: str) -> None:
    body = {"document_sha256": registered(hub, model)["document_sha256"], "feedback": "Nice."}
    for one_key in (key(), key(), None, None):
        hub.api("rita").made(f"/models/{model}/revisions/1/comments", body, key=one_key)
    hub.settled()
    assert len(hub.api("rita").get(f"/reviews/{model}/1").get_json()["comments"]) == 4


@pytest.mark.parametrize("bad", ["x" * 201, "tab\there", "bell\x07"])
def test_a_key_that_is_none_is_refused(hub: TestHub, model: str, bad: str) -> None:
    heads = hub.heads()
    refused = hub.api("max").post("/models", body_of(model), key=bad)
    assert (refused.status_code, "UUID" in refused.get_json()["detail"]) == (422, True)
    assert hub.heads() == heads
