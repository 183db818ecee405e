"""Accounts: sign-up, profile, roles, disabling, and putting names to ids."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, RowMapping, delete
from sqlalchemy.exc import IntegrityError

from services.identity.application.base import IdentityBase, require_operator, require_system
from services.identity.domain import (
    PROGRAMS,
    LoginTaken,
    WrongCredentials,
    change_roles,
    ordered,
    require_other_operator,
)
from services.identity.projection import PEOPLE, SESSIONS
from services.identity.tokens import new_id
from shared.contracts import identity as api
from shared.contracts.common import Caller, Empty
from shared.errors import Conflict, Invalid
from shared.events import identity as facts
from shared.idempotency import idempotent


class AccountUseCases(IdentityBase):
    """What people do with their account, and operators with others'."""

    @idempotent(keeps_answer=False)
    def sign_up(self, request: api.SignUp, caller: Caller) -> api.PersonAnswer:
        return self._create(request, roles=("user",), caller=caller)

    @idempotent(keeps_answer=False)
    def create_account(self, request: api.CreateAccount, caller: Caller) -> api.PersonAnswer:
        require_operator(caller)
        return self._create(request, roles=ordered(request.roles), caller=caller)

    def _create(
        self, request: api.SignUp | api.CreateAccount, *, roles: tuple[str, ...], caller: Caller
    ) -> api.PersonAnswer:
        if earlier := self.already(caller):
            with self.rows.database.read() as connection:
                row = self.row_by_login(connection, request.login)
                return self._person_answer(connection, row, earlier[-1].position)
        values = {
            "id": new_id(),
            "login": request.login,
            "login_key": request.login.lower(),
            "email": request.email,
            "email_key": request.email.lower(),
            "display_name": request.login,
            "password": self.passwords.hash(request.password),
            "roles": ",".join(roles),
            "created_at": self.clock(),
        }
        with self.rows.database.write() as connection:
            self._require_free(connection, request.login, request.email)
            connection.execute(PEOPLE.insert().values(**values))
            row = self._row(connection, str(values["id"]))
            registered = facts.UserRegistered(user_id=row["id"], roles=roles)
            position = self.tell(connection, row, [registered], caller=caller)
            person = self.person_of(connection, row, private=True)
        return api.PersonAnswer(person=person, position=f"identity:{position}")

    def _require_free(self, connection: Connection, login: str, email: str) -> None:
        problems = []
        if login.lower() in PROGRAMS or self.rows.one(connection, login_key=login.lower()) is not None:
            problems.append({"path": "/login", "message": "This login is taken; choose another one."})
        if self.rows.one(connection, email_key=email.lower()) is not None:
            problems.append({"path": "/email", "message": "This e-mail has an account already; sign in instead."})
        if problems:
            raise LoginTaken(f"account {login}: {problems[0]['message']}", details={"errors": problems})

    def me(self, request: Empty, caller: Caller) -> api.Person:
        with self.rows.database.read() as connection:
            return self.person_of(connection, self.own_row(connection, caller), private=True)

    def update_profile(self, request: api.UpdateProfile, caller: Caller) -> api.PersonAnswer:
        with self.rows.database.read() as connection:
            row = self.own_row(connection, caller)
        values = self._profile_values(request, row)
        with self.rows.database.write() as connection:
            if values:
                try:
                    self.rows.change(connection, row["id"], **values)
                except IntegrityError as error:
                    raise LoginTaken(
                        f"e-mail of {row['login']}: another account has it; use another address",
                        details={"errors": [{"path": "/email", "message": "Another account has it."}]},
                    ) from error
            if "password" in values:
                connection.execute(delete(SESSIONS).where(SESSIONS.c.person == row["id"]))
            person = self.person_of(connection, self._row(connection, row["id"]), private=True)
        return api.PersonAnswer(person=person)

    def _profile_values(self, request: api.UpdateProfile, row: RowMapping) -> dict[str, Any]:
        values: dict[str, Any] = {}
        if request.display_name is not None:
            values["display_name"] = request.display_name
        if request.locale is not None:
            values["locale"] = request.locale
        changes_email = request.email is not None and request.email != row["email"]
        if changes_email or request.password is not None:
            self._require_password(row, request.current_password)
        if changes_email and request.email is not None:
            values |= {"email": request.email, "email_key": request.email.lower()}
        if request.password is not None:
            values["password"] = self.passwords.hash(request.password)
        return values

    def _require_password(self, row: RowMapping, given: str | None) -> None:
        if not self.passwords.matches(row["password"], given or ""):
            raise Invalid(
                "current password: it is needed to change e-mail or password, and this one is not it",
                slug=WrongCredentials.slug + "-profile",
                details={"errors": [{"path": "/current_password", "message": "This is not your current password."}]},
            )

    @idempotent(keeps_answer=False)
    def request_role(self, request: api.RequestRole, caller: Caller) -> api.PersonAnswer:
        with self.rows.database.write() as connection:
            row = self.own_row(connection, caller)
            if earlier := self.already(caller):
                return self._person_answer(connection, row, earlier[-1].position)
            if request.role in row["roles"].split(","):
                raise Conflict(f"account {row['login']}: it has the role {request.role} already", slug="has-role")
            self.rows.change(connection, row["id"], requested_role=request.role, request_reason=request.reason)
            asked = facts.RoleRequested(user_id=row["id"], role=request.role, reason=request.reason)
            position = self.tell(connection, row, [asked], caller=caller)
            self.inbox.role_requested(
                connection,
                operators=self.rows.with_role(connection, "operator"),
                login=row["login"],
                role=request.role,
                reason=request.reason,
                at=self.clock(),
            )
            return self._person_answer(connection, row, position)

    def users(self, request: api.UsersQuery, caller: Caller) -> api.UsersPage:
        require_operator(caller)
        with self.rows.database.read() as connection:
            rows, total = self.rows.page(
                connection,
                q=request.q,
                role=request.role,
                requested=request.requested,
                page=request.page,
                per_page=request.per_page,
            )
            items = [self.person_of(connection, row, private=True) for row in rows]
        return api.UsersPage(items=items, total=total, page=request.page, per_page=request.per_page)

    @idempotent(keeps_answer=False)
    def change_user(self, request: api.ChangeUser, caller: Caller) -> api.PersonAnswer:
        require_operator(caller)
        with self.rows.database.write() as connection:
            row = self.row_by_login(connection, request.login)
            if earlier := self.already(caller):
                return self._person_answer(connection, row, earlier[-1].position)
            events = self._changed(connection, row, request)
            position = self.tell(connection, row, events, caller=caller)
            return self._person_answer(connection, row, position)

    def _person_answer(self, connection: Connection, row: RowMapping, position: int) -> api.PersonAnswer:
        """The person as the rows are now."""
        person = self.person_of(connection, self._row(connection, row["id"]), private=True)
        return api.PersonAnswer(person=person, position=f"identity:{position}")

    def _changed(self, connection: Connection, row: RowMapping, request: api.ChangeUser) -> list[Any]:
        operators = [other for other in self.rows.with_role(connection, "operator") if other != row["id"]]
        change = change_roles(
            row["roles"].split(","),
            add=request.add_roles,
            remove=request.remove_roles,
            login=row["login"],
            other_operators=len(operators),
        )
        person, events = row["id"], list[Any]()
        events += [facts.RoleGranted(user_id=person, role=role) for role in change.added]
        events += [facts.RoleRevoked(user_id=person, role=role) for role in change.removed]
        values: dict[str, Any] = {"roles": ",".join(change.roles)}
        if row["requested_role"] in change.roles or row["requested_role"] in request.remove_roles:
            values |= {"requested_role": "", "request_reason": ""}
        if request.disabled is not None and request.disabled != row["disabled"]:
            values["disabled"] = request.disabled
            if request.disabled:
                if "operator" in change.roles:
                    require_other_operator(row["login"], len(operators))
                connection.execute(delete(SESSIONS).where(SESSIONS.c.person == person))
                events.append(facts.UserDisabled(user_id=person, reason=request.reason))
            else:
                events.append(facts.UserEnabled(user_id=person, reason=request.reason))
        self.rows.change(connection, person, **values)
        for role in change.added:
            self.inbox.role_granted(connection, person=person, role=role, at=self.clock())
        return events

    def people(self, request: api.PeopleQuery, caller: Caller) -> api.People:
        require_system(caller)
        with self.rows.database.read() as connection:
            rows = self.rows.many(connection, ids=request.ids, login_keys=[login.lower() for login in request.logins])
        return api.People(
            items=[api.PersonName(id=row["id"], login=row["login"], display_name=row["display_name"]) for row in rows]
        )

    def _row(self, connection: Connection, person: str) -> RowMapping:
        row = self.rows.one(connection, id=person)
        if row is None:
            raise LookupError(f"person {person} vanished inside a transaction")
        return row
