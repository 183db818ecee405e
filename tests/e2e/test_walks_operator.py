"""An operator sees that a stream is parked, retries it in vain, and with success once its cause is mended."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, expect

from tests.support.browser import served
from tests.support.parking import poisoned
from tests.support.running import TestHub, running_hub
from tests.support.stages import registered
from tests.support.walks import WALKS, walking


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestHub]:
    with running_hub(tmp_path_factory.mktemp("operator")) as running:
        yield running


@pytest.fixture(scope="module")
def address(hub: TestHub) -> Iterator[str]:
    with served(hub.app) as where:
        yield where


@pytest.mark.parametrize("language", WALKS)
def test_operator_retries_a_parked_stream_until_its_model_is_there(
    browser: Browser, hub: TestHub, address: str, language: str
) -> None:
    name = f"stuck-{language}"
    with walking(browser, address, language) as olga:
        olga.page.goto("/models")
        olga.signs_in("olga")
        with poisoned(hub, name):
            registered(hub, name, visibility="public")
            hub.settled()
            olga.chooses_in_bar("Operations")
            olga.arrives(olga.word("Operations"))
            parked = olga.page.locator("#parked").get_by_role("listitem").filter(has_text=f"model-{name}")
            expect(parked).to_contain_text(f"{name} cannot be applied")
            olga.presses(olga.word("Retry"), within=parked)
            expect(parked).to_be_visible()
            olga.arrives(olga.word("Operations"))
        olga.presses(olga.word("Retry"), within=parked)
        expect(olga.page.locator("#parked")).to_contain_text(olga.word("None: every event could be applied."))
        olga.judges()
        olga.page.goto(f"/models/detail/{name}")
        olga.arrives(name)
