"""A maintainer registers a model, is rejected, revises it, and it is published."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, expect

from tests.support.browser import served
from tests.support.models import llm
from tests.support.running import TestHub, running_hub
from tests.support.stages import approved, state_of
from tests.support.walks import WALKS, Walker, walking

WISH = "Say which languages it was tried in."


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestHub]:
    with running_hub(tmp_path_factory.mktemp("maintainer")) as running:
        yield running


@pytest.fixture(scope="module")
def address(hub: TestHub) -> Iterator[str]:
    with served(hub.app) as where:
        yield where


@pytest.mark.parametrize("language", WALKS)
def test_maintainer_registers_is_rejected_revises_and_is_published(
    browser: Browser, hub: TestHub, address: str, language: str
) -> None:
    name = f"Walked-{language}"
    with walking(browser, address, language) as max_:
        max_.page.goto("/models")
        max_.signs_in("max")
        registers(max_, name)
        rejected(hub, name)
        revises(max_, name)
        hub.settled()
        approved(hub, name, 2, sha256_of(hub, name, 2))
        hub.settled()
        sees_it_published(max_, name)
        looks_at_what_may_become_of_it(max_, name)
    assert state_of(hub, name) == "published"


def registers(max_: Walker, name: str) -> None:
    max_.chooses_in_bar("My Models")
    max_.arrives(max_.word("My Models"))
    max_.follows(max_.word("Register a model"))
    max_.arrives(max_.word("Model Registration"))
    max_.pastes(llm(name))
    max_.presses(max_.word("Get README"))
    expect(max_.page.get_by_label("README", exact=True)).to_have_value(re.compile(f"^# {name}"))
    max_.presses(max_.word("Preview"))
    expect(max_.main.locator("#preview").get_by_role("heading", name=name)).to_be_visible()
    max_.page.get_by_role("switch", name=max_.word("Public", "visibility")).check()
    max_.page.locator("#message").fill("A tiny model for tests.")
    max_.judges()
    max_.presses(max_.word("Submit"))
    max_.arrives(name)
    max_.says("Revision %(number)s waits for review.", number=1)


def rejected(hub: TestHub, name: str) -> None:
    hub.settled()
    verdict = {"document_sha256": sha256_of(hub, name, 1), "feedback": WISH}
    hub.api("rita").made(f"/models/{name}/revisions/1/reject", verdict)
    hub.settled()


def sha256_of(hub: TestHub, name: str, revision: int) -> str:
    """Of the text that a verdict on the revision is bound to."""
    rows = hub.api("rita").get(f"/models/{name}/revisions").get_json()["items"]
    return next(str(row["document_sha256"]) for row in rows if row["revision"] == revision)


def revises(max_: Walker, name: str) -> None:
    """What was said is told in the notifications, in the list, and where it is mended."""
    max_.page.get_by_role("banner").locator("a[href*='notifications']").click()
    max_.arrives(max_.word("User Center"))
    told = max_.main.locator("#notifications, [aria-labelledby='notifications-title']").first
    expect(told).to_contain_text(max_.word("%(model)s: revision %(revision)s was rejected.") % told_of(name))
    expect(told).to_contain_text(WISH)

    max_.chooses_in_bar("My Models")
    row = max_.main.get_by_role("listitem").filter(has_text=name).first
    expect(row).to_contain_text(max_.word("Rejected"))
    expect(row).to_contain_text(WISH)
    max_.judges()
    max_.follows(max_.word("Revise"), within=row)
    max_.arrives(name)
    expect(max_.main).to_contain_text(WISH)
    max_.pastes(llm(name, model_lang=["en", "zh"]))
    max_.page.locator("#message").fill("Chinese too.")
    max_.presses(max_.word("Submit"))
    max_.arrives(name)
    max_.says("Revision %(number)s waits for review.", number=2)


def told_of(name: str) -> dict[str, str | int]:
    return {"model": name, "revision": 1}


def sees_it_published(max_: Walker, name: str) -> None:
    max_.chooses_in_bar("My Models")
    row = max_.main.get_by_role("listitem").filter(has_text=name).first
    expect(row).to_contain_text(max_.word("Published"))
    max_.follows(name, within=row)
    max_.arrives(name)
    max_.follows(max_.word("Pull request"), within=max_.main)
    pull = max_.page.locator("#pull")
    expect(pull).to_contain_text(f"FEAT: [model] {name} support")
    max_.judges()


def looks_at_what_may_become_of_it(max_: Walker, name: str) -> None:
    """Each dialog of the second page of Settings opens, is whole, and closes without an act."""
    max_.page.goto(f"/models/detail/{name}/settings/access")
    max_.arrives(name)
    assert max_.opens_dialogs() > 0
