"""Identity's rows: they are the truth about people; its events tell the others."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from sqlalchemy import (
    Boolean,
    Column,
    Connection,
    Double,
    Integer,
    MetaData,
    RowMapping,
    String,
    Table,
    Text,
    delete,
    func,
    or_,
    select,
    update,
)

from shared.database import Database

METADATA = MetaData()
PEOPLE = Table(
    "people",
    METADATA,
    Column("id", String, primary_key=True),
    Column("login", String, nullable=False),
    Column("login_key", String, nullable=False, unique=True),
    Column("email", String, nullable=False),
    Column("email_key", String, nullable=False, unique=True),
    Column("display_name", String, nullable=False),
    Column("password", String, nullable=False),
    Column("roles", String, nullable=False),
    Column("locale", String, nullable=False, default=""),
    Column("disabled", Boolean, nullable=False, default=False),
    Column("requested_role", String, nullable=False, default=""),
    Column("request_reason", Text, nullable=False, default=""),
    Column("created_at", Double, nullable=False),
    Column("version", Integer, nullable=False, default=0),
)
SESSIONS = Table(
    "sessions",
    METADATA,
    Column("digest", String, primary_key=True),
    Column("person", String, nullable=False, index=True),
    Column("expires_at", Double, nullable=False),
)
TOKENS = Table(
    "tokens",
    METADATA,
    Column("id", String, primary_key=True),
    Column("digest", String, nullable=False, unique=True),
    Column("person", String, nullable=False, index=True),
    Column("name", String, nullable=False),
    Column("scope", String, nullable=False),
    Column("hint", String, nullable=False),
    Column("created_at", Double, nullable=False),
    Column("expires_at", Double, nullable=False),
    Column("last_used_at", Double, nullable=False, default=0.0),
    Column("command", String, nullable=False, index=True),
)
GITHUB_TOKENS = Table(
    "github_tokens",
    METADATA,
    Column("person", String, primary_key=True),
    Column("sealed", Text, nullable=False),
    Column("key_id", String, nullable=False),
    Column("masked", String, nullable=False),
    Column("github_login", String, nullable=False),
    Column("stored_at", Double, nullable=False),
)
# Tables of their own, because databases that have GITHUB_TOKENS already get no further columns.
GITHUB_TOKEN_RIGHTS = Table(
    "github_token_rights",
    METADATA,
    Column("person", String, primary_key=True),
    Column("scopes", Text, nullable=False),
    Column("way", String, nullable=False),
)
GITHUB_CONSENTS = Table(
    "github_consents",
    METADATA,
    Column("person", String, primary_key=True),
    Column("given_at", Double, nullable=False),
)
GROUPS = Table(
    "groups",
    METADATA,
    Column("id", String, primary_key=True),
    Column("name", String, nullable=False),
    Column("name_key", String, nullable=False, unique=True),
    Column("version", Integer, nullable=False, default=0),
)
MEMBERS = Table(
    "members",
    METADATA,
    Column("group_id", String, primary_key=True),
    Column("person", String, primary_key=True, index=True),
)
ATTEMPTS = Table(
    "attempts",
    METADATA,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("login_key", String, nullable=False, index=True),
    Column("client", String, nullable=False, index=True),
    Column("at", Double, nullable=False),
)


class PeopleRows:
    """Queries over people; whoever passes a connection commits."""

    def __init__(self, database: Database) -> None:
        self.database = database
        database.create(METADATA)

    def one(self, connection: Connection, **by: Any) -> RowMapping | None:
        """The person by one column, such as `id=` or `login_key=`."""
        query = select(PEOPLE)
        for column, value in by.items():
            query = query.where(PEOPLE.c[column] == value)
        return connection.execute(query).mappings().first()

    def many(self, connection: Connection, *, ids: Collection[str], login_keys: Collection[str]) -> list[RowMapping]:
        query = select(PEOPLE).where(or_(PEOPLE.c.id.in_(ids), PEOPLE.c.login_key.in_(login_keys)))
        return list(connection.execute(query).mappings())

    def page(
        self, connection: Connection, *, q: str, role: str, requested: bool, page: int, per_page: int
    ) -> tuple[list[RowMapping], int]:
        """By login; `q` is found anywhere in login, display name or e-mail."""
        query = select(PEOPLE)
        if q:
            pattern = "%" + q.lower().replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_") + "%"
            columns = (PEOPLE.c.login_key, PEOPLE.c.email_key, func.lower(PEOPLE.c.display_name))
            query = query.where(or_(*(column.like(pattern, escape="\\") for column in columns)))
        if role:
            query = query.where(("," + PEOPLE.c.roles + ",").like(f"%,{role},%"))
        if requested:
            query = query.where(PEOPLE.c.requested_role != "")
        total = connection.scalar(select(func.count()).select_from(query.subquery())) or 0
        rows = connection.execute(query.order_by(PEOPLE.c.login_key).limit(per_page).offset((page - 1) * per_page))
        return list(rows.mappings()), total

    def with_role(self, connection: Connection, role: str) -> list[str]:
        """Ids of everyone who can act in that role."""
        query = select(PEOPLE.c.id).where(
            ("," + PEOPLE.c.roles + ",").like(f"%,{role},%"), PEOPLE.c.disabled.is_(False)
        )
        return list(connection.scalars(query))

    def change(self, connection: Connection, person: str, **values: Any) -> None:
        connection.execute(update(PEOPLE).where(PEOPLE.c.id == person).values(**values))

    def github_tokens_of(self, connection: Connection, people: Collection[str]) -> dict[str, float]:
        """{person: when it was stored} for those who have one."""
        query = select(GITHUB_TOKENS.c.person, GITHUB_TOKENS.c.stored_at).where(GITHUB_TOKENS.c.person.in_(people))
        return {row.person: row.stored_at for row in connection.execute(query.order_by(GITHUB_TOKENS.c.person))}

    def groups_of(self, connection: Connection, person: str) -> list[str]:
        query = select(MEMBERS.c.group_id).where(MEMBERS.c.person == person).order_by(MEMBERS.c.group_id)
        return list(connection.scalars(query))

    def members_of(self, connection: Connection, group: str) -> list[RowMapping]:
        query = select(PEOPLE).join(MEMBERS, MEMBERS.c.person == PEOPLE.c.id).where(MEMBERS.c.group_id == group)
        return list(connection.execute(query.order_by(PEOPLE.c.login_key)).mappings())

    def failed_attempts(self, connection: Connection, *, login_key: str, client: str, since: float) -> Sequence[int]:
        """(for the login, from the client) since then."""
        recent = select(func.count()).select_from(ATTEMPTS).where(ATTEMPTS.c.at >= since)
        by_login = connection.scalar(recent.where(ATTEMPTS.c.login_key == login_key)) or 0
        by_client = connection.scalar(recent.where(ATTEMPTS.c.client == client)) or 0 if client else 0
        return by_login, by_client

    def note_attempt(self, connection: Connection, *, login_key: str, client: str, at: float, forget: float) -> None:
        connection.execute(delete(ATTEMPTS).where(ATTEMPTS.c.at < forget))
        connection.execute(ATTEMPTS.insert().values(login_key=login_key, client=client, at=at))

    def forget_attempts(self, connection: Connection, login_key: str) -> None:
        connection.execute(delete(ATTEMPTS).where(ATTEMPTS.c.login_key == login_key))
