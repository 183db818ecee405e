"""User Center and the operator pages, as somebody without scripts uses them; and who may see the working pages."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from uuid import uuid4

import pytest
from flask import Flask
from flask.testing import FlaskClient

from gateway.app import create_app
from gateway.auth import SESSION_COOKIE
from gateway.seal_keys import seal_public_key
from shared.config import Upstream
from shared.events.identity import GitHubTokenChanged
from tests.support.hub import Page, Reader, pages_hub, reader
from tests.support.running import PASSWORD, TestHub
from tests.support.token_tests import CLASSIC, USER, Answer, GitHub, github

CENTER = "/user-center"


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestHub]:
    with pages_hub(tmp_path_factory.mktemp("accounts")) as found:
        yield found


def send(visitor: Reader, path: str, /, *, page: str = CENTER, **fields: str) -> Page:
    return visitor.send(page, path, **{"idempotency_key": uuid4().hex, **fields})


@pytest.mark.parametrize(
    ("path", "allowed"),
    [
        ("/register-model", {"max", "olga"}),
        ("/my-models", {"uma", "max", "rita", "olga"}),
        ("/user-center", {"uma", "max", "rita", "olga"}),
        ("/reviews", {"rita", "olga"}),
        ("/operations", {"olga"}),
        ("/operations/people", {"olga"}),
        ("/operations/groups", {"olga"}),
        ("/operations/mail", {"olga"}),
        ("/operations/audit", {"olga"}),
        ("/operations/audit.csv", {"olga"}),
        ("/models/detail/alpha-chat/settings", {"olga"}),
        ("/models/detail/alpha-chat/settings/access", {"olga"}),
    ],
)
def test_each_page_is_for_its_people_alone(hub: TestHub, path: str, allowed: set[str]) -> None:
    for person in ("uma", "max", "rita", "olga"):
        assert reader(hub, person).get(path).status == (200 if person in allowed else 403), person
    page = reader(hub).get(path)
    assert (page.status, page.location) == (303, f"/login?next={path}")


@pytest.mark.parametrize("path", ["/models/detail/none-such/settings", "/reviews/none-such/1"])
def test_what_is_not_there_is_404_before_any_role(hub: TestHub, path: str) -> None:
    for person in ("uma", "max", "rita", "olga"):
        assert reader(hub, person).get(path).status == 404, person


def test_new_token_is_shown_once(hub: TestHub) -> None:
    visitor, key = reader(hub, "mia"), uuid4().hex
    fields = {"name": "laptop", "scope": "read", "expires_in_days": "30", "idempotency_key": key}
    page = send(visitor, f"{CENTER}/tokens", **fields)
    secret = re.search(r'id="secret"[^>]*><span>([^<]+)<', page.html)
    assert secret is not None
    assert page.response.headers["Cache-Control"] == "no-store"
    again = send(visitor, f"{CENTER}/tokens", **fields)
    assert secret[1] not in again.html + visitor.follow(again).html
    assert visitor.get(CENTER).says("laptop")


def test_revoked_token_leaves_the_list(hub: TestHub) -> None:
    visitor = reader(hub, "mia")
    send(visitor, f"{CENTER}/tokens", name="short-lived", scope="read", expires_in_days="30")
    found = re.search(r'short-lived.*?name="id" value="([^"]+)"', visitor.get(CENTER).html, re.DOTALL)
    assert found is not None
    page = visitor.follow(send(visitor, f"{CENTER}/revoke-token", id=found[1]))
    assert page.says("The token was revoked")
    assert not page.says("short-lived")


def test_token_without_a_name_is_refused_beside_the_field(hub: TestHub) -> None:
    page = send(reader(hub, "mia"), f"{CENTER}/tokens", name="", scope="read", expires_in_days="30")
    assert page.status == 422
    assert 'id="name-error"' in page.html


def test_wrong_current_password_is_told_beside_its_field(hub: TestHub) -> None:
    page = send(reader(hub, "uma"), f"{CENTER}/password", current_password="not it at all", password="another good one")
    assert page.status == 422
    assert 'id="password-current-error"' in page.html
    assert "another good one" not in page.html


def test_email_changes_with_the_password(hub: TestHub) -> None:
    visitor = reader(hub, "uma")
    page = send(visitor, f"{CENTER}/email", email="new@example.org", current_password=PASSWORD)
    assert visitor.follow(page).says("new@example.org")


def test_shown_name_and_language_are_saved(hub: TestHub) -> None:
    visitor = reader(hub, "uma")
    assert visitor.follow(send(visitor, f"{CENTER}/profile", display_name="Uma Ray")).says("Uma Ray")
    assert 'lang="zh-Hans"' in visitor.follow(send(visitor, f"{CENTER}/language", locale="zh")).html
    assert 'lang="en"' in visitor.follow(send(visitor, f"{CENTER}/language", locale="")).html


def test_github_token_is_masked_and_can_be_forgotten(hub: TestHub) -> None:
    visitor = reader(hub, "mia")
    assert send(visitor, f"{CENTER}/github-token", token="nonsense").status == 422
    token = "ghp_" + "a1b2" * 9
    page = visitor.follow(send(visitor, f"{CENTER}/github-token", token=token))
    assert page.says("ghp_…a1b2")
    assert token not in page.html
    assert visitor.follow(send(visitor, f"{CENTER}/forget-github-token")).says("None is stored")


@pytest.fixture(scope="module")
def with_github(hub: TestHub) -> Iterator[tuple[Reader, GitHub]]:
    """A second gateway on the hub, whose tokens are tested."""
    with github() as place:
        upstream = Upstream("github", "xorbitsai/inference")
        app = create_app(replace(hub.settings, upstream=upstream, github_api_url=place.url), hub.calls)
        app.extensions["hub_seal_public_key"] = seal_public_key(hub.settings)
        yield Reader(signed_in(app, hub)), place


def signed_in(app: Flask, hub: TestHub) -> FlaskClient:
    """Mia, with the session she has at the hub itself."""
    client, cookie = app.test_client(), reader(hub, "mia").client.get_cookie(SESSION_COOKIE)
    assert cookie is not None
    client.set_cookie(SESSION_COOKIE, cookie.value)
    return client


def test_token_card_shows_what_the_test_found(with_github: tuple[Reader, GitHub]) -> None:
    visitor, _ = with_github
    page = visitor.follow(send(visitor, f"{CENTER}/github-token", token=CLASSIC))
    for words in ("ghp_…cccc", "ada-l", "Scopes repo", "from a fork in your account"):
        assert page.says(words), words
    assert CLASSIC not in page.html


@pytest.mark.parametrize("language", ["en", "zh"])
def test_refused_token_is_told_beside_its_field_in_the_pages_language(
    with_github: tuple[Reader, GitHub], language: str
) -> None:
    visitor, place = with_github
    visitor.client.set_cookie("lang", language)
    kept = place.user
    words = {"scope": ("only the scopes gist", "只有范围 gist"), "unknown": ("revoked", "已被撤销")}
    for why, answer in (("scope", Answer(USER, 200, {"X-OAuth-Scopes": "gist"})), ("unknown", Answer({}, 401))):
        place.user = answer
        page = send(visitor, f"{CENTER}/github-token", token="ghp_" + "d" * 36)
        assert (page.status, 'id="token-error"' in page.html) == (422, True)
        assert page.says(words[why][language == "zh"])
        assert "d" * 36 not in page.html
    place.user = Answer({}, 502)
    page = send(visitor, f"{CENTER}/github-token", token="ghp_" + "d" * 36)
    assert page.status == 503
    assert page.says("没有任何改动" if language == "zh" else "Nothing was changed")
    place.user = kept
    assert page.says("ghp_…dddd") is False


def test_consent_is_given_and_taken_back(hub: TestHub) -> None:
    visitor, api = reader(hub, "mia"), hub.api("mia")
    box = re.compile(r'name="default_allowed" value="1"( checked)?')
    assert not api.get("/me/github-token").get_json()["default_allowed"]
    page = visitor.follow(send(visitor, f"{CENTER}/github-consent", default_allowed="1"))
    assert page.says("goes on with your pull requests") and box.search(page.html)[1]  # type: ignore[index]
    assert api.get("/me/github-token").get_json()["default_allowed"]
    page = visitor.follow(send(visitor, f"{CENTER}/github-consent"))
    assert page.says("wait for you") and not box.search(page.html)[1]  # type: ignore[index]
    assert api.patch("/me/github-token", {"default_allowed": True}).get_json()["default_allowed"]
    assert (
        api.patch("/me/github-token", {"default_allowed": False}).get_json() == api.get("/me/github-token").get_json()
    )
    assert hub.events("identity", f"user-{_id(hub, 'mia')}")[-1] == GitHubTokenChanged(
        user_id=_id(hub, "mia"), present=api.get("/me/github-token").get_json()["present"], default_allowed=False
    )


def _id(hub: TestHub, login: str) -> str:
    found: str = hub.api(login).get("/me").get_json()["id"]
    return found


def test_editor_says_as_whom_a_pull_request_would_be_opened(hub: TestHub) -> None:
    for path in ("/register-model", "/models/detail/alpha-chat/settings"):
        assert reader(hub, "olga").get(path).says("The pull request will be opened on the local repository.")


def test_role_is_asked_for_and_granted_by_an_operator(hub: TestHub) -> None:
    visitor, olga = reader(hub, "uma"), reader(hub, "olga")
    send(visitor, f"{CENTER}/role", role="maintainer", reason="I publish models.")
    assert visitor.get(CENTER).says("waits for an operator")
    people = "/operations/people"
    assert olga.get(people).says("I publish models.")
    send(olga, f"{people}/uma", page=people, action="grant", wished="maintainer")
    page = visitor.get(CENTER)
    assert page.says("You have the role Maintainer now.")
    send(olga, f"{people}/uma", page=people, action="roles")
    assert visitor.get("/user-center").says("Ask for")


def test_last_operator_cannot_be_taken_away(hub: TestHub) -> None:
    people = "/operations/people"
    page = send(reader(hub, "olga"), f"{people}/olga", page=people, action="roles")
    assert page.status == 409
    assert page.says("Nothing was changed for olga.")


def test_disabled_person_is_signed_out_and_can_come_back(hub: TestHub) -> None:
    olga, people = reader(hub, "olga"), "/operations/people"
    hub.api("max")
    visitor = reader(hub)
    page = visitor.send("/login", "/login", login="max", password=PASSWORD)
    assert page.status == 303
    send(olga, f"{people}/max", page=people, action="disable", reason="Left.")
    assert olga.get(people).says("Disabled")
    send(olga, f"{people}/max", page=people, action="enable")
    assert not olga.get(people).says("Disabled")


def test_group_is_made_and_filled(hub: TestHub) -> None:
    olga, groups = reader(hub, "olga"), "/operations/groups"
    page = olga.follow(send(olga, groups, page=groups, name="research"))
    action = next(action for action in page.actions if action.startswith(f"{groups}/"))
    assert send(olga, action, page=groups, add="nobody").status == 422
    assert olga.follow(send(olga, action, page=groups, add="mia, rita")).says("2 members")


def test_operator_sees_services_and_asks_the_bot_to_look(hub: TestHub) -> None:
    olga = reader(hub, "olga")
    page = olga.get("/operations")
    for name in ("registry", "review", "identity", "pr_bot", "catalog", "Parked streams", "Upstream"):
        assert page.says(name)
    assert olga.follow(send(olga, "/operations/look-upstream", page="/operations")).says(
        "The bot looks at upstream now."
    )


def test_catalogue_is_rebuilt_on_request(hub: TestHub) -> None:
    olga = reader(hub, "olga")
    assert olga.follow(send(olga, "/operations/rebuild-catalog", page="/operations")).says("built anew")
    hub.settled()


def test_unknown_parked_stream_is_told(hub: TestHub) -> None:
    olga = reader(hub, "olga")
    seen = olga.get("/operations")
    answer = olga.client.post("/operations/parked/registry:99/retry", data={"csrf_token": seen.fields["csrf_token"]})
    assert answer.status_code == 303
    assert 'role="alert"' in olga.get("/operations").html


def test_audit_is_searched_and_exported(hub: TestHub) -> None:
    olga = reader(hub, "olga")
    assert olga.get("/operations/audit?what=ModelImported&q=alpha-chat").says("alpha-chat")
    assert olga.get("/operations/audit?actor=nobody").says("There is no account nobody")
    assert olga.get("/operations/audit?since=2999-01-01").says("Nothing matches")
    csv = olga.get("/operations/audit.csv?what=ModelImported").response
    assert csv.content_type.startswith("text/csv")
    assert len(csv.get_data(as_text=True).splitlines()) == 7


@pytest.mark.parametrize(
    "path",
    [
        *("/register-model", "/my-models", "/user-center", "/reviews", "/operations", "/operations/people"),
        *("/operations/groups", "/operations/mail", "/operations/audit"),
        *("/models/detail/alpha-chat/settings", "/models/detail/alpha-chat/settings/access"),
    ],
)
def test_each_id_names_one_thing_and_each_label_and_dialog_has_its_own(hub: TestHub, path: str) -> None:
    html = reader(hub, "olga").get(path).html
    ids = re.findall(r'\sid="([^"]+)"', html)
    assert sorted(set(ids)) == sorted(ids)
    pointed = re.findall(r'\s(?:for|popovertarget|aria-labelledby)="([^"]+)"', html)
    assert set(pointed) <= set(ids)
