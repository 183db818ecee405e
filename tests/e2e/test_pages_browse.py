from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Literal

import pytest
from playwright.sync_api import Browser, expect

from tests.support.browser import accessibility_problems, opened, served, sideways_px
from tests.support.hub import pages_hub

FIRST_VISITS = ("/models", "/models/detail/alpha-chat", "/models/detail/alpha-chat/json", "/api/docs")
FIRST_VISIT_BYTES, SCRIPT_BYTES, REQUESTS, SHIFT = 80_000, 3_000, 7, 0.01
VISIT = """() => new Promise((done) => {
  let shift = 0;
  new PerformanceObserver((list) => list.getEntries().forEach((one) => (shift += one.value)))
    .observe({type: "layout-shift", buffered: true});
  document.fonts.ready.then(() => requestAnimationFrame(() => requestAnimationFrame(() => {
    const entries = ["navigation", "resource"].flatMap((kind) => performance.getEntriesByType(kind));
    done({shift, sizes: Object.fromEntries(entries.map((one) => [one.name, one.transferSize]))});
  })));
})"""
LOOKED_AT = (
    "/models",
    "/models?type=llm&ability=vision&q=alpha",
    "/models?view=cards",
    "/models?view=table&fits_gb=24",
    "/models/detail/alpha-chat",
    "/models/detail/alpha-chat/specs",
    "/models/detail/alpha-chat/specs?size=3&format=ggufv2&quantization=Q4_0",
    "/models/detail/alpha-chat/json",
    "/models/detail/alpha-chat/revisions",
    "/models/detail/alpha-chat/compare",
    "/models/detail/alpha-chat/pull-request",
    "/models/detail/alpha-chat/timeline",
    "/pulls",
    "/login",
    "/signup",
    "/api/docs",
)


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with pages_hub(tmp_path_factory.mktemp("hub")) as hub, served(hub.app) as found:
        yield found


def test_pages_are_accessible_and_fit(address: str, browser: Browser) -> None:
    with opened(browser, viewport={"width": 1440, "height": 900}) as (page, wrong):
        for path in LOOKED_AT:
            page.set_viewport_size({"width": 1440, "height": 900})
            page.goto(address + path)
            assert accessibility_problems(page) == [], path
            for width in (900, 390, 320):
                page.set_viewport_size({"width": width, "height": 900})
                assert sideways_px(page) <= 0, f"{path} at {width}"
        assert wrong == []


def test_facets_and_search_change_the_list_in_place_and_back_undoes_it(address: str, browser: Browser) -> None:
    with opened(browser) as (page, wrong):
        page.goto(f"{address}/models")
        page.evaluate("window.same = true")
        page.get_by_label("Another memory, in GB").fill("2.2")
        page.keyboard.press("Enter")
        expect(page.locator("[data-announce]")).to_have_text("1 model")
        page.get_by_role("link", name="Remove Memory: 2.2 GB").click()
        page.get_by_label("vision").check()
        expect(page.locator("[data-announce]")).to_have_text("1 model")
        expect(page.get_by_label("vision")).to_be_focused()
        page.get_by_label("Search models").fill("alpha")
        expect(page.get_by_text("No model matches all 2 filters")).to_be_visible()
        page.get_by_role("link", name="Remove Ability: vision").first.click()
        expect(page.locator("[data-announce]")).to_have_text("1 model")
        assert page.url == f"{address}/models?q=alpha"
        assert page.evaluate("window.same"), "the page was never loaded again"
        page.go_back()
        expect(page.get_by_text("No model matches all 2 filters")).to_be_visible()
        page.get_by_role("link", name="Remove Search: alpha").first.click()
        expect(page.get_by_label("Search models")).to_have_value("")
        expect(page.locator("[data-announce]")).to_have_text("1 model")
        assert wrong == []


def test_filters_work_without_scripts(address: str, browser: Browser) -> None:
    with opened(browser, java_script_enabled=False) as (page, _wrong):
        page.goto(f"{address}/models?type=llm")
        page.get_by_label("vision").check()
        page.get_by_role("button", name="Apply filters").click()
        expect(page.get_by_role("link", name="beta-vision")).to_be_visible()
        assert "ability=vision" in page.url
        page.get_by_role("link", name="beta-vision").click()
        page.get_by_role("link", name="Specs").click()
        expect(page.get_by_role("heading", name="beta-vision")).to_be_visible()


def test_keys_lead_from_search_to_a_result_and_back(address: str, browser: Browser) -> None:
    with opened(browser) as (page, wrong):
        page.goto(f"{address}/models")
        page.keyboard.press("/")
        page.keyboard.type("alpha")
        expect(page.locator("[data-announce]")).to_have_text("1 model")
        page.keyboard.press("ArrowDown")
        expect(page.locator("#results .cover").first).to_be_focused()
        page.keyboard.press("Escape")
        expect(page.get_by_label("Search models")).to_be_focused()
        page.goto(f"{address}/models?view=table")
        for key in ("j", "j", "ArrowDown", "k"):
            page.keyboard.press(key)
        expect(page.locator("#results .cover").nth(1)).to_be_focused()
        page.keyboard.press("Enter")
        page.wait_for_url("**/models/detail/*")
        assert wrong == []


@pytest.mark.parametrize("path", FIRST_VISITS)
def test_a_first_visit_is_small_and_nothing_moves_while_it_loads(address: str, browser: Browser, path: str) -> None:
    with opened(browser, viewport={"width": 1440, "height": 900}) as (page, _wrong):
        page.goto(address + path)
        found = page.evaluate(VISIT)
    sizes: dict[str, int] = found["sizes"]
    assert sum(sizes.values()) < FIRST_VISIT_BYTES, sizes
    assert sum(size for name, size in sizes.items() if name.endswith(".js")) < SCRIPT_BYTES
    assert len(sizes) <= REQUESTS, sizes
    assert found["shift"] < SHIFT


@pytest.mark.parametrize(("language", "scheme", "width"), [("en", "light", 1440), ("zh", "dark", 390)])
def test_a_newcomer_finds_a_model_by_ability_and_size_and_takes_its_command(
    address: str, browser: Browser, language: str, scheme: Literal["light", "dark"], width: int
) -> None:
    size: Any = {"width": width, "height": 844}
    allowed = ["clipboard-read", "clipboard-write"]
    options: dict[str, Any] = {"locale": language, "color_scheme": scheme, "viewport": size, "permissions": allowed}
    with opened(browser, **options) as (page, wrong):
        page.goto(address)
        if width < 800:
            page.locator(".filters-toggle").click()
        for name, value in (("ability", "chat"), ("size", "1-8"), ("fits_gb", "8")):
            page.locator(f"input[name={name}][value='{value}']").check()
            page.wait_for_url(f"**{name}={value}*")
        assert accessibility_problems(page) == []
        page.locator("#results .cover", has_text="alpha-chat").click()
        page.locator(".tabs a[href$='/specs']").click()
        page.locator(".matrix a", has_text="Q4_0").or_(page.locator(".matrix summary")).first.click()
        page.locator(".matrix a", has_text="Q4_0").first.click()
        page.wait_for_url("**quantization=Q4_0*")
        assert accessibility_problems(page) == []
        page.locator("#launch [data-copy]").first.click()
        copied = page.evaluate("navigator.clipboard.readText()")
        assert copied.startswith("xinference launch --model-name alpha-chat")
        assert copied.endswith("--quantization Q4_0")
        assert wrong == []
