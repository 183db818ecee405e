from __future__ import annotations

import pytest

from gateway.routes.pages.docs import GROUPS
from tests.support.hub import reader
from tests.support.running import TestHub

ADDRESSES = (
    "/",
    "/models",
    "/models?q=alpha",
    "/models/detail/alpha-chat",
    "/models/detail/alpha-chat/specs",
    "/models/detail/alpha-chat/json",
    "/models/detail/alpha-chat/revisions",
    "/models/detail/alpha-chat/revisions/1",
    "/models/detail/alpha-chat/compare?to=1",
    "/models/detail/alpha-chat/pull-request",
    "/models/detail/alpha-chat/timeline",
    "/models/detail/gamma-embed/specs",
    "/models/detail/epsilon-draw",
    "/pulls",
    "/login",
    "/signup",
    "/api/docs",
)


@pytest.mark.parametrize("address", ADDRESSES)
@pytest.mark.parametrize("language", ["en", "zh"])
def test_every_page_answers_in_both_languages(hub: TestHub, address: str, language: str) -> None:
    page = reader(hub).get(address, Accept_Language=language)
    assert page.status == 200
    assert f'<html lang="{language}' in page.html
    assert '<main id="main"' in page.html
    assert " style=" not in page.html
    assert "<script>" not in page.html


def test_every_group_of_the_api_has_a_title_in_chinese(hub: TestHub) -> None:
    tags = hub.app.test_client().get("/api/openapi.json").get_json()["tags"]
    assert {tag["description"] for tag in tags} <= set(GROUPS)
    page = reader(hub).get("/api/docs", Accept_Language="zh")
    assert page.says("注册与修订模型")
    assert not page.says("Registering and revising models")


@pytest.mark.parametrize("person", ["max", "rita", "olga", "uma"])
@pytest.mark.parametrize("address", ADDRESSES)
def test_every_page_answers_every_role(hub: TestHub, address: str, person: str) -> None:
    page = reader(hub, person).get(address)
    assert page.status == (303 if address in ("/login", "/signup") else 200)


def test_front_page_lists_every_model_with_types_and_facets(hub: TestHub) -> None:
    page = reader(hub).get("/models")
    assert page.says("6 models")
    assert "/models/detail/alpha-chat" in page.hrefs
    assert "/models?type=embedding" in page.hrefs
    assert page.says("Ability")
    assert 'name="q"' in page.html


def test_selected_facet_stays_selected_and_becomes_a_chip(hub: TestHub) -> None:
    page = reader(hub).get("/models?type=llm&ability=vision")
    assert "/models/detail/beta-vision" in page.hrefs
    assert "/models/detail/alpha-chat" not in page.hrefs
    assert 'value="vision" checked' in page.html
    assert page.hrefs.count("/models?type=llm") >= 2, "chip and Clear all lead back to the type"


def test_size_range_leaves_the_other_ranges_counted(hub: TestHub) -> None:
    page = reader(hub).get("/models?size=20-70")
    assert "/models/detail/alpha-chat" in page.hrefs
    assert "/models/detail/beta-vision" not in page.hrefs
    assert page.says("1 – 8 B 2")


def test_empty_result_names_the_filter_to_remove_and_how_many_that_gives(hub: TestHub) -> None:
    page = reader(hub).get("/models?type=llm&ability=vision&q=alpha")
    assert page.says("No model matches all 3 filters")
    assert page.says("Without “vision” there is 1 match.")
    assert page.says("Removing “LLM” alone gives none.")
    assert "/models?q=alpha&type=llm" in page.hrefs
    assert "/models?type=llm&ability=vision" in page.hrefs


def test_hopeless_filters_offer_one_of_them_alone(hub: TestHub) -> None:
    page = reader(hub).get("/models?type=video&format=ggufv2&q=gamma")
    assert page.says("Only Search: gamma")


def test_page_behind_the_last_one_shows_the_last(hub: TestHub) -> None:
    assert reader(hub).get("/models?page=99").says("6 models")


@pytest.mark.parametrize(
    "query", ["page=x", "page=-1", "size_min_b=nan", "sort=evil", "type=evil", "q=%00%ED%A0%80", "status=x", "size=9"]
)
def test_senseless_address_never_fails(hub: TestHub, query: str) -> None:
    assert reader(hub).get(f"/models?{query}").status == 200


def test_model_without_readme_shows_its_facts(hub: TestHub) -> None:
    page = reader(hub).get("/models/detail/Alpha-Chat")
    assert page.says("This model has no README")
    assert page.says("30 B 3 B active")
    assert page.says("xinference launch --model-name alpha-chat")
    assert page.says("Served to clients")
    assert not page.says("Settings")


def test_operator_finds_settings_and_the_template_offer(hub: TestHub) -> None:
    page = reader(hub, "olga").get("/models/detail/alpha-chat")
    assert "/models/detail/alpha-chat/settings" in page.hrefs
    assert page.says("Get README")


def test_specs_tell_pinned_from_floating_sources(hub: TestHub) -> None:
    page = reader(hub).get("/models/detail/alpha-chat/specs")
    assert page.says("cccccccc")
    assert page.says("2 pinned to a commit, 3 floating")
    assert "https://huggingface.co/alpha/chat" in page.hrefs
    assert page.says("4 builds")


def test_json_is_shown_as_stored(hub: TestHub) -> None:
    page = reader(hub).get("/models/detail/alpha-chat/json")
    assert '<span class="jk">"model_name"</span>' in page.html
    assert "/api/v1/models/alpha-chat/document" in page.hrefs


def test_unknown_model_is_a_page_that_says_so(hub: TestHub) -> None:
    page = reader(hub).get("/models/detail/nothing-like-it")
    assert page.status == 404
    assert page.says("Nothing here")
    assert "/models" in page.hrefs


def test_anonymous_page_is_kept_and_asked_for_again_with_304(hub: TestHub) -> None:
    visitor = reader(hub)
    first = visitor.get("/models/detail/alpha-chat")
    etag = first.response.headers["ETag"]
    again = visitor.get("/models/detail/alpha-chat", If_None_Match=etag)
    assert again.status == 304
    assert again.html == ""
    assert "default-src 'none'" in again.response.headers["Content-Security-Policy"]


def test_signed_in_page_is_never_kept(hub: TestHub) -> None:
    page = reader(hub, "uma").get("/models")
    assert "ETag" not in page.response.headers
    assert page.says("User Center")


def test_chosen_language_makes_another_page(hub: TestHub) -> None:
    visitor = reader(hub)
    assert visitor.get("/models").says("6 models")
    visitor.client.set_cookie("lang", "zh")
    assert '<html lang="zh' in visitor.get("/models").html


def test_memory_filter_counts_what_fits_and_says_its_rule(hub: TestHub) -> None:
    page = reader(hub).get("/models?fits_gb=2")
    assert "/models/detail/alpha-chat" in page.hrefs
    assert page.says("Memory: 2 GB")
    assert page.says("parameters × bits ÷ 8, and a fifth more")
    found = hub.api(None).get("/models", fits_gb=2).get_json()
    assert "alpha-chat" in [item["name"] for item in found["items"]]
    assert all(0 < item["least_gb"] <= 2 for item in found["items"])
    assert {each["value"] for each in found["facets"]["fits_gb"]} >= {"8", "640"}
    assert hub.api(None).get("/models", fits_gb=0).status_code == 422


@pytest.mark.parametrize(("view", "shows"), [("cards", "result-cards"), ("table", "table dense"), ("", "models-head")])
def test_views_show_the_same_models(hub: TestHub, view: str, shows: str) -> None:
    page = reader(hub).get(f"/models?view={view}")
    assert shows in page.html
    assert page.hrefs.count("/models/detail/alpha-chat") == 1
    assert page.hrefs.count("/models?type=llm" + (f"&view={view}" if view else "")) == 1


def test_heads_of_the_table_order_it_and_say_how_it_is_ordered(hub: TestHub) -> None:
    page = reader(hub).get("/models?view=table&sort=name")
    assert 'aria-sort="ascending"' in page.html
    assert {"/models?sort=size&view=table", "/models?view=table"} <= set(page.hrefs)
