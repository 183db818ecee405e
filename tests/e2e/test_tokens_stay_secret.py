"""No token, no key and no secret is anywhere but where it belongs: looked for everywhere after a hub has used them.

People store tokens, pull requests are opened with them and by the hub's own account, and everything goes wrong that
can: tokens refused, GitHub failing, answers cut, bodies that cannot be read. Then every place is searched.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import io
import json
import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, cast

import pytest
import structlog

from gateway.archive.writing import write_backup
from services.pr_bot.upstream.github_calls import GitHubCalls
from shared.log_lines import configure
from tests.support.github import FakeGitHub, fake_github
from tests.support.github.faults import Fault
from tests.support.hub import reader, small_catalogue
from tests.support.models import llm
from tests.support.running import TestHub, running_hub, until
from tests.support.secret_search import Answers, SecretSearch
from tests.support.stages import approved, registered

DEFAULT, CLASSIC, FINE = "ghp_" + "d3F4u1t" * 5, "ghp_" + "m4xC1as" * 5, "github_pat_" + "m1aF1ne" * 8
GONE, WEAK = "ghp_" + "g0n3G0n" * 5, "ghp_" + "w3akW3a" * 5
WEBHOOKS = "webhooks-Secret-of-ours"
GITHUB_TOKENS = {
    "the default token": DEFAULT,
    "max's token": CLASSIC,
    "mia's token": FINE,
    "a gone": GONE,
    "a weak": WEAK,
}
PAGES = [
    *("/", "/models", "/pulls", "/user-center", "/my-models", "/register-model", "/reviews", "/operations"),
    *("/operations/audit", "/operations/audit.csv", "/operations/mail", "/operations/people", "/api/docs"),
    *("/models/detail/forked", "/models/detail/forked/pull-request", "/models/detail/forked/timeline"),
    *("/models/detail/forked/settings", "/models/detail/plain/pull-request", "/metrics", "/readyz"),
    *("/api/openapi.json", "/api/asyncapi.json", "/api/v1/me/github-token", "/api/v1/me/notifications"),
    *("/api/v1/operations", "/api/v1/operations/outbox", "/api/v1/audit", "/api/v1/audit/export", "/api/v1/pulls"),
    *("/api/v1/models/forked/pull-request", "/api/v1/models/forked/timeline", "/api/models/download?model_type=llm"),
]


@dataclass
class Ran:
    """A hub after all of it, still running. Processes of their own pause between two writes, so they do less of it."""

    hub: TestHub
    github: FakeGitHub
    logged: io.StringIO
    answers: Answers
    folder: Path
    is_quick: bool
    statuses: dict[str, int] = field(default_factory=dict)

    def search(self) -> SecretSearch:
        seal_key = base64.b64decode(self.hub.settings.seal_key_file.read_text())
        return SecretSearch({**GITHUB_TOKENS, "the webhooks' secret": WEBHOOKS, "the seal key": seal_key})


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory, mode: str) -> Iterator[Ran]:
    folder, files = tmp_path_factory.mktemp("secrets"), small_catalogue()
    logged = io.StringIO()
    with fake_github(folder / "github", files) as github, pytest.MonkeyPatch.context() as patch:
        patch.setitem(cast(dict[str, Any], GitHubCalls.__init__.__kwdefaults__), "between_writes_s", 0.0)
        github.user("hub-bot", token=DEFAULT)
        github.user("max-at-github", token=CLASSIC, push=False)
        github.user("mia-at-github", token=FINE)
        github.user("nobody", token=WEAK, scopes=("gist",))
        changes: dict[str, Any] = {
            "HUB_UPSTREAM": "github:xorbitsai/inference",
            "HUB_GITHUB_API_URL": github.url,
            "HUB_GITHUB_TOKEN": DEFAULT,
            "HUB_GITHUB_WEBHOOK_SECRET": WEBHOOKS,
        }
        with running_hub(folder, files=files, mode=mode, **changes) as hub:
            hub.app.wsgi_app = answers = Answers(hub.app.wsgi_app)  # type: ignore[method-assign]
            found = Ran(hub, github, logged, answers, folder, is_quick=mode == "embedded")
            with logging_to(logged):
                journey(found)
                yield found


@contextmanager
def logging_to(stream: io.StringIO) -> Iterator[None]:
    """Every line of every level, of other people's libraries too."""
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    configure(json_lines=True, stream=stream, level=logging.DEBUG)
    root.setLevel(logging.DEBUG)
    try:
        yield
    finally:
        structlog.reset_defaults()
        root.handlers[:] = handlers
        root.setLevel(level)


def journey(ran: Ran) -> None:
    tokens(ran)
    pull_requests(ran)
    trouble(ran)
    a_token_revoked(ran)
    webhooks(ran)
    everything_is_looked_at(ran)


def tokens(ran: Ran) -> None:
    """Stored and refused, by the API and by the page, also in bodies that cannot be read."""
    hub, github = ran.hub, ran.github
    said = ran.statuses
    said["stored"] = hub.api("max").put("/me/github-token", {"token": CLASSIC}).status_code
    mia = reader(hub, "mia")
    said["stored by the page"] = mia.send("/user-center", "/user-center/github-token", token=FINE).status
    said["unknown"] = hub.api("uma").put("/me/github-token", {"token": GONE}).status_code
    said["weak"] = hub.api("uma").put("/me/github-token", {"token": WEAK}).status_code
    said["weak by the page"] = reader(hub, "uma").send("/user-center", "/user-center/github-token", token=WEAK).status
    github.faults.before("GET", "/user")
    said["GitHub failing"] = hub.api("uma").put("/me/github-token", {"token": WEAK}).status_code
    github.faults.cut("GET", "/user")
    said["GitHub away"] = hub.api("uma").put("/me/github-token", {"token": WEAK}).status_code
    for name, body in (("no JSON", f'{{"token": "{GONE}'), ("another field", json.dumps({"tokn": GONE}))):
        answer = hub.api("uma").raw("PUT", "/me/github-token", data=body, content_type="application/json")
        said[name] = answer.status_code
    said["two tokens"] = hub.api("uma").put("/me/github-token", {"token": f"{GONE} {WEAK}"}).status_code
    said["as an API token"] = hub.api(None).raw("GET", "/me", headers={"Authorization": f"Bearer {GONE}"}).status_code
    said["in the query"] = hub.api("uma").get("/me/github-token", token=GONE).status_code
    said["tested again"] = hub.api("max").post("/me/github-token/test").status_code


def pull_requests(ran: Ran) -> None:
    hub = ran.hub
    made = registered(hub, "forked", visibility="public")
    registered(hub, "plain", person="mia", visibility="public")
    if ran.is_quick:
        registered(hub, "ours", person="olga", visibility="public")
    hub.settled()
    approved(hub, "forked", 1, made["document_sha256"])
    hub.settled()
    assert state_of(hub, "forked") == "open"


def trouble(ran: Ran) -> None:
    """GitHub does what it can to be in the way, while a token is in use."""
    hub, faults = ran.hub, ran.github.faults
    commits = ("POST", "/git/commits")
    provoked: list[Callable[[], Fault]] = [
        partial(faults.cut, *commits),
        partial(faults.unauthorized, *commits),
        partial(faults.before, *commits, status=500),
        partial(faults.after, *commits, status=502),
        partial(faults.before, *commits, status=422),
        partial(faults.secondary, *commits, retry_after_s=1),
    ]
    for number, provoke in enumerate(provoked if ran.is_quick else provoked[:2]):
        fault = provoke()
        document = llm("plain", context_length=1024 + number)
        base = {"base_revision": number + 1, "document": document, "visibility": "public", "readme": "# x"}
        hub.api("mia").made("/models/plain/revisions", {**base, "message": f"try {number}"})
        until(lambda: fault.met == 1, what=f"fault {number} is met")  # noqa: B023
        hub.api("mia").made("/models/plain/pull-request/retry", {"reason": "again"})
    until(lambda: state_of(hub, "plain") == "draft", what="the last try succeeded", deadline_s=40)


def a_token_revoked(ran: Ran) -> None:
    """It stops its owner's requests, which the default then goes on with, as its owner allows."""
    hub, max_ = ran.hub, ran.hub.api("max")
    ran.github.revoke(CLASSIC)
    ran.statuses["tested once revoked"] = max_.post("/me/github-token/test").status_code
    base = {"base_revision": 1, "document": llm("forked", context_length=512), "readme": "# x", "message": "more"}
    max_.made("/models/forked/revisions", {**base, "visibility": "public"})
    until(lambda: state_of(hub, "forked") == "paused", what="the request is paused")
    until(lambda: told_of_token(hub), what="its owner is told")
    ran.statuses["consent"] = max_.patch("/me/github-token", {"default_allowed": True}).status_code
    until(lambda: state_of(hub, "forked") == "draft", what="the default goes on")
    hub.settled()


def webhooks(ran: Ran) -> None:
    payload = {"ref": "refs/heads/main", "repository": {"full_name": "xorbitsai/inference"}, "after": "a" * 40}
    body = json.dumps(payload).encode()
    right = hmac.new(WEBHOOKS.encode(), body, hashlib.sha256).hexdigest()
    for name, signature in (("signed", f"sha256={right}"), ("forged", "sha256=" + "0" * 64), ("unsigned", "")):
        headers = {"X-GitHub-Event": "push", "X-Hub-Signature-256": signature, "Content-Type": "application/json"}
        client = ran.hub.app.test_client()
        ran.statuses[name] = client.post("/webhooks/github", data=body, headers=headers).status_code


def everything_is_looked_at(ran: Ran) -> None:
    for person in ("max", "mia", "rita", "olga"):
        visitor = reader(ran.hub, person)
        for page in PAGES:
            visitor.client.get(page, headers={"Accept": "text/html"})
    ran.hub.settled()


def state_of(hub: TestHub, name: str) -> str:
    return str(hub.api("olga").get(f"/models/{name}/pull-request").get_json().get("state"))


def told_of_token(hub: TestHub) -> bool:
    items = hub.api("max").get("/me/notifications").get_json()["items"]
    return any(item["kind"] == "PullRequestPaused" and item["path"].startswith("/user-center") for item in items)


def test_all_of_it_happened(ran: Ran) -> None:
    """So that what is not found below was there to be found."""
    assert ran.statuses == {
        **{"stored": 200, "stored by the page": 303, "tested again": 200, "consent": 200, "signed": 202},
        **{"unknown": 422, "weak": 422, "weak by the page": 422, "two tokens": 422, "tested once revoked": 422},
        **{"GitHub failing": 503, "GitHub away": 503, "no JSON": 400, "another field": 422, "in the query": 422},
        **{"as an API token": 401, "forged": 401, "unsigned": 401},
    }
    opened = {pull.head_ref: pull.user.login for pull in ran.github.pulls()}
    assert opened["chore/models-sync/user-max-at-github/forked"] == "max-at-github"
    assert opened["chore/models-sync/user-mia-at-github/plain"] == "mia-at-github"
    assert "hub-bot" in opened.values()
    met = {401, 422, 500, 502, 0} if ran.is_quick else {401, 0}
    assert met <= {status for _, _, status in ran.github.calls}


def test_no_answer_and_no_page_holds_a_secret(ran: Ran) -> None:
    search = ran.search()
    for where, content in ran.answers.kept:
        search.look(where, content)
    assert search.found == []
    assert search.looked_at > 100


def test_no_log_line_holds_a_secret(ran: Ran, mode: str) -> None:
    search = ran.search()
    search.look("log", ran.logged.getvalue())
    for path in ran.hub.settings.data_dir.glob("*.log"):
        search.look(path.name, path.read_bytes())
    said = ran.logged.getvalue() + "".join(path.read_text() for path in ran.hub.settings.data_dir.glob("*.log"))
    assert "step taken" in said and "forked" in said
    assert search.found == []


def test_no_event_holds_a_secret(ran: Ran) -> None:
    search = ran.search()
    for service in ("registry", "review", "identity", "pr_bot"):
        for recorded in ran.hub.log(service):
            search.look(f"{service} {recorded.position}", recorded)
    assert search.found == []
    assert search.looked_at > 20


def test_no_column_holds_a_secret(ran: Ran) -> None:
    """Sealed bytes are no exception: they are not the token for anybody who has no key."""
    search = ran.search()
    for service in ("registry", "review", "identity", "pr_bot", "catalog"):
        search.database(service, ran.hub.settings.database_url_of(service))
    assert search.found == []
    assert search.looked_at > 1000


def test_no_file_but_the_keys_own_holds_a_secret(ran: Ran, mode: str) -> None:
    search = ran.search()
    search.files(ran.hub.settings.data_dir, but=("seal.key",))
    assert search.found == []
    if mode == "embedded":
        write_backup(ran.hub.settings, ran.folder / "hub.tar.gz")
        search.archive(ran.folder / "hub.tar.gz", but=("seal.key",))
        assert search.found == []


def test_nothing_on_github_holds_a_secret(ran: Ran) -> None:
    """Nor do the addresses that were asked for."""
    search = ran.search()
    for method, target, _status in ran.github.calls:
        search.look(f"{method} {target}", target)
    for pull in ran.github.pulls():
        search.look(f"pull request {pull.number}", (pull.title, pull.body, pull.head_ref, pull.comments, pull.labels))
    for repository in ran.github.repositories.values():
        search.repository(repository.git.path)
    assert search.found == []


def test_the_search_finds_what_is_there(ran: Ran, tmp_path: Path) -> None:
    search = ran.search()
    seal_key = base64.b64decode(ran.hub.settings.seal_key_file.read_text())
    hidden: dict[str, Any] = {
        "plain": f"token {CLASSIC}.",
        "coded": base64.b64encode(f"user:{FINE}".encode()),
        "key": base64.b64encode(seal_key),
        "hex": DEFAULT.encode().hex(),
    }
    for place, content in hidden.items():
        search.look(place, content)
    search.files(ran.hub.settings.data_dir)
    assert [found.rsplit(" in ", 1)[1] for found in search.found] == ["plain", "coded", "key", "hex", "seal.key"]
