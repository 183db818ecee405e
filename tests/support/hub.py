"""A small hub for tests of pages: a handful of models of several types, and people who look at pages and send forms.

`running_hub` (tests/support/running.py) runs it; here is what it holds, and a visitor without scripts.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from html import unescape
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from weakref import WeakKeyDictionary

from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from gateway.auth import SESSION_COOKIE
from tests.support.running import PASSWORD, TestHub, running_hub
from tests.support.smallest_records import record

PINNED = "c" * 40


def small_catalogue() -> dict[str, str]:
    """Path in upstream's repository -> text of six models; `alpha-chat` has sizes, formats and both hubs."""
    sources = {
        hub: {"model_id": "alpha/chat", "model_revision": revision, "quantizations": ["none"]}
        for hub, revision in (("huggingface", PINNED), ("modelscope", "master"))
    }
    specs: list[dict[str, Any]] = [
        {"model_format": "pytorch", "model_size_in_billions": size, "model_src": sources} for size in (3, 30)
    ]
    specs[1]["activated_size_in_billions"] = 3
    gguf = {"huggingface": {"model_id": "alpha/gguf", "quantizations": ["Q2_K", "Q3_K_M", "Q4_0", "Q8_0"]}}
    specs.append({"model_format": "ggufv2", "model_size_in_billions": 3, "model_src": _with_template(gguf)})
    records: list[tuple[str, str, dict[str, Any]]] = [
        ("llm", "alpha-chat", {"model_specs": specs, "context_length": 8192, "model_ability": ["chat", "tools"]}),
        ("llm", "beta-vision", {"model_ability": ["chat", "vision"], "model_lang": ["zh"]}),
        ("embedding", "gamma-embed", {}),
        ("rerank", "delta-rank", {}),
        ("image", "epsilon-draw", {}),
        ("video", "zeta-film", {}),
    ]
    found = {}
    for number, (kind, name, members) in enumerate(records):
        text = f"{name} is made for tests."
        made = record(
            kind, model_name=name, model_description=text, updated_at=1_700_000_000 + number * 86_400, **members
        )
        found[f"xinference/model/{kind}/models/{name}.json"] = json.dumps([made], indent=2, ensure_ascii=False) + "\n"
    return found


def _with_template(sources: Mapping[str, Any]) -> dict[str, Any]:
    return {hub: {**given, "model_file_name_template": "alpha-{quantization}.gguf"} for hub, given in sources.items()}


@contextmanager
def pages_hub(folder: Path) -> Iterator[TestHub]:
    """The small catalogue, imported, in a running hub; it takes about a second."""
    with running_hub(folder, files=small_catalogue()) as hub:
        hub.settled()
        yield hub


class Page:
    """What came back, as a reader without scripts has it."""

    def __init__(self, response: TestResponse) -> None:
        self.response = response
        self.status = response.status_code
        self.html = response.get_data(as_text=True)
        self.location = response.headers.get("Location", "")
        reader = _Reader()
        reader.feed(self.html)
        self.text = re.sub(r"\s+", " ", " ".join(reader.words)).strip()
        self.hrefs = reader.hrefs
        self.fields = reader.fields
        self.actions = reader.actions

    def says(self, words: str) -> bool:
        return words in self.text


class _Reader(HTMLParser):
    """Text, links, hidden fields and forms' addresses."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.words: list[str] = []
        self.hrefs: list[str] = []
        self.fields: dict[str, str] = {}
        self.actions: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = {name: value or "" for name, value in attrs}
        if tag == "a":
            self.hrefs.append(values.get("href", ""))
        if tag == "form":
            self.actions.append(values.get("action", ""))
        if tag == "input" and values.get("type") == "hidden":
            self.fields[values.get("name", "")] = unescape(values.get("value", ""))

    def handle_data(self, data: str) -> None:
        self.words.append(data)


class Reader:
    """One visitor with cookies of their own; forms go back with what the page hid in them."""

    def __init__(self, client: FlaskClient) -> None:
        self.client = client

    def get(self, path: str, **headers: str) -> Page:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return Page(self.client.get(path, headers={"Accept": "text/html", **named}))

    def send(self, page: str, action: str, /, **fields: str) -> Page:
        """Fills in a form of `page`, which goes to `action`."""
        seen = self.get(page)
        assert action in seen.actions, f"{page} has no form that goes to {action}, only {seen.actions}"
        body = {"csrf_token": seen.fields.get("csrf_token", ""), **fields}
        return Page(self.client.post(action, data=body, headers={"Accept": "text/html"}))

    def follow(self, page: Page) -> Page:
        return self.get(page.location)


_SESSIONS: WeakKeyDictionary[TestHub, dict[str, str]] = WeakKeyDictionary()


def reader(hub: TestHub, person: str = "") -> Reader:
    """An anonymous visitor, or `person` signed in: through the form the first time, by that session later."""
    visitor = Reader(hub.app.test_client())
    sessions = _SESSIONS.setdefault(hub, {})
    if person and person not in sessions:
        page = visitor.send("/login", "/login", login=person, password=PASSWORD)
        cookie = visitor.client.get_cookie(SESSION_COOKIE)
        assert page.status == 303 and cookie is not None, page.text
        sessions[person] = cookie.value
    elif person:
        visitor.client.set_cookie(SESSION_COOKIE, sessions[person])
    return visitor
