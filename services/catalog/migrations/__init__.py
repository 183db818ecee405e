"""The tables that catalog's code expects beside its generations', which the versions beside this make on PostgreSQL."""

from __future__ import annotations

from shared.cursors import METADATA as CURSORS

METADATA = (CURSORS,)
