from __future__ import annotations

import time

import pytest
from flask import Flask

from gateway.i18n import ago, choose_language
from gateway.presentation import install_presentation


@pytest.mark.parametrize(
    ("cookie", "account", "accepted", "chosen"),
    [
        ("zh", "en", "en", "zh"),
        ("", "zh", "en", "zh"),
        ("", "", "zh", "zh"),
        ("fr", "de", None, "en"),
        ("", "", None, "en"),
    ],
)
def test_language_is_cookie_then_account_then_browser(
    cookie: str, account: str, accepted: str | None, chosen: str
) -> None:
    assert choose_language(cookie=cookie, account=account, accepted=accepted) == chosen


@pytest.fixture
def app() -> Flask:
    app = Flask("gateway")
    install_presentation(app)
    return app


@pytest.mark.parametrize(
    ("seconds", "words"), [(7200, "2 hours ago"), (26 * 86_400, "26 days ago"), (60 * 86_400, "2 months ago")]
)
def test_ages_are_said_in_days_up_to_six_weeks(app: Flask, seconds: int, words: str) -> None:
    with app.test_request_context("/"):
        assert ago(time.time() - seconds) == words


def test_ages_follow_the_language(app: Flask) -> None:
    with app.test_request_context("/", headers={"Cookie": "lang=zh"}):
        assert ago(time.time() - 2 * 86_400) == "2天前"
