"""Who is told that a pull request stopped, once, and where it can be mended."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from argon2 import PasswordHasher

from services.identity.bootstrap import build
from services.identity.policies import tell_of_pause
from services.identity.tokens import Passwords
from shared.contracts import identity as api
from shared.contracts.common import Caller, Empty, system_caller
from shared.event_store.interface import Metadata, RecordedEvent
from shared.events.pr_bot import PullRequestPaused
from shared.service import BuiltService, Calls
from tests.support.running import settings_in

REFUSED = "GitHub refuses the token of ada-l: Bad credentials; store a new one in the User Center"


class _Silent:
    """Services that have nothing to tell."""


@pytest.fixture
def identity(tmp_path: Path) -> Iterator[BuiltService]:
    (tmp_path / "var").mkdir()
    silent: Any = _Silent()
    calls = Calls(registry=silent, review=silent, identity=silent, catalog=silent, pr_bot=silent)
    built = build(settings_in(tmp_path, HUB_PUBLIC_URL="https://hub.example.org"), calls)
    built.application.passwords = Passwords(PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))
    yield built
    built.database.close()


def owner(identity: BuiltService, login: str, *models: str) -> Caller:
    account = api.CreateAccount(login=login, email=f"{login}@example.org", password="correct horse battery")
    made = identity.application.create_account(account, system_caller("console", command_id=str(uuid4())))
    with identity.database.write() as connection:
        for model in models:
            identity.application.inbox.change_owners(connection, model, added=[made.person.id], removed=[])
    return Caller(user_id=made.person.id, roles=["user"], command_id=str(uuid4()))


def stores_token(identity: BuiltService, person: Caller, *, at: float) -> None:
    identity.application.clock = lambda: at
    stored = api.StoreGitHubToken(sealed="c2Vh", key_id="k", masked="ghp_…1111", github_login="ada-l")
    identity.application.store_github_token(stored, Caller(user_id=person.user_id, command_id=str(uuid4())))


def paused(
    identity: BuiltService,
    model: str,
    *,
    reason: str = REFUSED,
    cause: str = "token",
    at: float = 100.0,
    actor: str = "",
) -> RecordedEvent:
    recorded = RecordedEvent(
        position=1,
        mark="m",
        stream=f"pullrequest-{model}",
        version=1,
        event_id=str(uuid4()),
        type="hub.pr_bot.PullRequestPaused.v1",
        event=PullRequestPaused(model_name=model, revision=1, state="paused", reason=reason, cause=cause),
        metadata=Metadata(correlation_id="c", causation_id="c", actor=actor or "system:pr_bot"),
        recorded_at=at,
    )
    again(identity, recorded)
    return recorded


def again(identity: BuiltService, recorded: RecordedEvent) -> None:
    with identity.database.write() as connection:
        tell_of_pause(identity.application, connection, recorded)


def told(identity: BuiltService, person: Caller) -> list[tuple[str, str, str]]:
    found = identity.application.notifications(api.NotificationsQuery(), person).items
    return [(item.model_name, item.path, item.text) for item in found]


def mails(identity: BuiltService) -> list[api.Mail]:
    found: list[api.Mail] = identity.application.outbox(Empty(), system_caller("console")).items
    return found


def test_a_refused_token_is_told_with_its_reason_and_the_way_to_the_user_center(identity: BuiltService) -> None:
    ada = owner(identity, "ada", "tiny")
    stores_token(identity, ada, at=50.0)
    # Also where it was her own submission that could not be sent.
    paused(identity, "tiny", actor=ada.user_id)
    assert told(identity, ada) == [("tiny", "/user-center#github-token", REFUSED)]
    (mail,) = mails(identity)
    assert (mail.to, REFUSED in mail.text) == ("ada@example.org", True)
    assert "https://hub.example.org/user-center#github-token" in mail.text


def test_one_token_that_stops_many_pull_requests_is_told_once(identity: BuiltService) -> None:
    ada = owner(identity, "ada", *(f"m{number}" for number in range(20)))
    stores_token(identity, ada, at=50.0)
    for number in range(20):
        again(identity, paused(identity, f"m{number}"))
    assert len(told(identity, ada)) == len(mails(identity)) == 1
    stores_token(identity, ada, at=200.0)
    paused(identity, "m3", at=300.0)
    assert len(told(identity, ada)) == 2


def test_a_token_stored_since_is_not_blamed_for_the_one_before(identity: BuiltService) -> None:
    ada = owner(identity, "ada", "tiny")
    stores_token(identity, ada, at=200.0)
    paused(identity, "tiny", at=100.0)
    assert told(identity, ada) == []


def test_owners_without_a_token_hear_of_each_model(identity: BuiltService) -> None:
    ada, bob = owner(identity, "ada", "tiny", "tall"), owner(identity, "bob", "tiny", "tall")
    stores_token(identity, ada, at=50.0)
    for model in ("tiny", "tall"):
        again(identity, paused(identity, model))
    assert told(identity, bob) == [(model, f"/models/detail/{model}", REFUSED) for model in ("tall", "tiny")]


def test_any_other_pause_is_told_at_the_model(identity: BuiltService) -> None:
    ada = owner(identity, "ada", "tiny")
    stores_token(identity, ada, at=50.0)
    paused(identity, "tiny", reason="a person's commit lies on the branch", cause="")
    assert told(identity, ada) == [("tiny", "/models/detail/tiny", "a person's commit lies on the branch")]
