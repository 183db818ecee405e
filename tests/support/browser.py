"""Debian's Chromium under Playwright, with every console error and policy violation kept for the test to judge."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal

from flask import Flask
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright
from werkzeug.serving import make_server

PATIENCE_MS = 15_000
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
NAMES = ("chromium", "chromium-browser", "google-chrome")
ROOT = Path(__file__).resolve().parents[2]
AXE = ROOT / "gateway" / "frontend" / "node_modules" / "axe-core" / "axe.min.js"
AXE_RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
REPORT_VIOLATIONS = """addEventListener("securitypolicyviolation", (event) =>
  console.error(`policy: ${event.violatedDirective} ${event.blockedURI} ${event.sourceFile}:${event.lineNumber}`))"""
# A resize in the middle of a view transition aborts it, which the console calls an error: `show_as` waits for its end.
REMEMBER_TRANSITION = """addEventListener("pagereveal", (event) => {
  window.transitionEnd = event.viewTransition?.finished.catch(() => undefined) })"""


@contextmanager
def served(app: Flask) -> Iterator[str]:
    """The app on a free port of this machine; the value is its address."""
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()


@contextmanager
def launched() -> Iterator[Browser]:
    """A browser; a missing one is an error that names what to install, never a skip."""
    executable = next((path for path in map(shutil.which, NAMES) if path), None)
    if executable is None:
        raise RuntimeError(
            f"browser tests: expected one of {', '.join(NAMES)} on PATH, found none; apt-get install chromium"
        )
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable, args=FLAGS)
        expect.set_options(timeout=PATIENCE_MS)
        yield browser
        browser.close()


@contextmanager
def opened(browser: Browser, **options: Any) -> Iterator[tuple[Page, list[str]]]:
    """A page in a context of its own, and the list of what went wrong on it so far."""
    context: BrowserContext = browser.new_context(**options)
    context.add_init_script(REPORT_VIOLATIONS)
    context.add_init_script(REMEMBER_TRANSITION)
    page = context.new_page()
    page.set_default_timeout(PATIENCE_MS)
    wrong: list[str] = []
    page.on("console", lambda message: wrong.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: wrong.append(str(error)))
    yield page, wrong
    context.close()


def accessibility_problems(page: Page) -> list[str]:
    """axe-core's violations, one line each. Evaluated, not added as a script: so it passes the strict policy."""
    if not page.evaluate("Boolean(window.axe)"):
        page.evaluate(AXE.read_text(encoding="utf-8"))
    # text that still waits for its font is invisible, and axe would not look at its contrast
    page.evaluate("document.fonts.ready.then(() => true)")
    found = page.evaluate(f"axe.run({{runOnly: {AXE_RULES!r}, resultTypes: ['violations']}})")
    return [
        f"{violation['id']}: {node['target']} {node['failureSummary']}"
        for violation in found["violations"]
        for node in violation["nodes"]
    ]


def sideways_px(page: Page) -> int:
    """How far the page scrolls sideways; 0 where it fits."""
    return int(page.evaluate("document.documentElement.scrollWidth - innerWidth"))


def show_as(page: Page, scheme: Literal["light", "dark"], width: int) -> None:
    """Another colour scheme and width for the page as it stands, without loading it again."""
    page.evaluate("Promise.resolve(window.transitionEnd).then(() => true)")
    page.emulate_media(color_scheme=scheme)
    page.set_viewport_size({"width": width, "height": 900})
