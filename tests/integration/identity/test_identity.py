from __future__ import annotations

import smtplib
from collections.abc import Iterator
from dataclasses import replace
from typing import Any
from uuid import uuid4

import pytest
from argon2 import PasswordHasher

from services.identity.application import Application
from services.identity.bootstrap import build
from services.identity.domain import LastOperator, LoginTaken, SecretShownOnce, TooManyAttempts, WrongCredentials
from services.identity.notifications import MailSender, News
from services.identity.tokens import Passwords
from shared.contracts import identity as api
from shared.contracts.common import Caller, Empty, system_caller
from shared.contracts.wire import load
from shared.errors import Conflict, Forbidden, Invalid, NotFound
from shared.idempotency import KeyReused
from shared.service import BuiltService, Calls
from tests.support.running import settings_in

PASSWORD = "correct horse battery"


@pytest.fixture
def service(tmp_path: Any) -> Iterator[BuiltService]:
    (tmp_path / "var").mkdir()
    nobody: Any = None
    silent = _Silent()
    built = build(
        settings_in(tmp_path),
        Calls(registry=silent, review=silent, identity=nobody, catalog=nobody, pr_bot=silent),  # type: ignore[arg-type]
    )
    # Cheap hashes: what is tested here is not how long argon2 takes.
    built.application.passwords = Passwords(PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))
    yield built
    built.database.close()


class _Silent:
    """Services that have nothing to tell."""


class EachItsOwn:
    """The application as requests reach it: a call without a key is a command of its own."""

    def __init__(self, application: Application) -> None:
        self.application = application

    def __getattr__(self, name: str) -> Any:
        def call(request: Any, caller: Caller) -> Any:
            own = caller if caller.idempotent else replace(caller, command_id=str(uuid4()))
            return getattr(self.application, name)(request, own)

        return call


@pytest.fixture
def identity(service: BuiltService) -> EachItsOwn:
    return EachItsOwn(service.application)


def system(name: str = "gateway") -> Caller:
    return system_caller(name, command_id=str(uuid4()))


def person(identity: EachItsOwn, login: str, *roles: str) -> Caller:
    made = load(
        api.CreateAccount,
        {"login": login, "email": f"{login}@example.org", "password": PASSWORD, "roles": list(roles)},
    )
    found = identity.create_account(made, system()).person
    return acting(found)


def acting(found: api.Person, *, key: str = "") -> Caller:
    return Caller(
        user_id=found.id, roles=found.roles, groups=found.groups, command_id=key or str(uuid4()), idempotent=bool(key)
    )


def sign_in(identity: EachItsOwn, login: str, password: str = PASSWORD) -> api.SessionAnswer:
    answer: api.SessionAnswer = identity.sign_in(
        api.SignIn(login=login, password=password, client="192.0.2.1"), system()
    )
    return answer


def events_of(service: BuiltService) -> list[str]:
    assert service.store is not None
    return [type(event.event).__name__ for event in service.store.read_log(after=0, mark=None).events]


def test_a_person_signs_up_in_and_out(identity: EachItsOwn) -> None:
    identity.sign_up(api.SignUp(login="Ada", email="ada@example.org", password=PASSWORD), system())
    session = sign_in(identity, "ADA@example.org")
    found = identity.session(api.SessionRef(token=session.token), system())
    assert (found.login, found.roles) == ("Ada", ["user"])
    identity.sign_out(api.SessionRef(token=session.token), system())
    with pytest.raises(NotFound):
        identity.session(api.SessionRef(token=session.token), system())


def test_login_and_email_are_taken_without_regard_to_case(identity: EachItsOwn) -> None:
    person(identity, "ada")
    with pytest.raises(LoginTaken) as refused:
        identity.sign_up(api.SignUp(login="ADA", email="ADA@example.org", password=PASSWORD), system())
    assert [error["path"] for error in refused.value.details["errors"]] == ["/login", "/email"]


def test_a_wrong_password_and_an_unknown_login_are_told_alike(identity: EachItsOwn) -> None:
    person(identity, "ada")
    messages = set()
    for login, password in (("ada", "wrong"), ("nobody", PASSWORD)):
        with pytest.raises(WrongCredentials) as refused:
            sign_in(identity, login, password)
        messages.add(refused.value.message)
    assert len(messages) == 1


def test_ten_failed_tries_close_the_account_for_a_while_and_a_success_opens_it(identity: EachItsOwn) -> None:
    person(identity, "ada")
    for _ in range(9):
        with pytest.raises(WrongCredentials):
            sign_in(identity, "ada", "wrong")
    sign_in(identity, "ada")
    for _ in range(10):
        with pytest.raises(WrongCredentials):
            sign_in(identity, "ada", "wrong")
    with pytest.raises(TooManyAttempts):
        sign_in(identity, "ada")


def test_no_name_no_address_and_no_secret_is_in_any_event(service: BuiltService, identity: EachItsOwn) -> None:
    ada = person(identity, "adalovelace", "maintainer")
    session = sign_in(identity, "adalovelace")
    token = identity.issue_token(api.IssueToken(name="ci", scope="write"), ada)
    identity.store_github_token(api.StoreGitHubToken(sealed="c2VhbGVk", key_id="k", masked="ghp_…1234"), ada)
    assert service.store is not None
    log = " ".join(map(str, service.store.read_log(after=0, mark=None).events))
    for secret in ("adalovelace", "example.org", PASSWORD, session.token, token.secret, "c2VhbGVk", "ghp_"):
        assert secret not in log


def test_roles_are_granted_and_the_last_operator_stays(service: BuiltService, identity: EachItsOwn) -> None:
    olga = person(identity, "olga", "operator")
    person(identity, "ada")
    changed = identity.change_user(api.ChangeUser(login="ADA", add_roles=["reviewer"]), olga)
    assert changed.person.roles == ["user", "reviewer"]
    with pytest.raises(LastOperator):
        identity.change_user(api.ChangeUser(login="olga", remove_roles=["operator"]), olga)
    with pytest.raises(LastOperator):
        identity.change_user(api.ChangeUser(login="olga", disabled=True), olga)
    assert "RoleGranted" in events_of(service)


def test_disabling_ends_sessions_and_tokens_at_once(identity: EachItsOwn) -> None:
    olga, ada = person(identity, "olga", "operator"), person(identity, "ada")
    session, token = sign_in(identity, "ada"), identity.issue_token(api.IssueToken(name="ci", scope="read"), ada)
    identity.change_user(api.ChangeUser(login="ada", disabled=True, reason="left"), olga)
    with pytest.raises(NotFound):
        identity.session(api.SessionRef(token=session.token), system())
    with pytest.raises(NotFound):
        identity.authenticate(api.SessionRef(token=token.secret), system())
    with pytest.raises(WrongCredentials, match="disabled"):
        sign_in(identity, "ada")


def test_a_token_is_shown_once_expires_and_is_revoked(identity: EachItsOwn) -> None:
    ada = person(identity, "ada")
    keyed = Caller(user_id=ada.user_id, roles=ada.roles, command_id=str(uuid4()), idempotent=True)
    issued = identity.issue_token(api.IssueToken(name="ci", scope="write", expires_in_days=1), keyed)
    assert identity.authenticate(api.SessionRef(token=issued.secret), system()).scope == "write"
    with pytest.raises(SecretShownOnce) as repeated:
        identity.issue_token(api.IssueToken(name="ci", scope="write", expires_in_days=1), keyed)
    assert repeated.value.details == {"id": issued.token.id}
    with pytest.raises(KeyReused):
        identity.issue_token(api.IssueToken(name="other", scope="write"), keyed)
    (listed,) = identity.tokens(Empty(), ada).items
    assert listed.last_used_at > 0
    identity.application.clock = lambda: issued.token.expires_at + 1
    with pytest.raises(NotFound):
        identity.authenticate(api.SessionRef(token=issued.secret), system())
    identity.revoke_token(api.TokenRef(id=issued.token.id), ada)
    with pytest.raises(NotFound):
        identity.revoke_token(api.TokenRef(id=issued.token.id), ada)


def test_a_new_password_needs_the_old_one_and_ends_other_sessions(identity: EachItsOwn) -> None:
    ada = person(identity, "ada")
    session = sign_in(identity, "ada")
    with pytest.raises(Invalid, match="current password"):
        identity.update_profile(api.UpdateProfile(password="another long one"), ada)
    identity.update_profile(api.UpdateProfile(password="another long one", current_password=PASSWORD), ada)
    with pytest.raises(NotFound):
        identity.session(api.SessionRef(token=session.token), system())
    sign_in(identity, "ada", "another long one")


def test_an_email_of_another_account_is_refused_and_nothing_changes(identity: EachItsOwn) -> None:
    ada = person(identity, "ada")
    person(identity, "bob")
    change = api.UpdateProfile(email="BOB@example.org", display_name="Ada L.", current_password=PASSWORD)
    with pytest.raises(LoginTaken):
        identity.update_profile(change, ada)
    assert identity.me(Empty(), ada).display_name == "ada"


def test_a_role_is_asked_for_heard_of_and_granted(identity: EachItsOwn) -> None:
    olga, ada = person(identity, "olga", "operator"), person(identity, "ada")
    identity.request_role(api.RequestRole(role="maintainer", reason="I wrote tiny."), ada)
    (told,) = identity.notifications(api.NotificationsQuery(), olga).items
    assert (told.kind, "I wrote tiny." in told.text) == ("RoleRequested", True)
    (asking,) = identity.users(api.UsersQuery(requested=True), olga).items
    assert asking.requested_role == "maintainer"
    granted = identity.change_user(api.ChangeUser(login="ada", add_roles=["maintainer"]), olga)
    assert granted.person.requested_role == ""
    with pytest.raises(Conflict, match="already"):
        identity.request_role(api.RequestRole(role="maintainer", reason="again"), ada)
    assert identity.notifications(api.NotificationsQuery(unread=True), ada).unread == 1
    identity.mark_read(Empty(), ada)
    assert identity.notifications(api.NotificationsQuery(unread=True), ada).items == []


def test_groups_have_members_and_only_operators_change_them(identity: EachItsOwn) -> None:
    olga, ada = person(identity, "olga", "operator"), person(identity, "ada")
    group = identity.create_group(api.CreateGroup(name="Pilot"), olga).group
    with pytest.raises(Conflict):
        identity.create_group(api.CreateGroup(name="PILOT"), olga)
    changed = identity.change_group(api.ChangeGroup(id=group.id, add=["ADA"]), olga).group
    assert changed.members == ["ada"]
    assert identity.me(Empty(), ada).groups == [group.id]
    with pytest.raises(Forbidden):
        identity.change_group(api.ChangeGroup(id=group.id, remove=["ada"]), ada)
    with pytest.raises(Invalid, match="no"):
        identity.change_group(api.ChangeGroup(id=group.id, add=["nobody"]), olga)
    assert identity.groups(Empty(), ada).items[0].members == []


def test_only_services_put_names_to_ids_and_get_sealed_tokens(identity: EachItsOwn) -> None:
    ada = person(identity, "ada")
    for call, request in (
        (identity.people, api.PeopleQuery(ids=[ada.user_id])),
        (identity.sealed_github_token, api.PersonRef(id=ada.user_id)),
        (identity.session, api.SessionRef(token="x")),
    ):
        with pytest.raises(Forbidden):
            call(request, ada)


def test_a_github_token_is_masked_replaced_and_forgotten(identity: EachItsOwn) -> None:
    ada = person(identity, "ada")
    for masked in ("ghp_…1111", "ghp_…2222"):
        identity.store_github_token(api.StoreGitHubToken(sealed="c2Vh", key_id="k", masked=masked), ada)
    assert identity.github_token(Empty(), ada).masked == "ghp_…2222"
    assert identity.sealed_github_token(api.PersonRef(id=ada.user_id), system("pr_bot")).sealed == "c2Vh"
    assert not identity.clear_github_token(Empty(), ada).present


def test_a_disabled_persons_github_token_is_not_used(identity: EachItsOwn) -> None:
    olga, ada = person(identity, "olga", "operator"), person(identity, "ada")
    identity.store_github_token(api.StoreGitHubToken(sealed="c2Vh", key_id="k", masked="ghp_…1111"), ada)
    for disabled in (True, False):
        identity.change_user(api.ChangeUser(login="ada", disabled=disabled, reason="left"), olga)
        found = identity.sealed_github_token(api.PersonRef(id=ada.user_id), system("pr_bot"))
        assert (found.present, bool(found.sealed)) == (not disabled, not disabled)


def test_consent_is_given_and_taken_back_with_and_without_a_token(service: BuiltService, identity: EachItsOwn) -> None:
    ada = person(identity, "ada")
    assert not identity.github_token(Empty(), ada).default_allowed
    assert identity.allow_default_token(api.AllowDefaultToken(default_allowed=True), ada).default_allowed
    scopes = ["repo", "workflow"]
    identity.store_github_token(
        api.StoreGitHubToken(
            sealed="c2Vh", key_id="k", masked="ghp_…1", github_login="ada-l", scopes=scopes, way="fork"
        ),
        ada,
    )
    stored = identity.github_token(Empty(), ada)
    assert (stored.scopes, stored.way, stored.default_allowed) == (["repo", "workflow"], "fork", True)
    for_bot = identity.sealed_github_token(api.PersonRef(id=ada.user_id), system("pr_bot"))
    assert (for_bot.github_login, for_bot.default_allowed) == ("ada-l", True)
    identity.allow_default_token(api.AllowDefaultToken(default_allowed=False), ada)
    identity.allow_default_token(api.AllowDefaultToken(default_allowed=False), ada)
    assert not identity.clear_github_token(Empty(), ada).default_allowed
    assert service.store is not None
    told = [each.event for each in service.store.read_log(after=0, mark=None).events if "GitHub" in each.type]
    assert [(event.present, event.default_allowed) for event in told] == [
        (False, True),
        (True, True),
        (True, False),
        (False, False),
    ]
    assert not [check for check in service.doctor() if check.differs]  # type: ignore[misc]


def test_what_a_later_test_found_is_kept_of_the_token_it_was_about(service: BuiltService, identity: EachItsOwn) -> None:
    ada = person(identity, "ada")
    tested = api.TestedGitHubToken(mark="", github_login="ada-l", scopes=["public_repo"], way="direct")
    with pytest.raises(NotFound):
        identity.tested_github_token(tested, ada)
    identity.store_github_token(api.StoreGitHubToken(sealed="c2Vh", key_id="k", masked="ghp_…1", way="fork"), ada)
    mark = identity.sealed_github_token(api.PersonRef(id=ada.user_id), system("pr_bot")).mark
    keyed = Caller(user_id=ada.user_id, roles=ada.roles, command_id=str(uuid4()), idempotent=True)
    for _ in range(2):
        found = identity.tested_github_token(replace(tested, mark=mark), keyed)
        assert (found.github_login, found.scopes, found.way) == ("ada-l", ["public_repo"], "direct")
    assert events_of(service).count("GitHubTokenChanged") == 2
    identity.store_github_token(api.StoreGitHubToken(sealed="b3RoZXI=", key_id="k", masked="ghp_…2"), ada)
    with pytest.raises(Conflict):
        identity.tested_github_token(replace(tested, mark=mark), ada)
    assert identity.github_token(Empty(), ada).way == ""


def test_a_command_repeated_with_its_key_is_done_once(service: BuiltService, identity: EachItsOwn) -> None:
    olga = person(identity, "olga", "operator")
    person(identity, "ada")
    keyed = Caller(user_id=olga.user_id, roles=olga.roles, command_id=str(uuid4()), idempotent=True)
    change = api.ChangeUser(login="ada", add_roles=["reviewer"])
    assert identity.change_user(change, keyed).person == identity.change_user(change, keyed).person
    assert events_of(service).count("RoleGranted") == 1
    with pytest.raises(KeyReused):
        identity.change_user(api.ChangeUser(login="ada", add_roles=["maintainer"]), keyed)


def test_a_mail_server_that_fails_loses_no_mail(
    service: BuiltService, identity: EachItsOwn, monkeypatch: pytest.MonkeyPatch
) -> None:
    ada = person(identity, "ada")
    news = News(
        kind="ModelPublished", cause="e1", model_name="tiny", revision=1, text="", path="/models/detail/tiny", at=1
    )
    with service.database.write() as connection:
        identity.application.inbox.tell(connection, [ada.user_id], news)
        identity.application.inbox.tell(connection, [ada.user_id], news)
    sender = MailSender(service.database, smtp_url="smtp://mail.example.org:25")
    sent: list[Any] = []

    class Server:
        def __init__(self, *_: Any, **__: Any) -> None: ...

        def __enter__(self) -> Server:
            return self

        def __exit__(self, *_: Any) -> None: ...

        def send_message(self, message: Any) -> None:
            if not sent:
                sent.append("failed")
                raise smtplib.SMTPServerDisconnected("gone")
            sent.append(message["To"])

    monkeypatch.setattr(smtplib, "SMTP", Server)
    with pytest.raises(smtplib.SMTPServerDisconnected):
        sender.send_waiting()
    assert sender.send_waiting() == 1
    assert sender.send_waiting() == 0
    assert sent == ["failed", "ada@example.org"]
