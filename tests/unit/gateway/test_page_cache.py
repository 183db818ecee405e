from __future__ import annotations

import gzip
from collections.abc import Iterable
from typing import Any, cast

import pytest

from gateway import page_cache
from gateway.page_cache import PageCache, PageMiddleware
from shared.contracts.catalog import Catalog, CatalogVersion
from shared.errors import Unavailable


class FakeCatalog:
    """A version that the test moves."""

    def __init__(self) -> None:
        self.number = 1
        self.asked = 0
        self.fails = False

    def version(self, request: Any, caller: Any) -> CatalogVersion:
        self.asked += 1
        if self.fails:
            raise Unavailable("catalog does not answer")
        return CatalogVersion(version=f"1.{self.number}")


class World:
    """An app that counts its answers, behind the cache, with a clock that the test moves."""

    def __init__(self) -> None:
        self.catalog = FakeCatalog()
        self.now = 1000.0
        self.made = 0
        self.status = "200 OK"
        self.headers = [("Content-Type", "text/html"), ("X-Correlation-ID", "one of it")]
        self.cache = PageCache(cast(Catalog, self.catalog), clock=lambda: self.now)
        self.middleware = PageMiddleware(self.app, self.cache)

    def app(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        self.made += 1
        start_response(self.status, list(self.headers))
        return [f"answer {self.made} ".encode(), environ["PATH_INFO"].encode()]

    def get(self, path: str = "/models", query: str = "", *, method: str = "GET", **headers: str) -> Answer:
        environ = {"REQUEST_METHOD": method, "PATH_INFO": path, "QUERY_STRING": query}
        environ |= {f"HTTP_{name.upper()}": value for name, value in headers.items()}
        answer = Answer()
        answer.body = b"".join(self.middleware(environ, answer.start))
        return answer

    def pass_time(self, seconds: float) -> None:
        self.now += seconds


class Answer:
    def __init__(self) -> None:
        self.status = ""
        self.headers: dict[str, str] = {}
        self.body = b""

    def start(self, status: str, headers: list[tuple[str, str]]) -> None:
        self.status, self.headers = status, dict(headers)


@pytest.fixture
def world() -> World:
    return World()


def test_second_visitor_gets_the_kept_page(world: World) -> None:
    first, second = world.get(), world.get()
    assert first.body == second.body == b"answer 1 /models"
    assert second.headers["ETag"] == first.headers["ETag"]
    assert "X-Correlation-ID" not in second.headers


def test_kept_page_goes_with_the_version(world: World) -> None:
    world.get()
    world.catalog.number += 1
    world.pass_time(0.02)
    assert world.get().body.startswith(b"answer 2")


def test_waking_asks_for_the_version_at_once(world: World) -> None:
    world.get()
    world.catalog.number += 1
    world.cache.wake()
    assert world.get().body.startswith(b"answer 2")


def test_version_is_not_asked_for_each_request(world: World) -> None:
    for _ in range(50):
        world.get()
    assert world.catalog.asked == 1


def test_kept_page_is_made_again_after_a_minute(world: World) -> None:
    world.get()
    world.pass_time(61)
    assert world.get().body.startswith(b"answer 2")


def test_held_page_answers_304_without_body(world: World) -> None:
    etag = world.get().headers["ETag"]
    again = world.get(if_none_match=etag)
    assert (again.status, again.body) == ("304 Not Modified", b"")
    assert world.get(if_none_match='W/"other"').status == "200 OK"


def test_gzip_is_sent_where_it_is_accepted(world: World) -> None:
    zipped = world.get(accept_encoding="br, gzip")
    assert zipped.headers["Content-Encoding"] == "gzip"
    assert gzip.decompress(zipped.body) == b"answer 1 /models"
    assert "Content-Encoding" not in world.get().headers


@pytest.mark.parametrize(
    "headers",
    [{"cookie": "hub_session=abc"}, {"cookie": "lang=zh; hub_flash=x"}, {"authorization": "Bearer token"}],
)
def test_known_visitors_and_waiting_messages_pass_by(world: World, headers: dict[str, str]) -> None:
    world.get()
    assert world.get(**headers).body.startswith(b"answer 2")
    assert world.get(**headers).body.startswith(b"answer 3")


@pytest.mark.parametrize(
    "headers",
    [{"cookie": "lang=zh"}, {"cookie": "theme=dark"}, {"cookie": "shortcuts=off"}, {"accept_language": "zh-CN,zh"}],
)
def test_language_theme_and_shortcut_make_pages_of_their_own(world: World, headers: dict[str, str]) -> None:
    world.get()
    assert world.get(**headers).body.startswith(b"answer 2")
    assert world.get(**headers).body.startswith(b"answer 2")


def test_lists_of_the_api_do_not_depend_on_the_language(world: World) -> None:
    world.get("/api/v1/models")
    assert world.get("/api/v1/models", accept_language="zh").body.startswith(b"answer 1")


def test_the_apis_own_page_is_kept_and_zipped_like_the_list(world: World) -> None:
    world.get("/api/docs")
    again = world.get("/api/docs", accept_encoding="gzip")
    assert gzip.decompress(again.body) == b"answer 1 /api/docs"


@pytest.mark.parametrize("path", ["/pulls", "/login", "/api/v1/models/x/revisions", "/api/v1/me", "/modelsx"])
def test_other_addresses_pass_by(world: World, path: str) -> None:
    world.get(path)
    assert world.get(path).body.startswith(b"answer 2")


def test_addresses_and_queries_are_kept_apart(world: World) -> None:
    assert world.get(query="page=1").body != world.get(query="page=2").body
    assert world.get("/models/detail/a").body != world.get("/models/detail/b").body


def test_reads_that_wait_for_a_position_pass_by(world: World) -> None:
    world.get(query="min_position=registry:1")
    assert world.get(query="min_position=registry:1").body.startswith(b"answer 2")


def test_commands_pass_by(world: World) -> None:
    world.get(method="POST")
    assert world.get(method="POST").body.startswith(b"answer 2")


@pytest.mark.parametrize("status", ["404 NOT FOUND", "503 SERVICE UNAVAILABLE", "303 SEE OTHER"])
def test_refusals_are_handed_on_and_not_kept(world: World, status: str) -> None:
    world.status = status
    assert world.get().status == status
    assert world.get().body.startswith(b"answer 2")


@pytest.mark.parametrize("header", [("Set-Cookie", "hub_visit=x"), ("Cache-Control", "no-store")])
def test_answers_that_are_someones_own_are_not_kept(world: World, header: tuple[str, str]) -> None:
    world.headers.append(header)
    assert header[0] in world.get().headers
    assert world.get().body.startswith(b"answer 2")


def test_head_is_answered_from_what_is_kept_and_keeps_nothing(world: World) -> None:
    world.get(method="HEAD")
    whole = world.get()
    head = world.get(method="HEAD")
    assert head.body == b""
    assert head.headers["Content-Length"] == str(len(whole.body))


def test_failing_catalog_lets_the_app_answer(world: World) -> None:
    world.catalog.fails = True
    world.get()
    assert world.get().body.startswith(b"answer 2")


def test_oldest_pages_go_where_there_are_too_many(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(page_cache, "BYTES_AT_MOST", 100)
    for number in range(20):
        world.get(query=f"page={number}")
    assert world.get(query="page=19").body.startswith(b"answer 20")
    assert world.get(query="page=0").body.startswith(b"answer 21")
