"""Somebody who walks through the pages in one language; each page passed is judged in two looks."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Literal

from playwright.sync_api import Browser, Locator, Page, expect

from scripts.translations import read_catalog
from tests.support.browser import accessibility_problems, opened, show_as, sideways_px
from tests.support.running import PASSWORD

Look = tuple[Literal["light", "dark"], int]
# The first is what one walks in, the other what each page is looked at in besides: all pairs of both in two walks.
WALKS: dict[str, tuple[Look, Look]] = {
    "en": (("light", 1440), ("dark", 390)),
    "zh": (("light", 390), ("dark", 1440)),
}
LOCALES = {"en": "en-GB", "zh": "zh-CN"}
# Chromium says so about every page that answers 422, as a refused form does.
REFUSED = "Failed to load resource: the server responded with a status of 422 (UNPROCESSABLE ENTITY)"


@dataclass(frozen=True, slots=True)
class Walker:
    """Reads the pages in `language`: `word` is what a text of the pages is called there."""

    page: Page
    wrong: list[str]
    language: str

    @property
    def main(self) -> Locator:
        return self.page.get_by_role("main")

    def word(self, english: str, context: str | None = None) -> str:
        """The text as the page has it; fails where it is not translated."""
        if self.language == "en":
            return english
        message = read_catalog(self.language).get(english, context)
        assert message is not None and message.string, f"{english!r} has no {self.language} text"
        return str(message.string)

    def says(self, english: str, **values: str | int) -> None:
        """The page's main part says that sentence, with its values filled in."""
        expect(self.main).to_contain_text(self.word(english) % values)

    def starts(self, path: str, heading: str) -> None:
        self.page.goto(path)
        self.arrives(heading)

    def arrives(self, heading: str | re.Pattern[str]) -> None:
        """The page has that heading, is in the walker's language, and is judged as a whole."""
        expect(self.page.get_by_role("heading", level=1)).to_contain_text(heading)
        assert (self.page.locator("html").get_attribute("lang") or "")[:2] == self.language
        self.judges()

    def judges(self) -> None:
        """No accessibility problem, no sideways scroll in either look; nothing went wrong until here."""
        where = self.page.url
        for scheme, width in reversed(WALKS[self.language]):
            show_as(self.page, scheme, width)
            # What is scrolled half under the bar would count as too small to be hit.
            self.page.evaluate("scrollTo(0, 0)")
            sideways, problems = sideways_px(self.page), accessibility_problems(self.page)
            # Not rewritten by pytest, as a test's own assertions are: so each says what it found.
            assert sideways == 0, f"{where} at {width}: {sideways} px sideways"
            assert not problems, f"{where} {scheme} at {width}: {problems}"
        assert not self.wrong, f"{where}: {self.wrong}"

    def follows(self, name: str, *, within: Locator | None = None) -> None:
        """A link by its name, in the page's main part unless said otherwise."""
        (within or self.main).get_by_role("link", name=name).first.click()

    def presses(self, name: str, *, within: Locator | None = None) -> None:
        (within or self.main).get_by_role("button", name=name).first.click()

    def chooses_in_bar(self, english: str) -> None:
        """A link of the bar, as it stands on a phone, too."""
        bar = self.page.get_by_role("navigation", name=self.word("Main"))
        self.follows(self.word(english), within=bar)

    def opens_dialogs(self) -> int:
        """Opens each dialog of the page, judges it and leaves it by Escape; how many there were."""
        openers = self.main.locator("[commandfor], [popovertarget]")
        count = openers.count()
        for number in range(count):
            opener = openers.nth(number)
            if not opener.is_visible():
                continue
            opener.click()
            dialog = self.page.get_by_role("dialog").filter(visible=True)
            expect(dialog).to_have_count(1)
            self.judges()
            self.page.keyboard.press("Escape")
            expect(dialog).to_have_count(0)
        return count

    def signs_in(self, login: str) -> None:
        """From any page, through the form."""
        self.page.get_by_role("banner").get_by_role("link", name=self.word("Sign in")).click()
        self.arrives(self.word("Sign in"))
        self.page.get_by_label(self.word("Name or e-mail")).fill(login)
        self.page.get_by_label(self.word("Password")).fill(PASSWORD)
        self.presses(self.word("Sign in"))
        expect(self.page.get_by_text(self.word("Your menu"))).to_be_attached()

    def pastes(self, document: str) -> None:
        """Puts the document in the place of all that is in the JSON box."""
        self.page.locator(".cm-content").click()
        self.page.evaluate("text => navigator.clipboard.writeText(text)", document)
        self.page.keyboard.press("Control+a")
        self.page.keyboard.press("Control+v")
        expect(self.page.get_by_label("JSON", exact=False).and_(self.page.locator("textarea"))).to_have_value(document)


@contextmanager
def walking(browser: Browser, address: str, language: str) -> Iterator[Walker]:
    """Somebody new at the first of the language's looks; afterwards nothing may have gone wrong on any page."""
    scheme, width = WALKS[language][0]
    # A page change that still moves is cut short, and says so, when the next look takes another width.
    with opened(
        browser,
        reduced_motion="reduce",
        base_url=address,
        locale=LOCALES[language],
        color_scheme=scheme,
        viewport={"width": width, "height": 900},
        permissions=["clipboard-read", "clipboard-write"],
    ) as (page, wrong):
        yield Walker(page, wrong, language)
        assert wrong == []
