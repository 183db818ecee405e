"""Model Registration and Settings with scripts: form and JSON in step, drafts saved by themselves, nothing lost."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from gateway.auth import SESSION_COOKIE
from tests.support.browser import accessibility_problems, opened, served, show_as, sideways_px
from tests.support.hub import reader, small_catalogue
from tests.support.models import llm
from tests.support.running import TestHub, running_hub
from tests.support.stages import drafted, published

CLIPBOARD = ["clipboard-read", "clipboard-write"]
SETTINGS = "/models/detail/{}/settings"


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestHub]:
    with running_hub(tmp_path_factory.mktemp("editor"), files=small_catalogue()) as running:
        drafted(running, "draft")
        published(running, "shown", visibility="public", readme="# shown\n")
        running.settled()
        yield running


@pytest.fixture(scope="module")
def address(hub: TestHub) -> Iterator[str]:
    with served(hub.app) as where:
        yield where


@pytest.fixture
def page(browser: Browser, hub: TestHub, address: str) -> Iterator[Page]:
    """Max's browser; nothing may have gone wrong in it."""
    with opened(browser, base_url=address, locale="en", permissions=CLIPBOARD) as (found, wrong):
        cookie = reader(hub, "max").client.get_cookie(SESSION_COOKIE)
        assert cookie is not None
        found.context.add_cookies([{"name": SESSION_COOKIE, "value": cookie.value, "url": address}])
        yield found
        # Chromium says so about every answer of 409, as the page meets it where somebody was faster.
        assert [line for line in wrong if "409 (CONFLICT)" not in line] == []


def says(page: Page, look: str) -> None:
    """The JSON as it will be sent comes to hold `look`."""
    expect(page.locator("#document")).to_have_value(re.compile(re.escape(look)))


def document(page: Page) -> Any:
    return json.loads(page.locator("#document").input_value())


def replace_json(page: Page, text: str) -> None:
    page.locator(".cm-content").click()
    page.keyboard.press("Control+a")
    page.evaluate("text => navigator.clipboard.writeText(text)", text)
    page.keyboard.press("Control+v")


def forget(page: Page) -> None:
    """Leaves the page with nothing to save, whatever was typed."""
    page.evaluate("delete document.getElementById('edit').dataset.dirty")


def test_form_and_json_follow_one_another(page: Page) -> None:
    page.goto("/register-model")
    page.get_by_label("Name", exact=True).fill("stepwise")
    says(page, '"model_name": "stepwise"')
    page.get_by_role("checkbox", name="chat").check()
    says(page, '"chat"')
    page.get_by_label("Size in billions").fill("0.6")
    page.get_by_label("Repository").fill("o/m")
    page.get_by_role("button", name="modelscope").click()
    says(page, '"modelscope"')
    assert document(page)["model_specs"] == [
        {
            "model_format": "pytorch",
            "model_size_in_billions": "0_6",
            "model_src": {
                "huggingface": {"model_id": "o/m", "quantizations": ["none"]},
                "modelscope": {"quantizations": ["none"]},
            },
        }
    ]
    second = page.get_by_role("group", name="modelscope")
    expect(second.get_by_label("Repository")).to_have_accessible_description(re.compile("model_id is missing"))
    page.get_by_label("Type").select_option("embedding")
    expect(page.get_by_label("Dimensions")).to_be_visible()
    page.get_by_label("Type").select_option("llm")
    replace_json(page, llm("pasted", model_lang=["zh", "xx"]))
    expect(page.get_by_label("Name", exact=True)).to_have_value("pasted")
    expect(page.get_by_role("checkbox", name="xx")).to_be_checked()
    page.get_by_role("button", name="Copy this one").click()
    says(page, '    },\n    {\n      "model_format"')
    page.locator(".cm-content").click()
    page.keyboard.press("Control+z")
    expect(page.locator(".spec")).to_have_count(1)
    forget(page)


def test_the_pull_request_to_come_bears_the_name_as_it_is_typed(page: Page) -> None:
    page.goto("/register-model")
    pull = page.locator("#pull-facts")
    expect(pull).to_be_hidden()
    page.get_by_label("Name", exact=True).fill("typed")
    expect(pull).to_contain_text("FEAT: [model] typed support")
    expect(pull).to_contain_text("chore/models-sync/typed")
    page.get_by_label("Name", exact=True).fill("typed-anew")
    expect(pull).to_contain_text("FEAT: [model] typed-anew support")
    replace_json(page, llm("pasted"))
    expect(pull).to_contain_text("chore/models-sync/pasted")
    page.locator(".cm-content").click()
    page.keyboard.press("Control+a")
    page.keyboard.press("Delete")
    expect(pull).to_be_hidden()
    forget(page)


def test_what_is_typed_becomes_a_draft_and_can_be_left(page: Page, hub: TestHub) -> None:
    page.goto("/register-model")
    replace_json(page, llm("kept-safe").replace('"chat"', '"chta"'))
    page.get_by_label("README", exact=True).fill("# Once")
    expect(page.locator("#draft-state")).to_contain_text("Draft saved")
    expect(page).to_have_url(re.compile("/models/detail/kept-safe/settings$"))
    with page.expect_response(lambda answer: answer.request.method == "PUT"):
        page.get_by_label("README", exact=True).fill("# Twice")
    expect(page.locator("#draft-state")).to_contain_text("Draft saved")
    page.reload()
    expect(page.get_by_label("README", exact=True)).to_have_value("# Twice")
    expect(page.locator(".chip-field").filter(has_text="Abilities")).to_contain_text('write "chat"')
    # Clicked, not unchecked: with its mark the chip itself goes, maybe before anyone has looked at the mark.
    page.get_by_role("checkbox", name="chta").click()
    expect(page.get_by_role("checkbox", name="chta", checked=True)).to_have_count(0)
    page.get_by_role("checkbox", name="chat").check()
    page.get_by_role("button", name="Submit").click()
    expect(page.get_by_role("main")).to_contain_text("Submitted for review.")
    hub.settled()
    stored = hub.api("max").get("/models/kept-safe/revisions").get_json()["items"]
    assert [(row["revision"], row["state"]) for row in stored] == [(1, "submitted")]


def test_a_draft_that_is_refused_says_why_in_the_pages_language(page: Page, address: str) -> None:
    page.context.add_cookies([{"name": "lang", "value": "zh", "url": address}])
    page.goto("/register-model")
    replace_json(page, llm("shown"))
    page.keyboard.press("Control+s")
    expect(page.locator("#draft-state")).to_contain_text("模型 shown：此名称已被使用")
    forget(page)


def test_a_change_saves_itself_as_the_next_revisions_draft(page: Page, hub: TestHub) -> None:
    page.goto(SETTINGS.format("shown"))
    page.get_by_label("Context length").fill("8192")
    expect(page.locator("#draft-state")).to_contain_text("Draft saved")
    kept = hub.api("max").get("/models/shown/revisions/2").get_json()
    assert (kept["row"]["state"], json.loads(kept["document"])["context_length"]) == ("draft", 8192)
    assert page.evaluate("document.getElementById('edit').dataset.dirty") is None
    page.get_by_role("button", name="See what changes").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Before you submit shown")
    expect(page.locator(".changes")).to_contain_text("context_length")
    show_as(page, "dark", 390)
    assert (sideways_px(page), accessibility_problems(page)) == (0, [])
    page.get_by_role("button", name="Back to editing").click()
    expect(page.get_by_label("Context length")).to_have_value("8192")
    forget(page)


def test_a_draft_that_was_saved_elsewhere_is_not_overwritten(page: Page, hub: TestHub) -> None:
    page.goto(SETTINGS.format("draft"))
    expect(page.locator(".cm-editor")).to_be_visible()
    seen = hub.api("max").get("/models/draft/revisions/1").get_json()
    elsewhere = {"base_sha256": seen["row"]["document_sha256"], "document": llm("draft", context_length=1024)}
    assert hub.api("max").put("/models/draft/revisions/1", elsewhere).status_code == 200
    page.get_by_label("Context length").fill("2048")
    expect(page.locator("#draft-state")).to_contain_text("somebody changed the model meanwhile")
    page.get_by_role("button", name="Look at both").click()
    expect(page.get_by_role("heading", name="Two changes meet")).to_be_visible()
    expect(page.get_by_label("Context length")).to_have_value("2048")
    page.get_by_role("radio", name="Theirs").first.check()
    forget(page)


def test_focus_is_not_left_under_the_row_of_buttons(page: Page) -> None:
    page.set_viewport_size({"width": 390, "height": 700})
    page.goto(SETTINGS.format("shown"))
    bar = page.locator(".action-bar")
    page.get_by_label("Name", exact=True).focus()
    for _ in range(12):
        page.keyboard.press("Tab")
        below = page.evaluate("document.activeElement.getBoundingClientRect().bottom")
        box = bar.bounding_box()
        assert box is not None
        assert below <= box["y"], page.evaluate("document.activeElement.outerHTML")
