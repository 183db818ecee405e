"""The components in a real browser, on the gallery: policy, accessibility, layout, script and no script."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Dialog, Page, expect

from tests.support.browser import accessibility_problems, launched, opened, served, sideways_px
from tests.support.gallery import PAGES, create_gallery
from tests.support.gallery.samples import large


@pytest.fixture(scope="module")
def hub() -> Iterator[str]:
    with served(create_gallery()) as address:
        yield address


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with launched() as started:
        yield started


def opened_widths(page: Page, widths: tuple[int, ...]) -> dict[int, int]:
    found = {}
    for width in widths:
        page.set_viewport_size({"width": width, "height": 900})
        found[width] = sideways_px(page)
    return found


@pytest.mark.parametrize(
    ("scheme", "width", "language"), [("light", 1440, "en"), ("dark", 390, "zh"), ("dark", 1440, "zh")]
)
@pytest.mark.parametrize("name", PAGES)
def test_page_keeps_the_policy_and_is_accessible(
    browser: Browser, hub: str, name: str, scheme: str, width: int, language: str
) -> None:
    options = {"color_scheme": scheme, "locale": language, "viewport": {"width": width, "height": 900}}
    with opened(browser, **options) as (page, wrong):
        page.goto(f"{hub}/{name}", wait_until="networkidle")
        assert accessibility_problems(page) == []
        assert wrong == []


@pytest.mark.parametrize("name", PAGES)
def test_page_never_scrolls_sideways(browser: Browser, hub: str, name: str) -> None:
    with opened(browser) as (page, _):
        page.goto(f"{hub}/{name}", wait_until="networkidle")
        assert set(opened_widths(page, (320, 390, 640, 900, 1100, 1440)).values()) == {0}


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
        page.get_by_role("button", name="Turn the / key for search off").click()
        page.keyboard.press("/")
        assert page.evaluate("document.activeElement.id") != "search"


def test_editor_underlines_what_the_server_refuses_and_lists_it(browser: Browser, hub: str) -> None:
    with opened(browser) as (page, wrong):
        page.goto(f"{hub}/edit", wait_until="networkidle")
        expect(page.locator(".cm-lintRange-error")).to_have_count(2)
        page.locator("#problems button", has_text="/model_ability/0").click()
        page.keyboard.press("Delete")
        page.keyboard.insert_text('"')
        assert page.locator("#document").input_value().count('"chta"') == 1
        assert wrong == []


def test_editor_completes_from_the_schema(browser: Browser, hub: str) -> None:
    with opened(browser) as (page, wrong):
        page.goto(f"{hub}/edit", wait_until="networkidle")
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
        page.goto(f"{hub}/edit", wait_until="networkidle")
        page.locator(".cm-content").focus()
        page.keyboard.press("Tab")
        assert page.evaluate("document.activeElement.closest('.cm-editor')") is None


def test_large_document_keeps_its_bytes_in_the_editor(browser: Browser, hub: str) -> None:
    with opened(browser) as (page, wrong):
        page.goto(f"{hub}/edit?large")
        page.locator(".cm-content").focus()
        page.keyboard.press("Control+End")
        page.keyboard.insert_text(" ")
        assert page.locator("#document").input_value() == f"{large()} "
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
