"""Sessions and API tokens."""

from __future__ import annotations

from sqlalchemy import Connection, RowMapping, delete, select, update

from services.identity.application.base import IdentityBase, require_operator, require_system
from services.identity.domain import (
    ATTEMPT_WINDOW_S,
    SESSION_S,
    PersonNotFound,
    SecretShownOnce,
    WrongCredentials,
    check_attempts,
)
from services.identity.projection import SESSIONS, TOKENS
from services.identity.tokens import digest, new_api_token, new_id, new_session_token
from shared.contracts import identity as api
from shared.contracts.common import Caller, Done, Empty
from shared.errors import NotFound
from shared.events import identity as facts
from shared.idempotency import idempotent

LAST_USE_STEP_S = 60


class AccessUseCases(IdentityBase):
    """How people and programs prove who they are."""

    def sign_in(self, request: api.SignIn, caller: Caller) -> api.SessionAnswer:
        login_key = request.login.lower()
        now = self.clock()
        with self.rows.database.read() as connection:
            row = self._by_login_or_email(connection, login_key)
            by_login, by_client = self.rows.failed_attempts(
                connection, login_key=login_key, client=request.client, since=now - ATTEMPT_WINDOW_S
            )
        check_attempts(login=request.login, by_login=by_login, by_client=by_client, retry_after_s=ATTEMPT_WINDOW_S)
        if not self.passwords.matches(row["password"] if row else None, request.password) or row is None:
            self._failed(row, login_key, request, caller)
            raise WrongCredentials("sign-in: login and password do not fit; check both and try again")
        if row["disabled"]:
            raise WrongCredentials("sign-in: this account is disabled; ask an operator")
        token = new_session_token()
        with self.rows.database.write() as connection:
            if self.passwords.is_outdated(row["password"]):
                self.rows.change(connection, row["id"], password=self.passwords.hash(request.password))
            self.rows.forget_attempts(connection, login_key)
            connection.execute(delete(SESSIONS).where(SESSIONS.c.expires_at < now))
            connection.execute(
                SESSIONS.insert().values(digest=digest(token), person=row["id"], expires_at=now + SESSION_S)
            )
            position = self.tell(connection, row, [facts.SignedIn(user_id=row["id"])], caller=caller)
            person = self.person_of(connection, row, private=True)
        return api.SessionAnswer(token=token, person=person, position=f"identity:{position}")

    def _by_login_or_email(self, connection: Connection, key: str) -> RowMapping | None:
        return self.rows.one(connection, login_key=key) or self.rows.one(connection, email_key=key)

    def _failed(self, row: RowMapping | None, login_key: str, request: api.SignIn, caller: Caller) -> None:
        now = self.clock()
        with self.rows.database.write() as connection:
            self.rows.note_attempt(
                connection, login_key=login_key, client=request.client, at=now, forget=now - ATTEMPT_WINDOW_S
            )
            if row is not None:
                failed = facts.SignInFailed(user_id=row["id"])
                self.tell(connection, row, [failed], caller=caller)

    def sign_out(self, request: api.SessionRef, caller: Caller) -> Done:
        with self.rows.database.write() as connection:
            connection.execute(delete(SESSIONS).where(SESSIONS.c.digest == digest(request.token)))
        return Done()

    def session(self, request: api.SessionRef, caller: Caller) -> api.Person:
        require_system(caller)
        query = select(SESSIONS.c.person).where(
            SESSIONS.c.digest == digest(request.token), SESSIONS.c.expires_at > self.clock()
        )
        with self.rows.database.read() as connection:
            person = connection.scalar(query)
            row = self.rows.one(connection, id=person) if person else None
            if row is None or row["disabled"]:
                raise PersonNotFound("session: it is unknown or expired; sign in again")
            return self.person_of(connection, row, private=True)

    def authenticate(self, request: api.SessionRef, caller: Caller) -> api.TokenIdentity:
        require_system(caller)
        now = self.clock()
        with self.rows.database.read() as connection:
            token = (
                connection.execute(select(TOKENS).where(TOKENS.c.digest == digest(request.token))).mappings().first()
            )
            row = self.rows.one(connection, id=token["person"]) if token else None
            expired = token is not None and token["expires_at"] and token["expires_at"] <= now
            if token is None or row is None or row["disabled"] or expired:
                raise NotFound("API token: it is unknown, expired or revoked; make a new one in the User Center")
            person = self.person_of(connection, row, private=True)
        if now - token["last_used_at"] > LAST_USE_STEP_S:
            with self.rows.database.write() as connection:
                connection.execute(update(TOKENS).where(TOKENS.c.id == token["id"]).values(last_used_at=now))
        return api.TokenIdentity(person=person, scope=token["scope"], token_id=token["id"])

    def tokens(self, request: Empty, caller: Caller) -> api.ApiTokens:
        query = select(TOKENS).where(TOKENS.c.person == caller.user_id).order_by(TOKENS.c.created_at.desc())
        with self.rows.database.read() as connection:
            return api.ApiTokens(items=[_token(row) for row in connection.execute(query).mappings()])

    @idempotent(keeps_answer=False)
    def issue_token(self, request: api.IssueToken, caller: Caller) -> api.IssuedToken:
        with self.rows.database.write() as connection:
            earlier = connection.scalar(select(TOKENS.c.id).where(TOKENS.c.command == caller.command_id))
            if earlier is not None:
                raise SecretShownOnce(
                    f"API token {earlier}: this very request made it, and its secret is shown only once; "
                    "revoke it and make another one",
                    details={"id": earlier},
                )
            return self._issue(connection, self.own_row(connection, caller), request, caller)

    def issue_token_for(self, request: api.IssueTokenFor, caller: Caller) -> api.IssuedToken:
        require_operator(caller)
        with self.rows.database.write() as connection:
            return self._issue(connection, self.row_by_login(connection, request.login), request, caller)

    def _issue(
        self, connection: Connection, row: RowMapping, request: api.IssueToken | api.IssueTokenFor, caller: Caller
    ) -> api.IssuedToken:
        now = self.clock()
        secret = new_api_token()
        expires_at = now + request.expires_in_days * 86400 if request.expires_in_days else 0.0
        values = {
            "id": new_id(),
            "digest": digest(secret),
            "person": row["id"],
            "name": request.name,
            "scope": request.scope,
            "hint": secret[:8],
            "created_at": now,
            "expires_at": expires_at,
            "last_used_at": 0.0,
            "command": caller.command_id,
        }
        connection.execute(TOKENS.insert().values(**values))
        issued = facts.TokenIssued(
            user_id=row["id"], token_id=str(values["id"]), scope=request.scope, expires_at=int(expires_at)
        )
        position = self.tell(connection, row, [issued], caller=caller)
        return api.IssuedToken(token=_token(values), secret=secret, position=f"identity:{position}")

    def revoke_token(self, request: api.TokenRef, caller: Caller) -> Done:
        with self.rows.database.write() as connection:
            row = self.own_row(connection, caller)
            gone = connection.execute(delete(TOKENS).where(TOKENS.c.id == request.id, TOKENS.c.person == row["id"]))
            if gone.rowcount == 0:
                raise NotFound(f"API token {request.id}: you have none with this id; reload the list")
            revoked = facts.TokenRevoked(user_id=row["id"], token_id=request.id)
            position = self.tell(connection, row, [revoked], caller=caller)
        return Done(position=f"identity:{position}")


def _token(row: object) -> api.ApiToken:
    values: dict[str, object] = dict(row)  # type: ignore[call-overload]
    names = ("id", "name", "scope", "hint", "created_at", "expires_at", "last_used_at")
    return api.ApiToken(**{name: values[name] for name in names})  # type: ignore[arg-type]
