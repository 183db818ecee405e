"""Where the focus is after something was refused, asked or folded away, and what shows while an answer is awaited."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, Route, expect

from gateway.auth import SESSION_COOKIE
from tests.support.browser import opened, served
from tests.support.hub import reader, small_catalogue
from tests.support.running import TestHub, running_hub

PHONE = {"width": 390, "height": 844}


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestHub]:
    with running_hub(tmp_path_factory.mktemp("focus"), files=small_catalogue()) as running:
        yield running


@pytest.fixture(scope="module")
def address(hub: TestHub) -> Iterator[str]:
    with served(hub.app) as where:
        yield where


@pytest.fixture
def page(browser: Browser, address: str) -> Iterator[Page]:
    with opened(browser, base_url=address, locale="en", viewport=PHONE) as (found, _wrong):
        yield found


def sign_in(page: Page, hub: TestHub, address: str, login: str) -> None:
    cookie = reader(hub, login).client.get_cookie(SESSION_COOKIE)
    assert cookie is not None
    page.context.add_cookies([{"name": SESSION_COOKIE, "value": cookie.value, "url": address}])


def test_refused_sign_in_leads_to_the_password(page: Page) -> None:
    page.goto("/login")
    page.get_by_label("Name or e-mail").fill("max")
    page.get_by_label("Password").fill("not the right one")
    page.get_by_role("main").get_by_role("button", name="Sign in").click()
    expect(page.get_by_text("Name and password do not fit; check both.")).to_be_visible()
    expect(page.get_by_label("Password")).to_be_focused()


def test_refused_change_leads_to_the_first_wrong_field_and_says_what_it_takes(
    page: Page, hub: TestHub, address: str
) -> None:
    sign_in(page, hub, address, "max")
    page.goto("/user-center")
    page.evaluate("document.getElementById('password-form').noValidate = true")
    page.locator("#password-current").fill("something")
    page.locator("#password").fill("short")
    page.get_by_role("button", name="Change password").click()
    expect(page.locator("#password")).to_be_focused()
    expect(page.locator("#password-error")).to_have_text("Use 10 to 200 characters.")
    expect(page.locator("#password-card").get_by_role("alert")).not_to_contain_text("UpdateProfile")


def test_dialog_takes_the_focus_and_gives_it_back(page: Page, hub: TestHub, address: str) -> None:
    sign_in(page, hub, address, "olga")
    page.goto("/operations/people")
    opener = page.get_by_role("button", name="Disable").first
    opener.press("Enter")
    expect(page.get_by_role("dialog").get_by_label("Reason")).to_be_focused()
    page.keyboard.press("Escape")
    expect(opener).to_be_focused()


def test_filters_of_a_phone_close_from_within_and_lead_to_the_results(page: Page) -> None:
    page.goto("/models")
    page.locator(".filters-toggle").click()
    page.locator(".facets-end label").click()
    expect(page.locator("#facets")).to_be_hidden()
    expect(page.locator("#results")).to_be_in_viewport()
    assert page.url.endswith("/models")


# Playwright asks nothing of a page that is on its way to another one: the page itself tells what it shows.
TELL = """async () => {
  await document.fonts.ready
  const button = document.querySelector("main form button")
  const size = () => JSON.stringify(button.getBoundingClientRect())
  const before = size()
  addEventListener("submit", (event) => console.log(event.defaultPrevented ? "refused" : "sent"))
  new MutationObserver(() => {
    if (button.ariaBusy !== "true") return console.log("free")
    console.log(`busy, ${size() === before ? "unmoved" : "moved"}: ${document.getElementById("live").textContent}`)
    button.form.requestSubmit(button)
    dispatchEvent(new PageTransitionEvent("pageshow", { persisted: true }))
  }).observe(button, { attributeFilter: ["aria-busy"] })
}"""


def test_a_submission_that_takes_its_time_shows_on_the_pressed_button_and_is_sent_once(page: Page) -> None:
    page.goto("/login")
    page.get_by_label("Name or e-mail").fill("max")
    page.get_by_label("Password").fill("not the right one")
    held: list[Route] = []
    told: list[str] = []
    page.on("console", lambda message: told.append(message.text))
    page.route("**/login", lambda route: held.append(route))
    page.evaluate(TELL)
    button = page.get_by_role("main").get_by_role("button", name="Sign in")
    with page.expect_console_message(lambda message: message.text == "free"):
        button.click(no_wait_after=True)
    assert told == ["sent", "busy, unmoved: Sending…", "refused", "free"]
    assert len(held) == 1
    held[0].continue_()
    expect(page.get_by_text("Name and password do not fit; check both.")).to_be_visible()
