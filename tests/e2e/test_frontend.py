"""The components in a real browser, on the gallery: policy, accessibility, layout, script and no script."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

import pytest
from playwright.sync_api import Browser, Dialog, Page, expect

from tests.support.browser import accessibility_problems, opened, served, show_as, sideways_px
from tests.support.gallery import PAGES, create_gallery
from tests.support.gallery.samples import large

WIDTHS = (320, 390, 640, 900, 1100, 1440)


@pytest.fixture(scope="module")
def hub() -> Iterator[str]:
    with served(create_gallery()) as address:
        yield address


# What each language is looked at in; a page need not be loaded again for it.
LOOKS: dict[str, list[tuple[Literal["light", "dark"], int]]] = {
    "en": [("light", 1440), ("dark", 390)],
    "zh": [("dark", 1440)],
}


@pytest.fixture(scope="module", params=LOOKS)
def language(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def tab(browser: Browser, language: str) -> Iterator[tuple[Page, list[str]]]:
    """One page for all looks in that language, so that styles and fonts are fetched once."""
    with opened(browser, locale=language) as (page, wrong):
        yield page, wrong


@pytest.mark.parametrize("name", PAGES)
def test_page_keeps_the_policy_is_accessible_and_never_scrolls_sideways(
    tab: tuple[Page, list[str]], hub: str, name: str, language: str
) -> None:
    page, wrong = tab
    wrong.clear()
    page.goto(f"{hub}/{name}")
    for scheme, width in LOOKS[language]:
        show_as(page, scheme, width)
        assert accessibility_problems(page) == [], (scheme, width)
    assert {width: sideways_at(page, width) for width in WIDTHS} == dict.fromkeys(WIDTHS, 0)
    assert wrong == []


def sideways_at(page: Page, width: int) -> int:
    show_as(page, "light", width)
    return sideways_px(page)


def test_facet_changes_the_list_and_the_address_and_keeps_the_focus(browser: Browser, hub: str) -> None:
    with opened(browser) as (page, wrong):
        page.goto(f"{hub}/browse")
        page.evaluate("window.kept = true")
        page.locator("input[name=ability][value=vision]").check()
        expect(page.locator(".chip")).to_contain_text("vision")
        assert page.url.endswith("?ability=vision&sort=-updated")
        assert page.evaluate("document.activeElement.value") == "vision"
        expect(page.locator("#live")).to_contain_text("331")
        page.go_back()
        expect(page.locator(".chip")).to_have_count(0)
        assert page.evaluate("window.kept") is True
        assert wrong == []


def test_search_follows_the_typing_and_slash_leads_to_it(browser: Browser, hub: str) -> None:
    with opened(browser) as (page, wrong):
        page.goto(f"{hub}/browse")
        page.keyboard.press("/")
        page.keyboard.type("lumen")
        page.wait_for_url("**/browse?*q=lumen*")
        assert page.evaluate("document.activeElement.id") == "search"
        assert page.locator("#search").input_value() == "lumen"
        assert wrong == []


def test_slash_can_be_switched_off(browser: Browser, hub: str) -> None:
    with opened(browser) as (page, _):
        page.goto(f"{hub}/readme")
        page.get_by_text("Theme", exact=True).locator("..").click()
        page.get_by_role("button", name="Turn the keys / j k off").click()
        page.keyboard.press("/")
        assert page.evaluate("document.activeElement.id") != "search"


def test_editor_underlines_what_the_server_refuses_and_lists_it(browser: Browser, hub: str) -> None:
    with opened(browser) as (page, wrong):
        page.goto(f"{hub}/edit")
        expect(page.locator(".cm-lintRange-error")).to_have_count(2)
        page.locator("#problems button", has_text="/model_ability/0").click()
        page.keyboard.press("Delete")
        page.keyboard.insert_text('"')
        assert page.locator("#document").input_value().count('"chta"') == 1
        assert wrong == []


def test_editor_completes_from_the_schema(browser: Browser, hub: str) -> None:
    with opened(browser) as (page, wrong):
        page.goto(f"{hub}/edit")
        page.locator(".cm-content").click()
        page.keyboard.press("Control+a")
        # Chromium styles what is typed over a selection, which the policy refuses; CodeMirror draws it anew.
        page.keyboard.press("Delete")
        page.keyboard.insert_text("{ }")
        page.keyboard.press("ArrowLeft")
        page.keyboard.press("Control+Space")
        first = page.locator(".cm-completionLabel").first
        expect(first).to_have_text('"model_name"')
        first.click()
        expect(page.locator("#document")).to_have_value('{ "model_name": }')
        assert wrong == []


def test_tab_leaves_the_editor(browser: Browser, hub: str) -> None:
    with opened(browser) as (page, _):
        page.goto(f"{hub}/edit")
        page.locator(".cm-content").focus()
        page.keyboard.press("Tab")
        assert page.evaluate("document.activeElement.closest('.cm-editor')") is None


def test_large_document_keeps_its_bytes_in_the_editor(browser: Browser, hub: str) -> None:
    with opened(browser) as (page, wrong):
        page.goto(f"{hub}/edit?large")
        page.locator(".cm-content").focus()
        page.keyboard.press("Control+End")
        page.keyboard.insert_text(" ")
        # A large text reaches the form once typing rests; what is sent is the editor's own.
        expect(page.locator("#document")).to_have_value(f"{large()} ")
        assert wrong == []


def test_confirmation_opens_and_closes_without_script(browser: Browser, hub: str) -> None:
    with opened(browser, java_script_enabled=False) as (page, _):
        page.goto(f"{hub}/forms")
        page.get_by_role("button", name="Archive").click()
        dialog = page.get_by_role("dialog", name="Archive lumen3?")
        expect(dialog).to_be_visible()
        page.keyboard.press("Escape")
        expect(dialog).to_be_hidden()


def test_open_dialog_is_accessible(browser: Browser, hub: str) -> None:
    with opened(browser) as (page, wrong):
        page.goto(f"{hub}/forms")
        page.get_by_role("button", name="Archive").click()
        assert accessibility_problems(page) == []
        assert wrong == []


def test_filtering_works_without_script(browser: Browser, hub: str) -> None:
    with opened(browser, java_script_enabled=False) as (page, _):
        page.goto(f"{hub}/browse")
        page.locator("input[name=ability][value=vision]").check()
        page.get_by_role("button", name="Apply").click()
        expect(page.locator(".chip")).to_contain_text("vision")


def test_theme_and_language_change_without_script(browser: Browser, hub: str) -> None:
    with opened(browser, java_script_enabled=False) as (page, _):
        page.goto(f"{hub}/readme")
        page.locator("footer").get_by_role("button", name="Theme: system").click()
        expect(page.locator("html")).to_have_attribute("data-theme", "light")
        page.locator("footer").get_by_role("button", name="中文").click()
        expect(page.locator("html")).to_have_attribute("lang", "zh-Hans")
        assert page.url == f"{hub}/readme"


def test_filters_stand_behind_one_button_on_a_phone(browser: Browser, hub: str) -> None:
    with opened(browser, viewport={"width": 390, "height": 800}) as (page, _):
        page.goto(f"{hub}/browse")
        expect(page.locator("#facets")).to_be_hidden()
        page.locator(".filters-toggle").click()
        expect(page.locator("#facets")).to_be_visible()
        page.locator("input[name=ability][value=chat]").check()
        expect(page.locator(".chip")).to_contain_text("chat")
        expect(page.locator("#facets")).to_be_visible()


def test_readme_prints_without_bars_and_within_the_width_of_the_paper(browser: Browser, hub: str) -> None:
    with opened(browser, viewport={"width": 680, "height": 1000}) as (page, _):
        page.goto(f"{hub}/readme")
        page.emulate_media(media="print")
        for part in (".bar", ".tabs", ".rail", ".footer"):
            expect(page.locator(part)).to_be_hidden()
        expect(page.locator(".readme")).to_be_visible()
        boxes = "[...document.querySelectorAll('.readme :is(.table-box, pre)')]"
        assert page.evaluate(f"{boxes}.every((box) => box.scrollWidth <= box.clientWidth)")
        assert sideways_px(page) <= 0


def test_leaving_an_edited_form_asks_first(browser: Browser, hub: str) -> None:
    with opened(browser) as (page, _):
        page.goto(f"{hub}/forms")
        page.locator("#message").fill("x")
        asked: list[str] = []

        def answer(dialog: Dialog) -> None:
            asked.append(dialog.type)
            dialog.accept()

        page.on("dialog", answer)
        page.goto(f"{hub}/readme")
        assert asked == ["beforeunload"]
