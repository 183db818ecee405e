"""The same Idempotency-Key with another body is refused; with the same body it is a repeat.

A row per keyed command, written in the transaction of its events. What a command has already
appended is found by its id (`shared.event_store.aggregate`), and its answer follows from that; only
where a command appended nothing is the answer kept as it was given.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from contextvars import ContextVar
from functools import wraps
from typing import Any, Protocol, TypeVar, get_type_hints

from sqlalchemy import Column, Connection, MetaData, String, Table, Text, select
from sqlalchemy.dialects import postgresql, sqlite

from shared.contracts import wire
from shared.contracts.common import Caller
from shared.database import Database
from shared.errors import Invalid

METADATA = MetaData()
COMMANDS = Table(
    "commands", METADATA, Column("id", String, primary_key=True), Column("request_sha256", String, nullable=False)
)
ANSWERS = Table("answers", METADATA, Column("id", String, primary_key=True), Column("answer", Text, nullable=False))

Answer = TypeVar("Answer")
Request = TypeVar("Request")
Self = TypeVar("Self", bound="HasCommands")
_ASKED: ContextVar[str | None] = ContextVar("asked", default=None)


class KeyReused(Invalid):
    slug = "idempotency-key-reused"


class HasCommands(Protocol):
    commands: Commands


class Commands:
    """What each keyed command asked for, in the service's own database."""

    def __init__(self, database: Database) -> None:
        self._database = database
        database.create(METADATA)

    def known_answer(self, command_id: str, asked: str) -> str | None:
        """What was kept of an earlier answer, JSON text; raises KeyReused where the key came with another request."""
        with self._database.read() as connection:
            _require_same(connection, command_id, asked)
            found: str | None = connection.scalar(select(ANSWERS.c.answer).where(ANSWERS.c.id == command_id))
        return found

    def rows(self, caller: Caller, answer: Any = None) -> Callable[[Connection], None] | None:
        """What to write beside the events, None where no key is honoured; raises KeyReused as it is written."""
        asked = _ASKED.get()
        if asked is None:
            return None

        def write(connection: Connection) -> None:
            _write(connection, caller.command_id, asked, answer)

        return write

    def finish(self, command_id: str, asked: str, answer: Any) -> None:
        """The command is done. Where it wrote no row, it appended nothing: its row and answer are written now."""
        with self._database.read() as connection:
            if _require_same(connection, command_id, asked):
                return
        with self._database.write() as connection:
            _write(connection, command_id, asked, answer)


def idempotent(
    *, keeps_answer: bool = True
) -> Callable[[Callable[[Self, Request, Caller], Answer]], Callable[[Self, Request, Caller], Answer]]:
    """A use case that answers a repeat of a keyed command as it answered the command itself.

    Not `keeps_answer`: what it answers is not kept beside the commands, because it names a person or a secret.
    """

    def decorate(use_case: Callable[[Self, Request, Caller], Answer]) -> Callable[[Self, Request, Caller], Answer]:
        answer_type: type[Answer] = get_type_hints(use_case)["return"]

        @wraps(use_case)
        def once(self: Self, request: Request, caller: Caller) -> Answer:
            if not caller.idempotent:
                return use_case(self, request, caller)
            asked = _digest(use_case.__name__, request)
            if (known := self.commands.known_answer(caller.command_id, asked)) is not None:
                return wire.load(answer_type, json.loads(known))
            token = _ASKED.set(asked)
            try:
                answer = use_case(self, request, caller)
            finally:
                _ASKED.reset(token)
            self.commands.finish(caller.command_id, asked, answer if keeps_answer else None)
            return answer

        return once

    return decorate


def _write(connection: Connection, command_id: str, asked: str, answer: Any) -> None:
    # Another thread may be carrying out the same command: whose row it is, is settled by its key.
    row = {"id": command_id, "request_sha256": asked}
    if _written(connection, COMMANDS, row):
        if answer is not None:
            _written(connection, ANSWERS, {"id": command_id, "answer": json.dumps(wire.dump(answer))})
    else:
        _require_same(connection, command_id, asked)


def _written(connection: Connection, table: Table, row: dict[str, str]) -> bool:
    """False where there is a row of that key."""
    dialect = postgresql if connection.dialect.name == "postgresql" else sqlite
    return connection.execute(dialect.insert(table).values(**row).on_conflict_do_nothing()).rowcount == 1


def _require_same(connection: Connection, command_id: str, asked: str) -> bool:
    """Whether the command has a row; raises KeyReused where it asked for something else."""
    stored = connection.scalar(select(COMMANDS.c.request_sha256).where(COMMANDS.c.id == command_id))
    if stored is not None and stored != asked:
        raise KeyReused("Idempotency-Key: it was used before for another request; send a new key for a new request")
    return stored is not None


def _digest(use_case: str, request: Any) -> str:
    sent = wire.dump(request)
    text = json.dumps([use_case, sent], sort_keys=True).encode()
    if "password" in sent:
        # Whoever finds these rows must not be able to try passwords on them.
        return hashlib.scrypt(text, salt=use_case.encode(), n=2**14, r=8, p=1).hex()
    return hashlib.sha256(text).hexdigest()
