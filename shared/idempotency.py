"""The same Idempotency-Key with another body is refused; with the same body it is a repeat.

A row per keyed command, written in the transaction of its events. What a command has already
appended is found by its id (`shared.event_store.aggregate`); this only remembers what it asked.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from typing import Any

from sqlalchemy import Column, Connection, MetaData, String, Table, select

from shared.contracts import wire
from shared.contracts.common import Caller
from shared.database import Database
from shared.errors import Invalid

METADATA = MetaData()
COMMANDS = Table(
    "commands", METADATA, Column("id", String, primary_key=True), Column("request_sha256", String, nullable=False)
)


class KeyReused(Invalid):
    slug = "idempotency-key-reused"


class Commands:
    """What each keyed command asked for, in the service's own database."""

    def __init__(self, database: Database) -> None:
        self._database = database
        database.create(METADATA)

    def check(self, request: Any, caller: Caller) -> None:
        """Raises KeyReused where the key came with another request before."""
        if not caller.idempotent:
            return
        with self._database.read() as connection:
            stored = connection.scalar(select(COMMANDS.c.request_sha256).where(COMMANDS.c.id == caller.command_id))
        if stored is not None and stored != _digest(request):
            raise KeyReused("Idempotency-Key: it was used before for another request; send a new key for a new request")

    def rows(self, request: Any, caller: Caller) -> Callable[[Connection], None] | None:
        """What to write beside the events, None where the command has no key."""
        if not caller.idempotent:
            return None

        def write(connection: Connection) -> None:
            known = connection.scalar(select(COMMANDS.c.id).where(COMMANDS.c.id == caller.command_id))
            if known is None:
                connection.execute(COMMANDS.insert().values(id=caller.command_id, request_sha256=_digest(request)))

        return write


def _digest(request: Any) -> str:
    text = json.dumps([type(request).__name__, wire.dump(request)], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()
