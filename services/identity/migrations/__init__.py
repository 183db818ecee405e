"""The tables that identity's code expects, which the versions beside this make on PostgreSQL."""

from __future__ import annotations

from services.identity.notifications import METADATA as INBOX
from services.identity.projection import METADATA as PEOPLE
from shared.cursors import METADATA as CURSORS
from shared.event_store.table import METADATA as EVENTS
from shared.idempotency import METADATA as COMMANDS
from shared.relay_cursor import METADATA as RELAY

METADATA = (EVENTS, CURSORS, COMMANDS, RELAY, PEOPLE, INBOX)
