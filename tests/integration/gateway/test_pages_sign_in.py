from __future__ import annotations

import pytest

from tests.support.hub import reader
from tests.support.running import PASSWORD, TestHub


def test_sign_in_goes_on_to_where_one_wanted(hub: TestHub) -> None:
    visitor = reader(hub)
    page = visitor.send("/login?next=/pulls", "/login", login="uma", password=PASSWORD, next="/pulls")
    assert (page.status, page.location) == (303, "/pulls")
    assert visitor.follow(page).says("User Center")


@pytest.mark.parametrize("target", ["https://evil.example", "//evil.example", "/\\evil.example", "javascript:x"])
def test_sign_in_never_leads_to_another_site(hub: TestHub, target: str) -> None:
    page = reader(hub).send("/login", "/login", login="uma", password=PASSWORD, next=target)
    assert (page.status, page.location) == (303, "/")


def test_wrong_password_is_told_beside_the_field(hub: TestHub) -> None:
    page = reader(hub).send("/login", "/login", login="uma", password="something else")
    assert page.status == 401
    assert 'id="password-error"' in page.html
    assert page.says("Name and password do not fit")
    assert 'value="uma"' in page.html
    assert "something else" not in page.html


def test_empty_form_names_each_missing_field(hub: TestHub) -> None:
    page = reader(hub).send("/login", "/login", login="", password="")
    assert page.status == 422
    assert 'id="login-error"' in page.html
    assert 'id="password-error"' in page.html


def test_sign_up_signs_in_and_says_how_to_become_a_maintainer(hub: TestHub) -> None:
    visitor = reader(hub)
    assert visitor.get("/signup").says("maintainer role")
    page = visitor.send("/signup", "/signup", login="newcomer", email="new@example.org", password=PASSWORD)
    assert (page.status, page.location) == (303, "/user-center")
    assert visitor.get("/models").says("Welcome, newcomer")


def test_sign_up_tells_each_field_what_is_wrong_with_it(hub: TestHub) -> None:
    page = reader(hub).send("/signup", "/signup", login="not ok", email="nowhere", password="short")
    assert page.status == 422
    for field in ("login", "email", "password"):
        assert f'id="{field}-error"' in page.html


def test_taken_name_is_told_beside_the_field(hub: TestHub) -> None:
    page = reader(hub).send("/signup", "/signup", login="uma", email="other@example.org", password=PASSWORD)
    assert page.status == 409
    assert page.says("This name is taken")


def test_sign_out_ends_the_session(hub: TestHub) -> None:
    visitor = reader(hub)
    visitor.send("/login", "/login", login="mia", password=PASSWORD)
    page = visitor.send("/models", "/logout")
    assert (page.status, page.location) == (303, "/")
    after = visitor.follow(page)
    assert after.says("Sign in")
    assert after.says("You are signed out.")


def test_form_without_its_token_is_refused(hub: TestHub) -> None:
    page = reader(hub).client.post("/login", data={"login": "uma", "password": PASSWORD})
    assert page.status_code == 403
