"""A reviewer's day by keyboard alone: ten submissions, found, read, commented on and decided."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from gateway.auth import SESSION_COOKIE
from tests.support.browser import accessibility_problems, opened, served, sideways_px
from tests.support.hub import reader
from tests.support.models import llm
from tests.support.running import TestHub, running_hub
from tests.support.stages import registered

A_DAY = 10
LOOKS: dict[str, dict[str, Any]] = {
    "en": {"locale": "en", "color_scheme": "light", "viewport": {"width": 1440, "height": 900}},
    "zh": {"locale": "zh-CN", "color_scheme": "dark", "viewport": {"width": 390, "height": 844}},
}
FEEDBACK = "Please pin the source to a commit."


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestHub]:
    with running_hub(tmp_path_factory.mktemp("day")) as running:
        yield running


@pytest.fixture(scope="module")
def address(hub: TestHub) -> Iterator[str]:
    with served(hub.app) as where:
        yield where


def submitted(hub: TestHub, prefix: str, count: int = A_DAY) -> list[str]:
    """Models that wait, the longest waiting first."""
    names = [f"{prefix}-{number}" for number in range(count)]
    for name in names:
        registered(hub, name, visibility="public", readme=f"# {name}")
    hub.settled()
    return names


def as_rita(page: Page, hub: TestHub, address: str) -> Page:
    cookie = reader(hub, "rita").client.get_cookie(SESSION_COOKIE)
    assert cookie is not None
    page.context.add_cookies([{"name": SESSION_COOKIE, "value": cookie.value, "url": address}])
    return page


def press(page: Page, *keys: str) -> None:
    """Once the page is there with its scripts: what it shows may be seen before they run."""
    page.wait_for_load_state("load")
    for key in keys:
        page.keyboard.press(key)


def looks_whole(page: Page) -> None:
    assert sideways_px(page) == 0
    assert accessibility_problems(page) == []


@pytest.mark.parametrize("language", LOOKS)
def test_ten_submissions_are_decided_by_keyboard_alone(
    browser: Browser, hub: TestHub, address: str, language: str
) -> None:
    names = submitted(hub, f"day-{language}")
    # without motion: a transition that the next key cuts short is an error to the browser
    with opened(browser, base_url=address, reduced_motion="reduce", **LOOKS[language]) as (page, wrong):
        as_rita(page, hub, address).goto("/reviews")
        looks_whole(page)
        press(page, "j", "j", "k", "Enter")
        comments_on_a_change(page)
        for number, name in enumerate(names):
            expect(page.get_by_role("heading", level=1)).to_contain_text(name)
            if number % 3 == 2:
                rejects(page)
            else:
                approves(page)
            if number < A_DAY - 1:
                press(page, "n")
        press(page, "u")
        expect(page).to_have_url(f"{address}/reviews")
        expect(page.locator("#results .cover")).to_have_count(0)
        assert wrong == []
    hub.settled()
    verdicts = {name: verdict_on(hub, name) for name in names}
    assert verdicts == {
        name: ("rejected", FEEDBACK) if number % 3 == 2 else ("approved", "") for number, name in enumerate(names)
    }


def comments_on_a_change(page: Page) -> None:
    """The list of keys, then the first change, a form below its line, and the comment stands there."""
    expect(page.locator("#diff-title")).to_be_visible()
    press(page, "?")
    expect(page.locator("#keys")).to_be_visible()
    looks_whole(page)
    press(page, "Escape", "j", "ArrowDown")
    line = page.evaluate("document.activeElement.textContent")
    press(page, "Enter")
    expect(page.locator("#line-comment")).to_be_focused()
    looks_whole(page)
    page.keyboard.type("Why this?")
    press(page, "Tab", "Enter")
    thread = page.locator(f"tr.thread #thread-new-{line}")
    expect(thread).to_contain_text("Why this?")
    looks_whole(page)


def approves(page: Page) -> None:
    press(page, "a")
    expect(page.locator("button.approve")).to_be_focused()
    expect(page.locator("button.approve")).to_be_in_viewport()
    press(page, "Enter")
    expect(page.locator(".area-verdict .badge.tone-ok")).to_be_visible()


def rejects(page: Page) -> None:
    press(page, "r")
    expect(page.locator("#feedback")).to_be_focused()
    page.keyboard.type(FEEDBACK)
    press(page, "Tab", "Tab", "Enter")
    expect(page.locator(".area-verdict .badge.tone-bad").first).to_be_visible()
    expect(page.locator(".area-verdict .said").first).to_have_text(FEEDBACK)


def verdict_on(hub: TestHub, name: str) -> tuple[str, str]:
    found = hub.api("rita").get(f"/reviews/{name}/1").get_json()
    return found["row"]["state"], found["feedback"]


def test_no_single_key_does_anything_once_they_are_switched_off(browser: Browser, hub: TestHub, address: str) -> None:
    submitted(hub, "quiet", 3)
    with opened(browser, base_url=address) as (page, wrong):
        as_rita(page, hub, address).goto("/reviews/quiet-1/1")
        press(page, "?", "Shift+Tab", "Enter")
        expect(page.locator("html")).to_have_attribute("data-shortcuts", "off")
        for key in ("a", "r", "c", "j", "n", "p", "u", "?"):
            press(page, key)
            assert page.evaluate("document.activeElement === document.body"), key
        expect(page).to_have_url(f"{address}/reviews/quiet-1/1")
        expect(page.locator("#keys")).to_be_hidden()
        assert wrong == []


def test_template_adds_to_what_was_typed(browser: Browser, hub: TestHub, address: str) -> None:
    registered(hub, "begun", visibility="public")
    hub.settled()
    with opened(browser, base_url=address) as (page, wrong):
        as_rita(page, hub, address).goto("/reviews/begun/1")
        page.get_by_label("Feedback").fill("Thank you.")
        page.get_by_text("Feedback to begin with").click()
        page.get_by_role("link", name="Pin the revision").click()
        expect(page.get_by_label("Feedback")).to_be_focused()
        text = page.get_by_label("Feedback").input_value()
        assert text.startswith("Thank you.\n\nA source has no pinned revision.")
        page.evaluate("document.querySelector('form[data-dirty]').removeAttribute('data-dirty')")
        assert wrong == []


def test_keys_are_text_without_scripts(browser: Browser, hub: TestHub, address: str) -> None:
    registered(hub, "plain", visibility="public")
    hub.settled()
    with opened(browser, base_url=address, java_script_enabled=False) as (page, wrong):
        as_rita(page, hub, address).goto("/reviews/plain/1")
        expect(page.locator("#keys")).to_be_hidden()
        page.get_by_role("link", name="Keyboard").click()
        expect(page.locator("#keys")).to_be_visible()
        assert wrong == []


def test_document_of_700_kb_is_read_and_decided_like_any_other(browser: Browser, hub: TestHub, address: str) -> None:
    quantizations = [f"Q{number}_K_M" for number in range(46)]
    source = {"model_file_name_template": "huge-{quantization}.gguf", "quantizations": quantizations}
    specs = [
        {
            "model_format": "ggufv2",
            "model_size_in_billions": size,
            "model_src": {"huggingface": {"model_id": f"org/repo-{size}", **source}},
        }
        for size in range(1, 561)
    ]
    document = json.dumps(json.loads(llm("huge", model_specs=specs)), indent=2)
    assert len(document) > 700_000
    registered(hub, "huge", visibility="public", document=document)
    hub.settled()
    with opened(browser, base_url=address, reduced_motion="reduce") as (page, wrong):
        as_rita(page, hub, address).goto("/reviews/huge/1")
        expect(page.locator("#diff")).to_contain_text("Only the beginning is shown")
        press(page, "j")
        assert page.evaluate("document.activeElement.textContent") == "1"
        approves(page)
        assert wrong == []
