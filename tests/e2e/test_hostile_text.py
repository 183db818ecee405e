"""Text that wants to be more than text: markup in READMEs, formulas in exports; it is stored and stays inert."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from html.parser import HTMLParser

import pytest

from tests.support.models import llm
from tests.support.running import PASSWORD, TestHub, running_hub, until
from tests.support.stages import body_of, published, registered, state_of

README = """# Hello <script>alert(1)</script>

<script src="https://evil.example/x.js"></script>
<img src=x onerror=alert(1)> <svg onload=alert(1)> <iframe src="javascript:alert(1)"></iframe>
<a href="javascript:alert(1)">one</a> [two](javascript:alert(1)) [three](data:text/html;base64,PHNjcmlwdD4=)
<form action="/api/v1/session"><input name=password></form> <style>*{display:none}</style>
<base href="https://evil.example/"> <meta http-equiv=refresh content="0;url=https://evil.example">
<div style="position:fixed" onclick="alert(1)" id="content">four</div> ![x](x" onerror="alert(1))
"""
DESCRIPTION = "</script><script>alert(2)</script><img src=x onerror=alert(2)> {{7*7}} ${7*7}"
HARMLESS = ("/", "#", "?", "http://", "https://", "mailto:")


class Harm(HTMLParser):
    """What of a page could run: scripts of others, handlers, frames, styles, links that are code."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        own_script = tag == "script" and given.get("src", "").startswith("/assets/")
        if tag in ("script", "iframe", "object", "embed", "base", "style") and not own_script:
            self.found.append(f"<{tag}>")
        if tag == "meta" and "http-equiv" in given:
            self.found.append("http-equiv")
        self.found += [f"{tag} {name}" for name in given if name.startswith("on") or name == "srcdoc"]
        for name in ("href", "src", "action", "formaction", "xlink:href"):
            if name in given and given[name] and not given[name].lower().startswith(HARMLESS):
                self.found.append(f"{tag} {name}={given[name]}")


FORMULAS = ["=cmd|'/C calc'!A0", "+1+1", "-1+1", "@SUM(1)", "\t=1", "\r=1"]


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory, mode: str) -> Iterator[TestHub]:
    with running_hub(tmp_path_factory.mktemp("hostile"), mode=mode) as running:
        document = llm("hostile", model_description=DESCRIPTION)
        published(running, "hostile", visibility="public", readme=README, document=document, message=DESCRIPTION)
        running.settled()
        yield running


def test_a_readme_is_kept_to_the_byte(hub: TestHub) -> None:
    answer = hub.api(None).get("/models/hostile/readme")
    assert (answer.get_data(as_text=True), answer.content_type) == (README, "text/markdown; charset=utf-8")
    assert answer.headers["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize("path", ["/", "/models?q=hostile", "/models/detail/hostile", "/pulls", "/reviews/hostile/1"])
def test_script_in_texts_is_inert_on_every_page(hub: TestHub, path: str) -> None:
    client = hub.app.test_client()
    client.set_cookie("hub_session", _session(hub, "rita"))
    answer = client.get(path, headers={"Accept": "text/html"})
    page = answer.get_data(as_text=True)
    assert answer.status_code == 200, page[:300]
    assert Harm(page).found == []
    assert '<script src="https://evil' not in page
    policy = answer.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy


def _session(hub: TestHub, person: str) -> str:
    signed_in = hub.app.test_client().post("/api/v1/session", json={"login": person, "password": PASSWORD})
    cookie = next(c for c in signed_in.headers.getlist("Set-Cookie") if c.startswith("hub_session="))
    return cookie.partition("=")[2].partition(";")[0]


def test_hostile_texts_of_an_error_are_escaped_on_pages(hub: TestHub) -> None:
    answer = hub.app.test_client().get("/models/detail/%3Cscript%3Ealert(1)%3C%2Fscript%3E")
    assert "<script>alert" not in answer.get_data(as_text=True)
    searched = hub.app.test_client().get("/models", query_string={"q": '"><script>alert(1)</script>'})
    assert "<script>alert" not in searched.get_data(as_text=True)


@pytest.mark.parametrize("formula", FORMULAS)
def test_an_export_holds_no_formula(hub: TestHub, formula: str) -> None:
    name = f"formula-{FORMULAS.index(formula)}"
    registered(hub, name, message=formula)
    hub.api("max").made(f"/models/{name}/archive", {"reason": formula})
    until(lambda: state_of(hub, name) == "archived", what="archived")
    text = hub.api("olga").get("/audit/export").get_data(as_text=True)
    rows = list(csv.reader(io.StringIO(text, newline="")))
    assert any(name in row for row in rows)
    assert not [cell for row in rows for cell in row if cell.startswith(("=", "+", "-", "@", "\t", "\r"))]


@pytest.mark.parametrize("text", ["\u202eevil", "a\u0000b", "\x1b[31mred", "line\u2028break", "﷽" * 50, "\U000e0041"])
def test_odd_characters_are_stored_as_sent_or_refused(hub: TestHub, text: str) -> None:
    body = body_of(f"odd-{ord(text[0])}-{len(text)}", readme=text)
    answer = hub.api("max").post("/models", body)
    if "\0" in text:
        assert answer.status_code == 422
        return
    assert answer.status_code == 201
    hub.settled()
    name = answer.get_json()["name"]
    assert hub.api("max").get(f"/models/{name}/readme").get_data(as_text=True) == text
    page = hub.app.test_client()
    page.set_cookie("hub_session", _session(hub, "max"))
    assert page.get(f"/models/detail/{name}").status_code == 200
