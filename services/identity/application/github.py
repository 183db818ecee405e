"""The personal GitHub token, sealed, and the consent that the default token steps in where it fails."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, RowMapping, delete, select, update

from services.identity.application.base import IdentityBase, require_system
from services.identity.projection import GITHUB_CONSENTS, GITHUB_TOKEN_RIGHTS, GITHUB_TOKENS
from shared.contracts import identity as api
from shared.contracts.common import Caller, Empty
from shared.errors import Conflict, NotFound
from shared.events import identity as facts


class GitHubUseCases(IdentityBase):
    """Nobody but pr_bot can open what is stored here."""

    def store_github_token(self, request: api.StoreGitHubToken, caller: Caller) -> api.GitHubTokenState:
        """Replaces what was stored; the consent stays as it was."""
        with self.rows.database.write() as connection:
            row = self.own_row(connection, caller)
            self._forget(connection, row["id"])
            connection.execute(
                GITHUB_TOKENS.insert().values(
                    person=row["id"],
                    sealed=request.sealed,
                    key_id=request.key_id,
                    masked=request.masked,
                    github_login=request.github_login,
                    stored_at=self.clock(),
                )
            )
            self._keep_rights(connection, row["id"], request)
            return self._told(connection, row, caller)

    def tested_github_token(self, request: api.TestedGitHubToken, caller: Caller) -> api.GitHubTokenState:
        with self.rows.database.write() as connection:
            row = self.own_row(connection, caller)
            found = self._found(connection, row["id"])
            if not found["present"]:
                raise NotFound("GitHub token: you have none stored; store one first")
            if self.already(caller):
                return _state(found)
            if _mark(found) != request.mark:
                raise Conflict(
                    "GitHub token: it was replaced while it was tested; test it again", slug="token-replaced"
                )
            mine = GITHUB_TOKENS.c.person == row["id"]
            connection.execute(update(GITHUB_TOKENS).where(mine).values(github_login=request.github_login))
            connection.execute(delete(GITHUB_TOKEN_RIGHTS).where(GITHUB_TOKEN_RIGHTS.c.person == row["id"]))
            self._keep_rights(connection, row["id"], request)
            return self._told(connection, row, caller)

    def clear_github_token(self, request: Empty, caller: Caller) -> api.GitHubTokenState:
        with self.rows.database.write() as connection:
            row = self.own_row(connection, caller)
            self._forget(connection, row["id"])
            return self._told(connection, row, caller)

    def allow_default_token(self, request: api.AllowDefaultToken, caller: Caller) -> api.GitHubTokenState:
        with self.rows.database.write() as connection:
            row = self.own_row(connection, caller)
            if self._found(connection, row["id"])["default_allowed"] == request.default_allowed:
                return _state(self._found(connection, row["id"]))
            if request.default_allowed:
                connection.execute(GITHUB_CONSENTS.insert().values(person=row["id"], given_at=self.clock()))
            else:
                connection.execute(delete(GITHUB_CONSENTS).where(GITHUB_CONSENTS.c.person == row["id"]))
            return self._told(connection, row, caller)

    def github_token(self, request: Empty, caller: Caller) -> api.GitHubTokenState:
        with self.rows.database.read() as connection:
            return _state(self._found(connection, caller.user_id))

    def sealed_github_token(self, request: api.PersonRef, caller: Caller) -> api.SealedGitHubToken:
        require_system(caller)
        with self.rows.database.read() as connection:
            row = self.rows.one(connection, id=request.id)
            found = self._found(connection, request.id)
        if row is None or row["disabled"]:
            # Whoever was sent away acts nowhere any more, not on GitHub either.
            return api.SealedGitHubToken(present=False)
        names = ("present", "sealed", "key_id", "github_login", "default_allowed")
        known = {name: found[name] for name in names if name in found}
        return api.SealedGitHubToken(**known, mark=_mark(found))

    @staticmethod
    def _keep_rights(connection: Connection, person: str, tested: api.StoreGitHubToken | api.TestedGitHubToken) -> None:
        rights = {"scopes": ",".join(tested.scopes), "way": tested.way}
        connection.execute(GITHUB_TOKEN_RIGHTS.insert().values(person=person, **rights))

    @staticmethod
    def _forget(connection: Connection, person: str) -> None:
        for table in (GITHUB_TOKENS, GITHUB_TOKEN_RIGHTS):
            connection.execute(delete(table).where(table.c.person == person))

    def _told(self, connection: Connection, row: RowMapping, caller: Caller) -> api.GitHubTokenState:
        """Tells the others what stands now, and answers it."""
        state = _state(self._found(connection, row["id"]))
        changed = facts.GitHubTokenChanged(
            user_id=row["id"], present=state.present, default_allowed=state.default_allowed
        )
        self.tell(connection, row, [changed], caller=caller)
        return state

    @staticmethod
    def _found(connection: Connection, person: str) -> Mapping[str, Any]:
        """All that is stored about the person's token."""
        token = (
            connection.execute(
                select(GITHUB_TOKENS, GITHUB_TOKEN_RIGHTS.c.scopes, GITHUB_TOKEN_RIGHTS.c.way)
                .outerjoin(GITHUB_TOKEN_RIGHTS, GITHUB_TOKEN_RIGHTS.c.person == GITHUB_TOKENS.c.person)
                .where(GITHUB_TOKENS.c.person == person)
            )
            .mappings()
            .first()
        )
        consent = connection.scalar(select(GITHUB_CONSENTS.c.person).where(GITHUB_CONSENTS.c.person == person))
        known: dict[str, Any] = dict(token) if token is not None else {}
        if token is not None:
            known |= {"scopes": [scope for scope in (token["scopes"] or "").split(",") if scope]}
            known |= {"way": token["way"] or ""}
        return {**known, "present": token is not None, "default_allowed": consent is not None}


def _mark(found: Mapping[str, Any]) -> str:
    """A sealed box is random: the same token stored again is another box."""
    return hashlib.sha256(found["sealed"].encode()).hexdigest()[:16] if found["present"] else ""


def _state(found: Mapping[str, Any]) -> api.GitHubTokenState:
    names = ("present", "masked", "github_login", "stored_at", "scopes", "way", "default_allowed")
    return api.GitHubTokenState(**{name: found[name] for name in names if name in found})
