"""GitHub's door: what is not signed with the hub's secret changes nothing, and what is only points somewhere."""

from __future__ import annotations

import hashlib
import hmac
import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
import structlog
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from gateway.app import MAX_BODY_BYTES, create_app
from gateway.routes.webhooks import REMEMBERED, REMEMBERED_S, Deliveries
from shared.contracts.common import Caller, Done
from shared.contracts.pr_bot import Heard
from shared.errors import Unavailable
from shared.service import Calls
from tests.support.refusals import refused
from tests.support.running import settings_in

SECRET = "between us and GitHub"
OURS = {"full_name": "xorbitsai/inference"}
PUSH = {"ref": "refs/heads/main", "after": "b" * 40, "repository": OURS}
PULL = {
    "action": "closed",
    "number": 7,
    "pull_request": {"number": 7, "head": {"ref": "chore/models-sync/tiny", "sha": "a" * 40}},
    "repository": OURS,
}


class Bot:
    """Writes down what it hears; `is_down` while it cannot."""

    def __init__(self) -> None:
        self.heard_of: list[Heard] = []
        self.is_down = False

    def heard(self, request: Heard, caller: Caller) -> Done:
        assert caller.is_system
        if self.is_down:
            raise Unavailable("pr_bot does not answer; try again soon")
        self.heard_of.append(request)
        return Done()


class Door:
    """GitHub's side: signs and delivers."""

    def __init__(self, client: FlaskClient, bot: Bot) -> None:
        self.client = client
        self.bot = bot
        self.delivered = 0

    def deliver(
        self,
        event: str,
        payload: Any,
        *,
        secret: str = SECRET,
        delivery: str = "",
        form: bool = False,
        **headers: str | None,
    ) -> TestResponse:
        self.delivered += 1
        text = json.dumps(payload) if not isinstance(payload, bytes) else payload.decode()
        body = (urlencode({"payload": text}) if form else text).encode()
        sent = {
            "X-GitHub-Event": event,
            "X-GitHub-Delivery": delivery or f"delivery-{self.delivered}",
            "X-Hub-Signature-256": f"sha256={hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()}",
            "Content-Type": "application/x-www-form-urlencoded" if form else "application/json",
            **{name.replace("_", "-"): value for name, value in headers.items()},
        }
        return self.client.post(
            "/webhooks/github", data=body, headers={name: value for name, value in sent.items() if value is not None}
        )

    def status_of(self, response: TestResponse) -> tuple[int, str]:
        return response.status_code, response.get_json()["status"]


def door(folder: Path, **changes: str) -> Door:
    bot, nobody = Bot(), None
    settings = settings_in(
        folder,
        **{"HUB_UPSTREAM": "github:xorbitsai/inference", "HUB_GITHUB_WEBHOOK_SECRET": SECRET, **changes},
    )
    calls: Any = Calls(registry=nobody, review=nobody, identity=nobody, catalog=nobody, pr_bot=bot)  # type: ignore[arg-type]
    return Door(create_app(settings, calls).test_client(), bot)


@pytest.fixture
def github(tmp_path: Path) -> Iterator[Door]:
    yield door(tmp_path)


def test_a_ping_is_answered_and_points_nowhere(github: Door) -> None:
    response = github.deliver("ping", {"zen": "Design for failure.", "repository": OURS})
    assert github.status_of(response) == (200, "pong")
    assert github.bot.heard_of == []


def test_a_signed_delivery_is_heard_as_json_and_as_a_form(github: Door) -> None:
    for form in (False, True):
        assert github.status_of(github.deliver("pull_request", PULL, form=form, delivery=f"d{form}")) == (202, "heard")
    wanted = {"event": "pull_request", "action": "closed", "number": 7}
    place = {"branch": "chore/models-sync/tiny", "sha": "a" * 40}
    assert github.bot.heard_of == [Heard(**wanted, **place, delivery=f"d{form}") for form in (False, True)]  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "signature",
    [
        None,
        "",
        "sha256=",
        "sha256=" + "0" * 64,
        "sha1=" + "0" * 40,
        "sha256=" + hmac.new(b"guessed", json.dumps(PULL).encode(), hashlib.sha256).hexdigest(),
        "sha256=\u00e9",
    ],
)
def test_an_unsigned_or_forged_delivery_is_refused(github: Door, signature: str | None) -> None:
    problem = refused(github.deliver("pull_request", PULL, X_Hub_Signature_256=signature), 401)
    assert problem["type"].endswith("/webhook-signature")
    assert github.bot.heard_of == []


def test_a_signature_is_of_one_body_alone(github: Door) -> None:
    first = github.deliver("push", PUSH)
    right = first.request.headers["X-Hub-Signature-256"]
    refused(github.deliver("push", {**PUSH, "ref": "refs/heads/other"}, X_Hub_Signature_256=right), 401)
    assert len(github.bot.heard_of) == 1


def test_a_signature_of_another_secret_is_refused_and_nothing_of_ours_is_shown(github: Door) -> None:
    response = github.deliver("push", PUSH, secret="another")
    refused(response, 401)
    assert SECRET not in response.text


def test_a_hub_without_a_secret_refuses_everything_and_says_so_once(tmp_path: Path) -> None:
    closed = door(tmp_path, HUB_GITHUB_WEBHOOK_SECRET="")
    with structlog.testing.capture_logs() as lines:
        for secret in ("", SECRET, "x"):
            refused(closed.deliver("push", PUSH, secret=secret), 401)
    said = [line for line in lines if "HUB_GITHUB_WEBHOOK_SECRET" in line["event"]]
    assert len(said) == 1
    assert closed.bot.heard_of == []


def test_a_doubled_delivery_is_heard_once(github: Door) -> None:
    answers = [github.status_of(github.deliver("push", PUSH, delivery="one")) for _ in range(3)]
    assert answers == [(202, "heard"), (202, "known"), (202, "known")]
    assert len(github.bot.heard_of) == 1


def test_old_and_reordered_deliveries_only_point_again(github: Door) -> None:
    """What is true is looked up; a message that comes late says the same place."""
    opened = {**PULL, "action": "opened"}
    for payload in (PULL, opened, PULL):
        assert github.status_of(github.deliver("pull_request", payload)) == (202, "heard")
    assert {heard.number for heard in github.bot.heard_of} == {7}


def test_what_could_not_be_heard_may_be_delivered_again(github: Door) -> None:
    github.bot.is_down = True
    response = github.deliver("push", PUSH, delivery="one")
    assert (response.status_code, response.content_type) == (503, "application/problem+json")
    github.bot.is_down = False
    assert github.status_of(github.deliver("push", PUSH, delivery="one")) == (202, "heard")


@pytest.mark.parametrize("event", ["star", "workflow_run", "nobody_knows_it", "x" * 5000])
def test_events_of_no_concern_are_ignored(github: Door, event: str) -> None:
    assert github.status_of(github.deliver(event, {"action": "created", "repository": OURS})) == (202, "ignored")
    assert github.bot.heard_of == []


@pytest.mark.parametrize(
    "repository", [{"full_name": "somebody/inference"}, {"full_name": 7}, None, "xorbitsai/inference"]
)
def test_another_repository_is_ignored(github: Door, repository: Any) -> None:
    assert github.status_of(github.deliver("push", {**PUSH, "repository": repository})) == (202, "ignored")
    assert github.bot.heard_of == []


def test_the_repositorys_name_is_known_in_any_case(github: Door) -> None:
    renamed = {**PUSH, "repository": {"full_name": "XorbitsAI/Inference"}}
    assert github.status_of(github.deliver("push", renamed)) == (202, "heard")


def test_a_hub_whose_upstream_is_no_github_ignores_what_is_signed(tmp_path: Path) -> None:
    local = door(tmp_path, HUB_UPSTREAM="")
    assert local.status_of(local.deliver("push", PUSH)) == (202, "ignored")


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"7", b'{"a": NaN}', b"[" * 5000, b'{"a": 1, "a": 2}'])
def test_a_signed_body_that_is_no_object_is_refused(github: Door, body: bytes) -> None:
    refused(github.deliver("push", body), 400)
    refused(github.deliver("push", body, form=True), 400)


def test_other_media_types_are_refused(github: Door) -> None:
    for kind in ("text/plain", "multipart/form-data; boundary=x", None):
        refused(github.deliver("push", PUSH, Content_Type=kind), 415)


def test_a_delivery_without_its_event_is_refused(github: Door) -> None:
    refused(github.deliver("push", PUSH, X_GitHub_Event=None), 400)


def test_a_delivery_that_is_too_large_is_refused(github: Door) -> None:
    refused(github.deliver("push", {**PUSH, "padding": "x" * MAX_BODY_BYTES}), 413)


def test_a_delivery_that_does_not_say_its_length_is_cut_off_nowhere(github: Door) -> None:
    for size, status in ((100, 401), (MAX_BODY_BYTES + 1, 413)):
        response = github.client.post(
            "/webhooks/github",
            input_stream=io.BytesIO(b"x" * size),
            headers={"X-Hub-Signature-256": "sha256=" + "0" * 64, "Transfer-Encoding": "chunked"},
            content_type="application/json",
            environ_overrides={"wsgi.input_terminated": True},
        )
        refused(response, status)


def test_only_posts_are_taken(github: Door) -> None:
    assert github.client.get("/webhooks/github").status_code == 405


def test_few_deliveries_are_remembered_and_not_for_long() -> None:
    now = [0.0]
    deliveries = Deliveries(lambda: now[0])
    for number in range(REMEMBERED + 1):
        deliveries.remember(str(number))
    assert not deliveries.knows("0")
    assert deliveries.knows(str(REMEMBERED))
    now[0] = REMEMBERED_S
    assert not deliveries.knows(str(REMEMBERED))


def test_the_door_is_in_the_openapi_document(github: Door) -> None:
    told = github.client.get("/api/openapi.json").get_json()["paths"]["/webhooks/github"]["post"]
    assert {"200", "202", "400", "401", "413", "415", "503"} <= told["responses"].keys()
    assert told["summary"]
