"""What identity's use cases share: rows and events in one transaction."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, RowMapping, select, update

from services.identity.domain import PersonNotFound
from services.identity.notifications import Inbox
from services.identity.projection import GROUPS, PEOPLE, PeopleRows
from services.identity.tokens import Passwords
from shared.clock import Clock, wall_clock
from shared.contracts import identity as api
from shared.contracts.common import Caller
from shared.errors import Forbidden
from shared.event_store.aggregate import event_id_of
from shared.event_store.interface import EventStore, NewEvent, RecordedEvent
from shared.idempotency import Commands
from shared.metrics import note_appended
from shared.service import LogService, actor_metadata


class IdentityBase:
    """Rows are the truth; events are appended in the transaction that changes them."""

    def __init__(
        self,
        *,
        store: EventStore,
        rows: PeopleRows,
        inbox: Inbox,
        commands: Commands,
        log: LogService,
        passwords: Passwords | None = None,
        clock: Clock = wall_clock,
    ) -> None:
        self.store = store
        self.rows = rows
        self.inbox = inbox
        self.commands = commands
        self.clock = clock
        self.passwords = passwords or Passwords()
        self.read_log = log.read_log
        self.operations = log.operations
        self.retry_parked = log.retry_parked

    def already(self, caller: Caller) -> list[RecordedEvent]:
        """What this very command has appended before; a repeat answers from the rows."""
        return self.store.events_of_command(caller.command_id) if caller.command_id else []

    def tell(self, connection: Connection, person: RowMapping, events: Sequence[Any], *, caller: Caller) -> int:
        """Appends to the person's stream and answers the newest position."""
        position = self._append(
            connection,
            f"user-{person['id']}",
            version=self._version(connection, PEOPLE, person["id"]),
            events=events,
            caller=caller,
        )
        connection.execute(
            update(PEOPLE).where(PEOPLE.c.id == person["id"]).values(version=PEOPLE.c.version + len(events))
        )
        return position

    def tell_group(self, connection: Connection, group_id: str, events: Sequence[Any], *, caller: Caller) -> int:
        """Appends to the group's stream and answers the newest position."""
        position = self._append(
            connection,
            f"group-{group_id}",
            version=self._version(connection, GROUPS, group_id),
            events=events,
            caller=caller,
        )
        connection.execute(update(GROUPS).where(GROUPS.c.id == group_id).values(version=GROUPS.c.version + len(events)))
        return position

    @staticmethod
    def _version(connection: Connection, table: Any, row_id: str) -> int:
        return connection.scalar(select(table.c.version).where(table.c.id == row_id)) or 0

    def _append(
        self,
        connection: Connection,
        stream: str,
        *,
        version: int,
        events: Sequence[Any],
        caller: Caller,
    ) -> int:
        if not events:
            return 0
        metadata = actor_metadata(
            caller.user_id or "anonymous",
            causation_id=caller.command_id,
            correlation_id=caller.correlation_id,
            traceparent=caller.traceparent,
        )
        new = [
            NewEvent(event_id=event_id_of(caller.command_id, stream, version + index), event=event, metadata=metadata)
            for index, event in enumerate(events)
        ]
        appended = self.store.append(stream, expected_version=version, events=new, connection=connection)
        note_appended(appended.events)
        if (remember := self.commands.rows(caller)) is not None:
            remember(connection)
        return appended.position

    def person_of(self, connection: Connection, row: RowMapping, *, private: bool) -> api.Person:
        """The person as an answer; `private` adds what only they and operators see."""
        return api.Person(
            id=row["id"],
            login=row["login"],
            display_name=row["display_name"],
            roles=row["roles"].split(","),
            groups=self.rows.groups_of(connection, row["id"]),
            disabled=row["disabled"],
            email=row["email"] if private else "",
            locale=row["locale"],
            created_at=row["created_at"],
            requested_role=row["requested_role"] if private else "",
            request_reason=row["request_reason"] if private else "",
            unread=self.inbox.unread(connection, row["id"]) if private else 0,
        )

    def own_row(self, connection: Connection, caller: Caller) -> RowMapping:
        """The caller's own row."""
        row = self.rows.one(connection, id=caller.user_id) if caller.user_id else None
        if row is None:
            raise PersonNotFound("your account is not there any more; sign in again")
        return row

    def row_by_login(self, connection: Connection, login: str) -> RowMapping:
        row = self.rows.one(connection, login_key=login.lower())
        if row is None:
            raise PersonNotFound(f"account {login}: there is none; check the spelling")
        return row


def require_operator(caller: Caller) -> None:
    if not caller.has("operator"):
        raise Forbidden("this is for operators; ask one of them", slug="not-operator")


def require_system(caller: Caller) -> None:
    if not caller.is_system:
        raise Forbidden("this is for the hub's own services", slug="not-service")
