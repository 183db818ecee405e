"""Appends that wait for each other and share a commit, where one transaction writes at a time."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field

from sqlalchemy import Connection

from shared.errors import Unavailable
from shared.event_store.interface import Appended, NewEvent


@dataclass(slots=True)
class Ticket:
    """One append that waits for a leader; `outcome` is set exactly once."""

    stream: str
    expected_version: int
    events: Sequence[NewEvent]
    outcome: Appended | Exception | None = field(default=None)

    def result(self) -> Appended:
        if isinstance(self.outcome, Appended):
            return self.outcome
        raise self.outcome or RuntimeError(f"append to {self.stream} was never carried out")


class GroupedAppends:
    """One fsync for all that wait, each in its own savepoint, each with its own result."""

    def __init__(
        self,
        write: Callable[[], AbstractContextManager[Connection]],
        append: Callable[[Connection, Ticket], Appended],
    ) -> None:
        self._write = write
        self._append = append
        self._waiting: deque[Ticket] = deque()
        self._leading = threading.Lock()

    def append(self, ticket: Ticket) -> Appended:
        """Whoever gets the lock carries out all that wait by then; the others find their result."""
        self._waiting.append(ticket)
        with self._leading:
            if ticket.outcome is None:
                self._lead()
        return ticket.result()

    def _lead(self) -> None:
        batch: list[Ticket] = []
        outcomes: Sequence[Appended | Exception] = ()
        try:
            with self._write() as connection:
                batch.extend(self._waiting.popleft() for _ in range(len(self._waiting)))
                outcomes = [self._carried_out(connection, ticket) for ticket in batch]
        except BaseException as error:
            if not batch:
                batch.extend(self._waiting.popleft() for _ in range(len(self._waiting)))
            if isinstance(error, Exception):
                outcomes = [error] * len(batch)
            else:
                outcomes = [Unavailable("append: interrupted before its commit; try again")] * len(batch)
                raise
        finally:
            for ticket, outcome in zip(batch, outcomes, strict=True):
                ticket.outcome = outcome

    def _carried_out(self, connection: Connection, ticket: Ticket) -> Appended | Exception:
        try:
            return self._append(connection, ticket)
        except Exception as error:  # noqa: BLE001 it belongs to the thread that waits for this ticket
            return error
