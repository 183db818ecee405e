"""The operator's step after `pg_restore` of a service's database, before the service starts again.

    DATABASE_URL=postgresql://… python -m shared.event_store.restored [NEWEST]

NEWEST is the newest position ever given, where it is known; `operations` shows it. A restored log without this step
may give out positions that its readers have seen already.
"""

from __future__ import annotations

import sys
from contextlib import closing

from sqlalchemy import text

from shared.config import load
from shared.database import Database
from shared.errors import HubError
from shared.event_store.restore import after_restore
from shared.relay_cursor import published_position

# How many positions may have been given since the dump, where nobody knows.
UNKNOWN_POSITIONS = 1_000_000


def settle(url: str, *, newest: int | None = None) -> int:
    """Readers of the log are told LogRewound where it is another; answers the position new events start above.

    Rows above the relay's cursor get new marks, for the dump need not be a prefix of the log: what committed late may
    be missing below what it holds. To be run once for each restore; again does no harm.
    """
    with closing(Database(url)) as database, database.write() as connection:
        # Whoever appends has to wait, or is refused; a reader may go on.
        connection.execute(text("LOCK TABLE events IN SHARE ROW EXCLUSIVE MODE"))
        held: int = connection.scalar(text("SELECT coalesce(max(position), 0) FROM events")) or 0
        floor = max(held, newest) if newest is not None else held + UNKNOWN_POSITIONS
        after_restore(connection, floor_position=floor, published_position=published_position(connection))
    return floor


def main(arguments: list[str]) -> int:
    """The exit code: 0 done, 1 failed, 2 for a wrong command line."""
    if len(arguments) > 1 or not all(argument.isdecimal() for argument in arguments):
        sys.stderr.write("usage: DATABASE_URL=postgresql://… python -m shared.event_store.restored [NEWEST]\n")
        return 2
    try:
        floor = settle(load().database_url, newest=int(arguments[0]) if arguments else None)
    except HubError as error:
        sys.stderr.write(f"{error.message}\n")
        return 1
    sys.stdout.write(f"new events start above position {floor}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
