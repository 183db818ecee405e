"""Identity over nameko's RPC: one entrypoint for each method of its contract."""

from __future__ import annotations

from functools import partial

from argon2 import PasswordHasher

from shared.contracts.identity import Identity
from shared.nameko_server import service_class

SETTINGS = ("HUB_PUBLIC_URL", "HUB_SMTP_URL")

# Tens of milliseconds each, in which no other call would move.
OFF_HUB = ((PasswordHasher, "hash"), (PasswordHasher, "verify"))

rpc_service = partial(service_class, "identity", Identity)
