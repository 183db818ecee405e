"""The main job through a real browser, with scripts and without: register, reject, revise, approve, feed."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.support.browser import opened, served
from tests.support.models import llm
from tests.support.running import PASSWORD, TestHub, running_hub, until

# Chromium says so about every page that answers 422, as a refused form does.
REFUSED = "Failed to load resource: the server responded with a status of 422 (UNPROCESSABLE ENTITY)"


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory, mode: str) -> Iterator[TestHub]:
    with running_hub(tmp_path_factory.mktemp("browser"), mode=mode) as running:
        yield running


@pytest.fixture(scope="module")
def address(hub: TestHub) -> Iterator[str]:
    with served(hub.app) as where:
        yield where


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who is signed in, at a browser of their own."""

    page: Page
    wrong: list[str]
    scripts: bool

    @property
    def main(self) -> Locator:
        return self.page.get_by_role("main")

    def go(self, *links: str) -> None:
        """Follows links of the bar and of pages, as a visitor finds them."""
        for name in links:
            self.page.get_by_role("link", name=name).first.click()

    def paste(self, document: str) -> None:
        """Puts the document in the place of all that is in the JSON box."""
        if not self.scripts:
            self.page.get_by_label("JSON").fill(document)
            return
        self.page.locator(".cm-content").click()
        self.page.evaluate("text => navigator.clipboard.writeText(text)", document)
        self.page.keyboard.press("Control+a")
        self.page.keyboard.press("Control+v")
        expect(self.page.locator("#document")).to_have_value(document)

    def press(self, name: str) -> None:
        self.main.get_by_role("button", name=name).click()


@contextmanager
def signed_in(browser: Browser, address: str, login: str, *, scripts: bool) -> Iterator[Person]:
    """`login` at the list of models; afterwards nothing may have gone wrong on any page."""
    clipboard = ["clipboard-read", "clipboard-write"]
    with opened(browser, java_script_enabled=scripts, permissions=clipboard, base_url=address) as (page, wrong):
        person = Person(page, wrong, scripts)
        page.goto("/models")
        person.go("Sign in")
        page.get_by_label("Name or e-mail").fill(login)
        page.get_by_label("Password").fill(PASSWORD)
        person.press("Sign in")
        expect(page.get_by_role("heading", level=1)).to_have_text("Models")
        yield person
        assert wrong == []


@pytest.mark.parametrize("scripts", [True, False], ids=["scripts", "no-scripts"])
def test_a_model_goes_from_registration_through_review_to_clients(
    browser: Browser, hub: TestHub, address: str, scripts: bool
) -> None:
    name = "Tiny-scripted" if scripts else "Tiny-plain"
    with (
        signed_in(browser, address, "max", scripts=scripts) as max_,
        signed_in(browser, address, "rita", scripts=scripts) as rita,
    ):
        register(max_, name)
        hub.settled()
        sees_pull_request(max_, name, state="Draft", line='"zh"', shown=False)

        open_review(rita, name)
        reject(rita, "Say which languages.")

        revise(max_, name, "Say which languages.")
        hub.settled()
        sees_pull_request(max_, name, state="Draft", line='"zh"', shown=True)

        open_review(rita, name)
        approve(rita)
        hub.settled()
        sees_pull_request(rita, name, state="Open", line='"zh"', shown=True)

    until(lambda: feed_languages(hub, name) == ["en", "zh"], what="clients get the model")
    with opened(browser, java_script_enabled=scripts, base_url=address) as (page, wrong):
        finds(page, name)
        assert wrong == []


def register(max_: Person, name: str) -> None:
    max_.go("My Models", "Register a model")
    expect(max_.page.get_by_role("heading", level=1)).to_have_text("Model Registration")
    max_.paste(llm(name))
    max_.press("Get README")
    readme = max_.page.get_by_label("README", exact=True)
    expect(readme).to_have_value(re.compile(f"^# {name}"))
    max_.page.get_by_label("Public").check()
    max_.page.get_by_label("Message to the reviewers").fill("A tiny model for tests.")
    max_.press("Submit")
    expect(max_.page.get_by_role("heading", level=1)).to_contain_text(name)
    expect(max_.main).to_contain_text("Submitted for review.")


def sees_pull_request(person: Person, name: str, *, state: str, line: str, shown: bool) -> None:
    """The tab of the model's page: its state, its title, and whether its diff adds `line`."""
    person.page.goto(f"/models/detail/{name}")
    person.main.get_by_role("link", name="Pull request").first.click()
    pull = person.page.locator("#pull")
    expect(pull.get_by_role("heading", level=2).first).to_have_text(f"FEAT: [model] {name} support")
    expect(pull.locator(".badge").first).to_have_text(state)
    diff = pull.get_by_role("table", name="Changes")
    expect(diff).to_contain_text(f'"model_name": "{name}"')
    expect(diff.get_by_role("row").filter(has_text=line)).to_have_count(1 if shown else 0)


def open_review(rita: Person, name: str) -> None:
    rita.go("Reviews")
    expect(rita.page.get_by_role("heading", level=1)).to_have_text("Review List")
    rita.main.get_by_role("link", name=name).click()
    expect(rita.page.get_by_role("heading", level=1)).to_contain_text(name)
    expect(rita.main).to_contain_text("A tiny model for tests." if rita.page.url.endswith("/1") else "Chinese too.")


def reject(rita: Person, feedback: str) -> None:
    """Nothing is no feedback, for the browser and for the hub, and it is said beside the field."""
    box = rita.page.get_by_label("Feedback")
    rita.press("Reject")
    expect(rita.page.locator("#feedback:invalid")).to_be_focused()
    box.fill("  ")
    rita.press("Reject")
    expect(box).to_have_accessible_description("Say what the submitter should change.")
    rita.wrong.remove(REFUSED)
    box.fill(feedback)
    rita.press("Reject")
    expect(rita.main).to_contain_text("Rejected.")


def revise(max_: Person, name: str, feedback: str) -> None:
    max_.go("My Models")
    row = max_.main.get_by_role("listitem").filter(has_text=name).first
    expect(row).to_contain_text("Rejected")
    row.get_by_role("link", name=name, exact=True).click()
    max_.main.get_by_role("link", name="Settings").click()
    expect(max_.main).to_contain_text(feedback)
    max_.paste(llm(name, model_lang=["en", "zh"]))
    max_.page.get_by_label("What changes, and why").fill("Chinese too.")
    max_.press("Submit")
    expect(max_.main).to_contain_text("Revision 2 is submitted for review.")


def approve(rita: Person) -> None:
    rita.page.get_by_label("Quality").check()
    rita.press("Approve")
    expect(rita.main).to_contain_text("Approved. It is published")


def finds(page: Page, name: str) -> None:
    """An anonymous visitor finds the model by its name."""
    page.goto("/models")
    page.locator("#search").fill(name.lower())
    page.keyboard.press("Enter")
    page.get_by_role("main").get_by_role("link", name=name, exact=True).click()
    expect(page.get_by_role("main")).to_contain_text("Published")


def feed_languages(hub: TestHub, name: str) -> list[str]:
    body = hub.app.test_client().get("/api/models/download?model_type=llm").data
    return next((record["model_lang"] for record in json.loads(body) if record["model_name"] == name), [])
