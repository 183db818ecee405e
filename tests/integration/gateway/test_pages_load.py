from __future__ import annotations

from collections.abc import Iterator

import pytest

from gateway.load_history import LoadHistory
from tests.support.hub import pages_hub, reader
from tests.support.running import TestHub
from tests.support.stages import drafted


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestHub]:
    with pages_hub(tmp_path_factory.mktemp("hub")) as running:
        yield running


def test_operations_show_what_was_appended_and_how_far_readers_were_behind(hub: TestHub) -> None:
    load: LoadHistory = hub.app.extensions["hub_load"]
    load.look()
    drafted(hub, "counted")
    load.look()
    page = reader(hub, "olga").get("/operations")
    assert page.status == 200
    assert page.says("Last hour")
    assert 'class="bars"' in page.html
    assert "<rect " in page.html
    assert page.says("catalog reads registry")
