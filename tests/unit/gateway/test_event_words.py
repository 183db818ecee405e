from __future__ import annotations

from collections.abc import Iterator

import pytest
from flask import Flask
from flask_babel import Babel

from gateway.event_words import ACCOUNT_EVENTS, EVENTS, kinds, words_of
from gateway.states import LOOKS
from shared.events import identity, pr_bot, registry, review


@pytest.fixture(autouse=True)
def language() -> Iterator[None]:
    app = Flask(__name__)
    Babel(app)
    with app.test_request_context():
        yield


def test_every_event_of_a_model_has_words() -> None:
    names = {event.__name__ for module in (registry, review, pr_bot) for event in module.EVENTS.values()}
    assert names <= set(EVENTS)


def test_words_name_the_revision() -> None:
    assert words_of("Approved", 7).words == "Revision 7 approved"


def test_unknown_event_shows_its_name() -> None:
    assert words_of("SomethingNew", 0).words == "SomethingNew"


def test_every_event_of_an_account_has_words() -> None:
    about_people = {event.__name__ for event in identity.EVENTS.values()}
    assert about_people <= set(ACCOUNT_EVENTS)


def test_no_two_kinds_of_event_read_the_same() -> None:
    words = [word for _name, word in kinds()]
    assert len(words) == len(set(words)) == len({**EVENTS, **ACCOUNT_EVENTS})


def test_looks_exist() -> None:
    assert all(words.state in LOOKS[words.axis] for words in {**EVENTS, **ACCOUNT_EVENTS}.values())
