from __future__ import annotations

import pytest

from services.identity import domain
from services.identity.tokens import Passwords, digest, new_api_token


def test_roles_add_up_and_everybody_is_a_user() -> None:
    change = domain.change_roles(["user"], add=["reviewer"], remove=[], login="rita", other_operators=0)
    assert (change.roles, change.added, change.removed) == (("user", "reviewer"), ("reviewer",), ())


def test_revoking_what_one_does_not_have_changes_nothing() -> None:
    change = domain.change_roles(["user"], add=[], remove=["reviewer"], login="rita", other_operators=0)
    assert (change.added, change.removed) == ((), ())


def test_the_last_operator_stays_one() -> None:
    with pytest.raises(domain.LastOperator, match="someone else"):
        domain.change_roles(["user", "operator"], add=[], remove=["operator"], login="olga", other_operators=0)


def test_an_operator_may_step_down_beside_another() -> None:
    change = domain.change_roles(["user", "operator"], add=[], remove=["operator"], login="olga", other_operators=1)
    assert change.removed == ("operator",)


def test_too_many_failed_tries_close_the_door_and_say_for_how_long() -> None:
    domain.check_attempts(login="max", by_login=9, by_client=9, retry_after_s=900)
    with pytest.raises(domain.TooManyAttempts, match="15 minutes") as refused:
        domain.check_attempts(login="max", by_login=10, by_client=10, retry_after_s=900)
    assert refused.value.details == {"retry_after_s": 900}


def test_a_password_matches_itself_alone() -> None:
    passwords = Passwords()
    stored = passwords.hash("correct horse")
    assert stored.startswith("$argon2id$")
    assert passwords.matches(stored, "correct horse")
    assert not passwords.matches(stored, "correct horsE")
    assert not passwords.matches(None, "correct horse")
    assert not passwords.matches("no hash at all", "correct horse")


def test_api_tokens_are_random_and_stored_as_a_hash() -> None:
    one, other = new_api_token(), new_api_token()
    assert one != other
    assert one.startswith("hub_")
    assert one not in digest(one)
