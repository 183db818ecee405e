"""One service's own database: transactions that are what they say, and every choice of dialect.

SQLite (WAL) embedded, PostgreSQL in split mode. SQL elsewhere stays portable; what differs between
databases lives here: how a transaction begins, what counts as an outage, how a sequence moves on.
"""

from __future__ import annotations

from shared.database.keyed_rows import Lookup, Upsert
from shared.database.outages import is_outage
from shared.database.sequences import advance_sequence
from shared.database.statement import Prepared, Statement
from shared.database.transactions import Database, any_transaction_open

__all__ = [
    "Database",
    "Lookup",
    "Prepared",
    "Statement",
    "Upsert",
    "advance_sequence",
    "any_transaction_open",
    "is_outage",
]
