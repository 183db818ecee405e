"""Writes the README's pictures of a hub on the real catalogue, where a few people are at work.

    python -m scripts.screenshots [--out docs/images] [--all FOLDER]

`--all` also writes every page, narrow and wide, light and dark, English and Chinese, for somebody to look at.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal

from playwright.sync_api import Browser, Page

from gateway.auth import SESSION_COOKIE
from tests.support.browser import launched, opened, served
from tests.support.hub import reader
from tests.support.models import llm
from tests.support.real_data import wheel_models
from tests.support.running import TestHub, running_hub

WIDTH, HEIGHT = 1360, 900
LIMIT_BYTES = 250_000
LONGEST = 2_400
REVIEWED, DOCUMENTED, OPEN = "GLM-4.7-Flash", "qwen3", "gpt-oss"
FEATURED = (DOCUMENTED, OPEN, "deepseek-r1", "Kimi-K2.5")
PINNED = "f2c1d8a9b7e6453021fedcba9876543210abcdef"
# A draft keeps its name, so each picture has another.
NEW_NAMES = {"light": "lumen-vision", "dark": "lumen-sight"}
NAMES = {"max": "Max Brandt", "mia": "Mia Sun", "rita": "Rita Okafor", "olga": "Olga Lind", "uma": "Uma Rao"}
# For `--all`: who looks at what.
PLACES = {
    "": ["/models", "/models?type=llm&ability=vision", "/models?q=qqqq", "/pulls", "/login", "/signup", "/api/docs"],
    "uma": ["/my-models", "/models/detail/nothing"],
    "max": ["/my-models", "/user-center", "/register-model", f"/models/detail/{REVIEWED}/settings"],
    "mia": ["/my-models", "/user-center", "/models/detail/lumen-mini-chat/settings"],
    "rita": ["/reviews", "/reviews?state=all", f"/reviews/{REVIEWED}/2", f"/reviews/{REVIEWED}/2?view=split"],
    "olga": ["/operations", "/operations/people", "/operations/groups", "/operations/mail", "/operations/audit"],
}
DETAIL_TABS = ("", "/specs", "/json", "/revisions", "/pull-request", "/timeline", "/compare?to=2", "/settings/access")
Scheme = Literal["light", "dark"]


def main() -> None:
    """Everything into the folders named."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, default=Path("docs/images"))
    parser.add_argument("--all", type=Path, help="a folder for pictures of every page")
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    with (
        tempfile.TemporaryDirectory() as folder,
        staged_hub(Path(folder)) as hub,
        served(hub.app) as address,
        launched() as browser,
    ):
        for scheme in ("light", "dark"):
            readme_pictures(browser, hub, address, scheme, options.out)
        if options.all:
            every_page(browser, hub, address, options.all)


@contextmanager
def staged_hub(folder: Path) -> Iterator[TestHub]:
    """The real catalogue; a revision that waits, a README approved, a rejected model, an open pull request."""
    with running_hub(folder, files=wheel_models()) as hub:
        olga = hub.api("olga")
        for login, name in NAMES.items():
            assert hub.api(login).patch("/me", {"display_name": name}).status_code == 200, login
        for model in (REVIEWED, DOCUMENTED, OPEN):
            olga.made(f"/models/{model}/owners", {"add": ["max"], "remove": [], "reason": "He looks after it."})
        for model in FEATURED:
            olga.made(f"/models/{model}/feature", {"featured": True, "reason": "Often asked for."})
        hub.api("uma").made("/me/role-request", {"role": "maintainer", "reason": "I maintain two models."})
        hub.settled()
        _approve(hub, DOCUMENTED, _with_readme(hub), "Thank you.")
        _approve(hub, OPEN, _pinned(hub), "Both sources answer with the pinned commits.")
        _reject(hub)
        _revised(hub, REVIEWED, _better(hub), readme=f"# {REVIEWED}\n\nRuns on one 24 GB card in FP8.\n")
        hub.settled()
        yield hub


def _document(hub: TestHub, name: str) -> list[dict[str, Any]]:
    """A model's records as upstream keeps them: an array, which a revision leaves as it is."""
    found: list[dict[str, Any]] = json.loads(hub.api("max").get(f"/models/{name}/document").get_data(as_text=True))
    return found


def _revised(hub: TestHub, name: str, change: tuple[Any, str], readme: str = "") -> dict[str, Any]:
    """Max submits the record, with his message."""
    document, message = change
    body = {"type": "llm", "document": json.dumps(document, indent=2, ensure_ascii=False), "visibility": "public"}
    more = {"readme": readme, "message": message, "base_revision": 1}
    return hub.api("max").made(f"/models/{name}/revisions", body | more)


def _with_readme(hub: TestHub) -> dict[str, Any]:
    document = _document(hub, DOCUMENTED)
    asked = {"type": "llm", "document": json.dumps(document)}
    readme = hub.api("max").made("/readme-template", asked)["readme"]
    return _revised(hub, DOCUMENTED, (document, "A README"), readme)


def _pinned(hub: TestHub) -> dict[str, Any]:
    document = _document(hub, OPEN)
    for spec in document[0]["model_specs"]:
        for source in spec["model_src"].values():
            source["model_revision"] = PINNED
    return _revised(hub, OPEN, (document, "Pin every source to the commit that was tested"))


def _better(hub: TestHub) -> tuple[list[dict[str, Any]], str]:
    """One build more, pinned; another language; a better description."""
    document = _document(hub, REVIEWED)
    record = document[0]
    first = record["model_specs"][0]
    source = {"model_id": f"zai-org/{REVIEWED}-FP8", "model_revision": PINNED, "quantizations": ["fp8"]}
    record["model_specs"] = [first, {**first, "model_format": "fp8", "model_src": {"huggingface": source}}]
    record["model_lang"] = [*record["model_lang"], "fr"]
    record["model_description"] = "A 30B mixture of experts with 3B active, for coding, tools and long documents."
    return document, "The authors' FP8 build, and what the model card now says about French."


def _approve(hub: TestHub, name: str, made: dict[str, Any], feedback: str) -> None:
    verdict = {"document_sha256": made["document_sha256"], "feedback": feedback}
    hub.api("rita").made(f"/models/{name}/revisions/{made['revision']}/approve", verdict)


def _reject(hub: TestHub) -> None:
    """A new model of Mia's comes back to her."""
    body = {"type": "llm", "document": llm("lumen-mini-chat"), "readme": "# lumen-mini-chat\n", "visibility": "public"}
    made = hub.api("mia").made("/models", body | {"message": "A small model for phones"})
    feedback = "Pin the source to a commit, and say which languages it was tried in."
    verdict = {"document_sha256": made["document_sha256"], "feedback": feedback}
    hub.api("rita").made("/models/lumen-mini-chat/revisions/1/reject", verdict)


def readme_pictures(browser: Browser, hub: TestHub, address: str, scheme: Scheme, folder: Path) -> None:
    """models, detail, review and register, each within LIMIT_BYTES."""
    views = {
        "models": ("", "/models"),
        "detail": ("", f"/models/detail/{DOCUMENTED}"),
        "review": ("rita", f"/reviews/{REVIEWED}/2"),
        "register": ("max", "/register-model"),
    }
    for name, (person, path) in views.items():
        with looking(browser, hub, address, person, scheme=scheme) as page:
            page.goto(path)
            if name == "register":
                _fill_in(page, NEW_NAMES[scheme])
            page.evaluate("document.fonts.ready.then(() => true)")
            picture = page.screenshot(path=folder / f"{name}-{scheme}.png", animations="disabled", caret="hide")
        print(f"{name}-{scheme}.png {len(picture)} bytes")
        assert len(picture) <= LIMIT_BYTES, f"{name}-{scheme}.png: expected at most {LIMIT_BYTES} bytes"


def _fill_in(page: Page, name: str) -> None:
    """A record in the editor and its README, seen from the form downwards, once it is a draft."""
    text = "A small model that reads pictures and answers in two languages."
    facts: dict[str, Any] = {"model_ability": ["chat", "vision"], "model_lang": ["en", "zh"], "context_length": 32_768}
    document = llm(name, model_description=text, **facts)
    page.locator(".cm-content").click()
    page.evaluate("text => navigator.clipboard.writeText(text)", document)
    page.keyboard.press("Control+v")
    page.get_by_role("button", name="Get README").click()
    page.locator(".cm-content").wait_for()
    page.locator("#problems li").first.wait_for()
    page.locator("#draft-state").get_by_text("Draft saved").wait_for()
    page.evaluate("document.activeElement.blur(); document.getElementById('spec').scrollIntoView()")


@contextmanager
def looking(browser: Browser, hub: TestHub, address: str, person: str, **options: Any) -> Iterator[Page]:
    """A page at the pictures' size, `person` signed in; `scheme` is light or dark."""
    size: Any = {"width": WIDTH, "height": HEIGHT}
    options = {"viewport": size, "color_scheme": options.pop("scheme", "light"), "locale": "en"} | options
    clipboard = ["clipboard-read", "clipboard-write"]
    with opened(browser, base_url=address, permissions=clipboard, **options) as (page, _):
        if person:
            cookie = reader(hub, person).client.get_cookie(SESSION_COOKIE)
            assert cookie is not None
            page.context.add_cookies([{"name": SESSION_COOKIE, "value": cookie.value, "url": address}])
        yield page


def every_page(browser: Browser, hub: TestHub, address: str, folder: Path) -> None:
    """`<person>-<path>-<language>-<width>-<scheme>.png`, whole pages."""
    folder.mkdir(parents=True, exist_ok=True)
    places = PLACES | {
        "max": [
            *PLACES["max"],
            *(f"/models/detail/{DOCUMENTED}{tab}" for tab in DETAIL_TABS),
            f"/models/detail/{OPEN}/pull-request",
        ]
    }
    for person, paths in places.items():
        for language, scheme, width in (("en", "light", WIDTH), ("zh", "dark", WIDTH), ("en", "dark", 390)):
            size = {"width": width, "height": HEIGHT}
            with looking(browser, hub, address, person, scheme=scheme, locale=language, viewport=size) as page:
                for path in paths:
                    page.goto(path)
                    page.evaluate("document.fonts.ready.then(() => true)")
                    name = "".join(letter if letter.isalnum() else "-" for letter in path).strip("-")
                    file = folder / f"{name}-{person or 'anyone'}-{language}-{width}-{scheme}.png"
                    tall = min(LONGEST, int(page.evaluate("document.documentElement.scrollHeight")))
                    page.set_viewport_size({"width": width, "height": max(HEIGHT, tall)})
                    page.screenshot(path=file)
                    page.set_viewport_size({"width": width, "height": HEIGHT})


if __name__ == "__main__":
    main()
