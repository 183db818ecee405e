"""Languages of the pages: English and Chinese; chosen by cookie, then account, then the browser's wish."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from flask import Flask, request
from flask_babel import Babel, format_date, format_datetime, format_timedelta, get_locale

LANGUAGES = {"en": "English", "zh": "中文"}
DEFAULT = "en"
COOKIE = "lang"
DAY = timedelta(days=1)


def choose_language(*, cookie: str, account: str, accepted: str | None) -> str:
    """The first of cookie, account and Accept-Language that is a language of ours; English otherwise."""
    for wish in (cookie, account, accepted or ""):
        if wish in LANGUAGES:
            return wish
    return DEFAULT


def current_language() -> str:
    """`en` or `zh`, of the page being rendered."""
    locale = get_locale()
    return locale.language if locale else DEFAULT


def language_tag() -> str:
    """What `lang` on `<html>` says; fonts need the script for Chinese."""
    return "zh-Hans" if current_language() == "zh" else "en"


def as_datetime(at: float | datetime) -> datetime:
    """Unix seconds as an aware time."""
    return at if isinstance(at, datetime) else datetime.fromtimestamp(at, UTC)


def ago(at: float | datetime) -> str:
    """`2 days ago`, `2天前`; days up to six weeks, for "1 month ago" says too little about last week's edit."""
    delta = as_datetime(at) - datetime.now(UTC)
    if DAY <= abs(delta) < 45 * DAY:
        return str(format_timedelta(delta, granularity="day", threshold=1e6, add_direction=True))
    return str(format_timedelta(delta, add_direction=True, threshold=0.9))


def moment(at: float | datetime) -> str:
    """The absolute time beside a relative one, in UTC and saying so."""
    return f"{format_datetime(as_datetime(at), 'medium', rebase=False)} UTC"


def day(at: float | datetime) -> str:
    """The date alone, in UTC, where a line has no room for more."""
    return str(format_date(as_datetime(at).date(), "medium"))


def iso(at: float | datetime) -> str:
    """For `<time datetime>`."""
    return as_datetime(at).isoformat(timespec="seconds")


def install_i18n(app: Flask, account_language: Callable[[], str] = lambda: "") -> Babel:
    """Sets up `_()` in templates and code; `account_language` is the signed-in person's choice, "" for none."""

    def select() -> str:
        return choose_language(
            cookie=request.cookies.get(COOKIE, ""),
            account=account_language(),
            accepted=request.accept_languages.best_match(list(LANGUAGES)),
        )

    babel = Babel(app, default_locale=DEFAULT, locale_selector=select)
    app.jinja_env.globals.update(
        languages=LANGUAGES,
        current_language=current_language,
        language_tag=language_tag,
        ago=ago,
        moment=moment,
        day=day,
        iso=iso,
    )
    return babel
