"""Bad paths, queries, methods, headers, tokens and accounts: each a 4xx problem+json; never 5xx; nothing stored."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import pytest

from tests.support.refusals import pointers, refused
from tests.support.running import PASSWORD, TestHub, running_hub
from tests.support.stages import OPERATED, OWNED, three_models


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory, mode: str) -> Iterator[TestHub]:
    with running_hub(tmp_path_factory.mktemp("bad-input"), mode=mode) as running:
        three_models(running)
        yield running


@pytest.fixture(autouse=True)
def nothing_stored(hub: TestHub) -> Iterator[None]:
    """The heads of the logs are after each test what they were before it."""
    heads = hub.heads()
    yield
    assert hub.heads() == heads


@pytest.mark.parametrize(
    "name",
    ["%00", "a%2Fb", "..", "%2e%2e", "%2e%2e%2f", "%ff", "%ED%A0%80", "x" * 201, "x" * 5000, "nosuch", "%0a", "*"],
)
def test_a_path_that_names_nothing_is_refused_everywhere(hub: TestHub, name: str) -> None:
    for page in ("", "/document", "/readme", "/revisions", "/timeline", "/pull-request"):
        refused(hub.api("max").get(f"/models/{name}{page}"), 404, 422)
    for act in (*OWNED, "pull-request/retry"):
        refused(hub.api("max").post(f"/models/{name}/{act}", {"reason": "x"}), 404, 422)
    for act in OPERATED:
        refused(hub.api("olga").post(f"/models/{name}/{act}", {"reason": "x", "featured": True}), 404, 422)
    refused(hub.api("olga").get(f"/reviews/{name}/1"), 404, 422)
    refused(hub.api("olga").get(f"/groups/{name}"), 404, 422)
    refused(hub.api("olga").patch(f"/users/{name}", {"reason": "x"}), 404, 422)
    refused(hub.api("olga").get(f"/types/{name}/schema"), 404)
    refused(hub.api("max").delete(f"/me/tokens/{name}"), 404, 422)
    refused(hub.api("olga").post(f"/operations/parked/{name}/retry"), 404, 422)


PAGED = ["/models", "/pulls", "/reviews", "/me/models", "/me/notifications", "/users", "/audit"]


@pytest.mark.parametrize("path", PAGED)
@pytest.mark.parametrize(
    "query",
    [
        *(f"per_page={value}" for value in ("0", "201", "-1", "abc", "", "1.5", "9" * 30, "0x10", "1e2")),
        *(f"page={value}" for value in ("0", "-1", "abc", "", "9" * 30, "1000001")),
        *(f"min_position={value}" for value in ("x", "registry", "registry:", "registry:x", "nosuch:1", "registry:-1")),
        *("nonsense=1", "Page=1", "registry%3A1=1"),
    ],
)
def test_a_bad_query_is_refused(hub: TestHub, path: str, query: str) -> None:
    problem = refused(hub.api("olga").raw("GET", f"{path}?{query}"), 422)
    assert pointers(problem) == {"/" + query.partition("=")[0].replace("%3A", ":")}


@pytest.mark.parametrize("path", PAGED)
def test_a_page_far_behind_the_last_is_empty(hub: TestHub, path: str) -> None:
    answer = hub.api("olga").get(path, page=1_000_000)
    assert (answer.status_code, answer.get_json()["items"]) == (200, [])


@pytest.mark.parametrize(
    "path",
    [
        *(f"/models?{query}" for query in ("sort=best", "status=gone", "featured=maybe", "q=%00", f"q={'x' * 301}")),
        *(f"/models?size_min_b={value}" for value in ("abc", "-1", "nan", "inf", "1e999", "1e17", "1e308")),
        *(f"/changes?after={value}" for value in ("x", "1", "registry:x", "review:1", "registry:-1")),
        f"/changes?after=registry:{'9' * 30}",
        *(f"/changes?limit={value}" for value in ("0", "201", "x")),
        *("/reviews?state=open", "/reviews?sort=name", "/users?role=king", "/audit?since=x", "/audit?until=nan"),
        *("/models/pub/revisions/1/diff?against=x", "/models/pub/revisions/1/diff?against=" + "9" * 30),
        *(
            f"{path}?x=1"
            for path in ("/types", "/me", "/session", "/me/tokens", "/groups", "/operations", "/models/pub")
        ),
        *("/me/tokens?min_position=x", "/groups?min_position=nosuch:1"),
    ],
)
def test_a_bad_parameter_is_named(hub: TestHub, path: str) -> None:
    name = path.partition("?")[2].partition("=")[0]
    assert pointers(refused(hub.api("olga").raw("GET", path), 422)) == {f"/{name}"}


@pytest.mark.parametrize(
    "q", ['"', "'", "(", ")(", "AND OR NOT", "*:*", "a~9999", "[a TO", "\\", "%", "😀" * 100, "\u202e"]
)
def test_any_text_may_be_searched_for(hub: TestHub, q: str) -> None:
    assert hub.api(None).get("/models", q=q).status_code == 200


@pytest.mark.parametrize("position", ["registry:1", "registry:1,review:1", "identity:1,pr_bot:0", ""])
def test_every_signed_in_read_takes_min_position(hub: TestHub, position: str) -> None:
    reads = ["/models", "/models/pub", "/models/pub/document", "/models/pub/readme", "/models/pub/revisions"]
    reads += ["/models/pub/revisions/1", "/models/pub/revisions/1/diff", "/models/pub/timeline"]
    reads += ["/models/pub/pull-request", "/pulls", "/reviews", "/changes", "/me", "/me/models", "/me/tokens"]
    reads += ["/me/notifications", "/users", "/groups", "/audit", "/operations", "/types"]
    for path in reads:
        assert hub.api("olga").get(path, min_position=position).status_code == 200, path


def test_a_position_that_is_not_there_yet_is_answered_as_stale(hub: TestHub) -> None:
    answer = hub.api("olga").get("/models", min_position=f"registry:{hub.heads()['registry'] + 1000}")
    assert (answer.status_code, answer.headers.get("X-Hub-Stale")) == (200, "1")
    assert "X-Hub-Stale" not in hub.api("olga").get("/models", min_position="registry:1").headers


@pytest.mark.parametrize("method", ["DELETE", "PUT", "PATCH", "TRACE", "PROPFIND", "CONNECT"])
@pytest.mark.parametrize("path", ["/models", "/models/pub", "/validate", "/reviews", "/changes"])
def test_another_method_is_405_and_says_which_are_there(hub: TestHub, method: str, path: str) -> None:
    response = hub.api("olga").raw(method, path)
    refused(response, 405)
    assert set(response.headers["Allow"].split(", ")) & {"GET", "POST"}


@pytest.mark.parametrize("path", ["/models", "/models/pub", "/types", "/changes", "/session", "/models/pub/readme"])
def test_head_and_options_answer_as_get_without_a_body(hub: TestHub, path: str) -> None:
    head = hub.api(None).raw("HEAD", path)
    assert (head.status_code, head.data) == (200, b"")
    options = hub.api(None).raw("OPTIONS", path)
    assert (options.status_code, "GET" in options.headers["Allow"]) == (200, True)


FEED = "/api/models/download"
COOKIES = ["hub_session", "hub_visit", "hub_flash"]
HEADERS = ["Accept", "Accept-Language", "If-None-Match", "Range"]


@pytest.mark.parametrize(
    "query", ["", "model_type=", "model_type=nosuch", "model_type=LLM", "model_type=llm%00", "type=llm"]
)
def test_the_feed_of_an_unknown_type_is_400(hub: TestHub, query: str) -> None:
    problem = refused(hub.app.test_client().get(f"{FEED}?{query}"), 400)
    assert "llm, embedding" in problem["detail"]


@pytest.mark.parametrize(
    "name", ["nosuch", "pend", "draft", "..", "a%2Fb", "%ff", "%ED%A0%80", "x" * 5000, "%00", "pub%00"]
)
def test_a_single_refresh_of_what_is_not_served_is_404(hub: TestHub, name: str) -> None:
    refused(hub.app.test_client().get(f"{FEED}?model_type=llm&model_name={name}"), 404)


@pytest.mark.parametrize(
    "query", ["model_type=llm&model_name=", "model_type=llm&x=1", "model_type=llm&include_readme=maybe"]
)
def test_the_feed_forgives_what_other_clients_may_send(hub: TestHub, query: str) -> None:
    answer = hub.app.test_client().get(f"{FEED}?{query}")
    assert (answer.status_code, [record["model_name"] for record in answer.get_json()]) == (200, ["pub"])


@pytest.mark.parametrize("token", ["garbage", "x" * 5000, "hub_unknown", "\x80\xff", "Bearer x", "\x01", "%00"])
def test_a_garbage_models_token_is_401(hub: TestHub, token: str) -> None:
    headers = {"X-Models-Token": token}
    refused(hub.app.test_client().get(f"{FEED}?model_type=llm", headers=headers), 401)


@pytest.mark.parametrize(
    "token", ["Bearer garbage", "Bearer " + "x" * 5000, "Bearer \xff", "Bearer", "\x01", "Digest x"]
)
def test_a_garbage_authorization_is_401(hub: TestHub, token: str) -> None:
    for method, path in (("GET", "/models"), ("POST", "/models"), ("GET", "/me")):
        refused(hub.api(None).raw(method, path, headers={"Authorization": token}), 401)


@pytest.mark.parametrize(
    "headers",
    [
        *({"Cookie": f"{name}={value}"} for name in COOKIES for value in ("x" * 4000, "%00;;=", "é", '"')),
        *({name: value} for name in HEADERS for value in ("\xff;;q=x", '"')),
        *({"X-Correlation-ID": value} for value in ("<script>", "x" * 5000, "a b")),
        {"Accept-Language": "zh-" * 500},
        {"X-Forwarded-For": "x" * 1000},
    ],
    ids=ascii,
)
def test_garbage_in_headers_changes_nothing(hub: TestHub, headers: dict[str, str]) -> None:
    client = hub.app.test_client()
    for path in ("/api/v1/models", "/models", "/models/detail/pub", f"{FEED}?model_type=llm", "/login"):
        answer = client.get(path, headers=headers)
        assert answer.status_code in (200, 304), path
        assert "script>" not in answer.headers.get("X-Correlation-ID", "")
    refused(client.get("/api/v1/me", headers=headers), 401)


LOGINS = ["", "x" * 40, "x" * 5000, "a b", "../x", "-x", "x-", "mаx", "x\n", "a@b", None, 1]
EMAILS = ["", "x", "x@", "x@y", "a b@example.org", "x" * 250 + "@example.org", "x\n@example.org", None]
PASSWORDS = ["", "short", "x" * 201, "x" * 1_000_000, "nul\0 and more text", "half \ud800 a word", None, 1]
ACCOUNT = {"login": "newcomer", "email": "newcomer@example.org", "password": PASSWORD}


@pytest.mark.parametrize(
    ("field", "value"),
    [
        *(("login", value) for value in LOGINS),
        *(("email", value) for value in EMAILS),
        *(("password", value) for value in PASSWORDS),
    ],
    ids=lambda part: ascii(part)[:30],
)
def test_a_sign_up_with_a_bad_field_is_refused(hub: TestHub, field: str, value: Any) -> None:
    assert pointers(refused(hub.api(None).post("/accounts", ACCOUNT | {field: value}), 422)) == {f"/{field}"}


@pytest.mark.parametrize("field", ["roles", "id", "disabled", "created_at"])
def test_nobody_signs_up_as_more_than_a_user(hub: TestHub, field: str) -> None:
    assert pointers(refused(hub.api(None).post("/accounts", ACCOUNT | {field: ["operator"]}), 422)) == {f"/{field}"}
    assert pointers(refused(hub.api("uma").patch("/me", {field: ["operator"]}), 422)) == {f"/{field}"}


@pytest.mark.parametrize("login", ["MAX", "max", "Olga"])
def test_a_taken_login_is_409_in_any_case(hub: TestHub, login: str) -> None:
    assert pointers(refused(hub.api(None).post("/accounts", ACCOUNT | {"login": login}), 409)) == {"/login"}


@pytest.mark.parametrize("login", ["x" * 255, "", "nul\0", "half \ud800", None])
def test_signing_in_with_a_bad_login_is_refused(hub: TestHub, login: Any) -> None:
    refused(hub.api(None).post("/session", {"login": login, "password": "x"}), 422)


@pytest.mark.parametrize("password", ["x" * 1001, "", "nul\0", None])
def test_signing_in_with_a_bad_password_is_refused(hub: TestHub, password: Any) -> None:
    refused(hub.api(None).post("/session", {"login": "nobody", "password": password}), 422)


def test_the_api_answers_problems_whatever_the_browser_accepts(hub: TestHub) -> None:
    for path in ("/api/v1/nosuch", "/api/v1/models/nosuch", "/api/nosuch"):
        refused(hub.app.test_client().get(path, headers={"Accept": "text/html"}), 404)


@pytest.mark.parametrize("name", ["nosuch", "%00", "..%2f", "x" * 5000, quote("<script>alert(1)</script>")])
def test_pages_refuse_with_a_page_that_shows_no_markup_of_others(hub: TestHub, name: str) -> None:
    answer = hub.app.test_client().get(f"/models/detail/{name}", headers={"Accept": "text/html"})
    assert answer.status_code in (404, 422)
    assert answer.content_type.startswith("text/html")
    assert "<script>alert" not in answer.get_data(as_text=True)
