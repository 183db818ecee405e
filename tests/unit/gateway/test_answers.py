from __future__ import annotations

from gateway.answers import names_people
from shared.contracts import catalog


def test_only_messages_that_hold_people_are_searched_for_ids() -> None:
    assert names_people(catalog.ModelDetail)
    assert names_people(catalog.Timeline)
    assert names_people(catalog.Reviews)
    assert not names_people(catalog.ModelPage)
    assert not names_people(catalog.Pulls)
