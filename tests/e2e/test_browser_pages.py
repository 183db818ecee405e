"""Every page as each kind of visitor meets it, in a real browser: accessible, within its policy, in both languages."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from typing import Literal

import pytest
from playwright.sync_api import Browser, Page, expect

from gateway.auth import SESSION_COOKIE
from tests.support.browser import accessibility_problems, opened, served, show_as, sideways_px
from tests.support.hub import reader, small_catalogue
from tests.support.models import llm
from tests.support.parking import poisoned
from tests.support.running import PASSWORD, Api, TestHub, running_hub
from tests.support.stages import drafted, published, registered

# How a page is looked at in each language: together they cover both schemes and both widths.
LOOKS: dict[str, list[tuple[Literal["light", "dark"], int]]] = {
    "en": [("light", 1440), ("dark", 390)],
    "zh": [("dark", 1440), ("light", 390)],
}
DETAIL, OWN = "/models/detail/alpha-chat", "/models/detail/revised"
PLACES: dict[str, list[str]] = {
    "": [
        "/",
        "/models?type=llm&ability=chat",
        "/models?q=nothing-has-this-name",
        DETAIL,
        *(f"{DETAIL}/{tab}" for tab in ("specs", "json", "revisions", "pull-request", "timeline")),
        "/models/detail/no-such-model",
        "/pulls",
        "/login",
        "/signup",
    ],
    "uma": ["/my-models", "/user-center"],
    "max": [
        "/my-models",
        "/user-center",
        "/register-model",
        *(f"{OWN}{tab}" for tab in ("", "/pull-request", "/compare?to=2", "/settings", "/settings/access")),
        "/models/detail/draft/settings",
    ],
    "rita": ["/reviews", "/reviews?state=all", "/reviews/revised/2", "/reviews/revised/2?view=split"],
    "olga": [
        *(f"/operations{tab}" for tab in ("", "/people", "/groups", "/mail", "/audit")),
        f"{DETAIL}/settings/access",
    ],
}
HOSTILE = """# Hostile

<script>window.attacked = "script"</script>
<style>body { display: none }</style>
<svg onload="window.attacked = 'svg'"><script>window.attacked = "svg script"</script></svg>
<img src="https://evil.example/pixel.png" onerror="window.attacked = 'image'">
<iframe src="https://evil.example/"></iframe>
<p style="position: fixed; inset: 0" onclick="window.attacked = 'click'">Styled</p>
<form action="https://evil.example/"><input name="password"></form>

[a link](javascript:window.attacked='link') [data](data:text/html,<script>window.attacked='data'</script>)
![picture](data:image/svg+xml;base64,PHN2Zz48L3N2Zz4=) [good](https://example.org/)

What is left of it.
"""
ATTACKING = "script, style, svg, img, iframe, form, input, [style], [onclick], [onerror], [onload]"
SHAPE = """() => ({
  mains: document.querySelectorAll("main").length,
  headings: document.querySelectorAll("h1").length,
  icon: document.querySelector("link[rel=icon]")?.getAttribute("href") ?? "",
  language: document.documentElement.lang,
})"""


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestHub]:
    """Upstream's six models; of max: `revised` waits for a verdict on its second revision, `draft` is none yet."""
    with running_hub(tmp_path_factory.mktemp("pages"), files=small_catalogue()) as running:
        published(running, "revised", visibility="public", readme="# revised\n\nOnce.\n")
        again = {"type": "llm", "document": llm("revised", model_lang=["en", "zh"]), "readme": "# revised\n\nTwice.\n"}
        more = {"visibility": "public", "message": "Chinese too.", "base_revision": 1}
        running.api("max").made("/models/revised/revisions", again | more)
        drafted(running, "draft")
        published(running, "hostile", visibility="public", readme=HOSTILE)
        running.settled()
        yield running


@pytest.fixture(scope="module")
def address(hub: TestHub) -> Iterator[str]:
    with served(hub.app) as where:
        yield where


Tab = tuple[Page, list[str]]


def signed_in(page: Page, hub: TestHub, address: str, person: str) -> Page:
    """Gives the page a session of that person's, without the form; see the test of the form."""
    if person:
        cookie = reader(hub, person).client.get_cookie(SESSION_COOKIE)
        assert cookie is not None
        page.context.add_cookies([{"name": SESSION_COOKIE, "value": cookie.value, "url": address}])
    return page


@pytest.fixture(scope="module")
def tabs(browser: Browser, hub: TestHub, address: str) -> Iterator[dict[str, Tab]]:
    """A page for each visitor, used for all of that visitor's places."""
    with ExitStack() as stack:
        found = {}
        for person in PLACES:
            page, wrong = stack.enter_context(opened(browser, base_url=address))
            found[person] = (signed_in(page, hub, address, person), wrong)
        yield found


def visit(tab: Tab, path: str, language: str = "en") -> int:
    """Opens the path with nothing noted yet; the answer's status."""
    page, wrong = tab
    wrong.clear()
    page.set_extra_http_headers({"Accept-Language": language})
    show_as(page, "light", 1440)
    answer = page.goto(path)
    assert answer is not None
    return answer.status


@pytest.mark.parametrize("language", LOOKS)
@pytest.mark.parametrize(("person", "path"), [(person, path) for person, paths in PLACES.items() for path in paths])
def test_page_is_whole_accessible_and_never_scrolls_sideways(
    tabs: dict[str, Tab], person: str, path: str, language: str
) -> None:
    page, wrong = tabs[person]
    expected = 404 if "no-such" in path else 200
    assert (visit(tabs[person], path, language), page.url.endswith(path)) == (expected, True)
    shape = page.evaluate(SHAPE)
    assert (shape["mains"], shape["headings"], shape["language"][:2]) == (1, 1, language)
    assert shape["icon"]
    assert page.title().endswith(" · Models Hub")
    for scheme, width in LOOKS[language]:
        show_as(page, scheme, width)
        assert sideways_px(page) == 0, width
        assert accessibility_problems(page) == [], (scheme, width)
    assert [line for line in wrong if expected == 200 or "404 (NOT FOUND)" not in line] == []


def test_slash_leads_to_the_search_box_from_any_page(tabs: dict[str, Tab]) -> None:
    page, wrong = tabs["rita"]
    visit(tabs["rita"], "/reviews")
    page.keyboard.press("/")
    expect(page.get_by_role("searchbox", name="Search models")).to_be_focused()
    page.keyboard.type("alpha")
    page.keyboard.press("Enter")
    expect(page.get_by_role("link", name="alpha-chat", exact=True)).to_be_visible()
    assert wrong == []


def test_tab_reaches_the_verdict_before_the_text_of_the_change(tabs: dict[str, Tab]) -> None:
    page, _ = tabs["rita"]
    visit(tabs["rita"], "/reviews/revised/2")
    passed: list[str] = []
    while not passed or passed[-1] != "Reject":
        page.keyboard.press("Tab")
        passed.append(page.evaluate("(document.activeElement.labels?.[0] ?? document.activeElement).innerText.trim()"))
        assert not page.evaluate("Boolean(document.activeElement.closest('.area-text'))"), passed
        assert len(passed) < 60, passed
    assert passed[0] == "Skip to content"
    assert [word.split("\n")[0] for word in passed[-3:]] == ["Feedback needed to reject", "Approve", "Reject"]


def test_problems_stay_in_sight_beside_the_editor(tabs: dict[str, Tab]) -> None:
    page, _ = tabs["max"]
    visit(tabs["max"], f"{OWN}/settings")
    page.locator("#message").scroll_into_view_if_needed()
    expect(page.locator("#spec")).not_to_be_in_viewport(ratio=0.9)
    expect(page.locator("#problems")).to_be_in_viewport(ratio=1)


def test_visitor_who_must_sign_in_comes_back_to_the_page_asked_for(browser: Browser, address: str) -> None:
    with opened(browser, base_url=address, java_script_enabled=False) as (page, wrong):
        page.goto("/my-models")
        expect(page).to_have_url(f"{address}/login?next=/my-models")
        page.get_by_label("Name or e-mail").fill("uma")
        page.get_by_label("Password").fill(PASSWORD)
        page.get_by_role("main").get_by_role("button", name="Sign in").click()
        expect(page).to_have_url(f"{address}/my-models")
        assert wrong == []


def test_token_is_shown_once_and_works(tabs: dict[str, Tab], hub: TestHub) -> None:
    page, wrong = tabs["uma"]
    visit(tabs["uma"], "/user-center")
    page.get_by_label("Name of the new token").fill("my laptop")
    page.get_by_role("button", name="Create token").click()
    secret = page.locator("#secret").inner_text().strip()
    assert Api(hub.app.test_client(), secret).get("/me").get_json()["login"] == "uma"
    page.goto("/user-center")
    expect(page.get_by_role("table", name="API tokens")).to_contain_text("my laptop")
    assert secret not in page.content()
    assert wrong == []


def test_theme_and_language_change_without_scripts(browser: Browser, hub: TestHub, address: str) -> None:
    with opened(browser, base_url=address, java_script_enabled=False) as (page, wrong):
        signed_in(page, hub, address, "uma").goto("/user-center")
        page.get_by_role("contentinfo").get_by_role("button", name="Theme: system").click()
        expect(page.locator("html")).to_have_attribute("data-theme", "light")
        page.get_by_role("contentinfo").get_by_role("button", name="中文").click()
        expect(page.locator("html")).to_have_attribute("lang", "zh-Hans")
        expect(page).to_have_url(f"{address}/user-center")
        assert wrong == []


@pytest.mark.parametrize("path", ["/models/detail/hostile", "/models/detail/hostile/revisions/1"])
def test_readme_that_attacks_does_nothing(tabs: dict[str, Tab], path: str) -> None:
    page, wrong = tabs[""]
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    visit(tabs[""], path)
    readme = page.locator(".readme")
    expect(readme).to_contain_text("What is left of it.")
    assert page.evaluate("window.attacked") is None
    expect(readme.locator(ATTACKING)).to_have_count(0)
    hrefs = [link.get_attribute("href") or "" for link in readme.get_by_role("link").all()]
    assert hrefs
    assert [href for href in hrefs if not href.startswith(("https://", "#"))] == []
    assert [url for url in asked if "evil.example" in url or url.startswith("data:")] == []
    assert wrong == []


def test_operator_retries_a_parked_stream_and_its_model_appears(tabs: dict[str, Tab], hub: TestHub) -> None:
    page, wrong = tabs["olga"]
    with poisoned(hub, "stuck"):
        registered(hub, "stuck", visibility="public")
        hub.settled()
        visit(tabs["olga"], "/operations")
        parked = page.locator("#parked").get_by_role("listitem").filter(has_text="model-stuck")
        expect(parked).to_contain_text("stuck cannot be applied")
        assert hub.api("olga").get("/models/stuck").status_code == 404
        parked.get_by_role("button", name="Retry").click()
        expect(page.get_by_role("main")).to_contain_text("it failed again; mend what the error says")
    parked.get_by_role("button", name="Retry").click()
    expect(page.locator("#parked")).to_contain_text("None: every event could be applied.")
    page.goto("/models/detail/stuck")
    expect(page.get_by_role("heading", level=1)).to_have_text("stuck")
    assert wrong == []
