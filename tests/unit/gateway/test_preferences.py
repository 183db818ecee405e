from __future__ import annotations

import pytest
from flask import Flask

from gateway.preferences import local_path
from gateway.presentation import install_presentation


@pytest.mark.parametrize(
    "target",
    [
        "https://evil.example/",
        "//evil.example",
        "/\\evil.example",
        "\\\\evil.example",
        "javascript:x",
        "x",
        "",
        "/a\r\nb",
    ],
)
def test_return_address_is_never_another_site(target: str) -> None:
    assert local_path(target) == "/"


def test_return_address_keeps_its_query() -> None:
    assert local_path("/models?q=a&page=2") == "/models?q=a&page=2"


def posted(form: dict[str, str]) -> tuple[int, list[str], str]:
    app = Flask("gateway")
    install_presentation(app)
    response = app.test_client().post("/preferences", data=form)
    return response.status_code, response.headers.getlist("Set-Cookie"), response.headers["Location"]


def test_choice_is_kept_in_a_cookie_and_leads_back() -> None:
    status, cookies, location = posted({"theme": "dark", "next": "/models?q=x"})
    assert (status, location) == (303, "/models?q=x")
    assert cookies[0].startswith("theme=dark;")


def test_unknown_choice_sets_nothing() -> None:
    assert posted({"theme": "pink", "lang": "xx", "next": "/"})[1] == []
