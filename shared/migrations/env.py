"""What Alembic runs for each command: on the connection it is given, each version in a transaction of its own."""

from __future__ import annotations

import re
from typing import Any

from alembic import context

# A read model's tables come and go while the hub runs; no migration knows of them.
_OF_A_GENERATION = re.compile(r"g\d+_|(served|built|used)_generation$")


def _is_migrated(_object: Any, name: str | None, kind: str, _reflected: bool, _compare_to: Any) -> bool:
    return kind != "table" or not _OF_A_GENERATION.match(name or "")


context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=context.config.attributes["metadata"],
    transaction_per_migration=True,
    compare_type=True,
    compare_server_default=True,
    include_object=_is_migrated,
)
with context.begin_transaction():
    context.run_migrations()
