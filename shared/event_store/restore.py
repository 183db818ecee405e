"""What a restored log needs before anybody appends to it again."""

from __future__ import annotations

import secrets
from collections.abc import Callable

from sqlalchemy import Connection, text

from shared.database import advance_sequence


def after_restore(
    connection: Connection,
    *,
    floor_position: int,
    published_position: int,
    new_mark: Callable[[], str] = lambda: secrets.token_hex(8),
) -> None:
    """Readers that saw rows which the restored log lacks, or holds by accident, will be told LogRewound.

    New positions start above `floor_position` (the newest ever given, as far as known), so an old
    cursor never meets a new event at its own position. Rows above `published_position`, which the
    relay had not yet published (0 without a relay), get new marks: a dump need not be a prefix of
    the log. The one place that changes recorded events, and their marks alone. The caller commits.
    """
    advance_sequence(connection, "events", floor_position, column="position")
    above = text("SELECT position FROM events WHERE position > :published")
    renew = text("UPDATE events SET mark = :mark WHERE position = :position")
    for position in connection.scalars(above, {"published": published_position}).all():
        connection.execute(renew, {"mark": new_mark(), "position": position})
