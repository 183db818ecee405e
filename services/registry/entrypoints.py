"""Registry over nameko's RPC: one entrypoint for each method of its contract."""

from __future__ import annotations

from functools import partial

from shared.contracts.registry import Registry
from shared.nameko_server import service_class

SETTINGS = ("HUB_CLIENTS_FROM",)

rpc_service = partial(service_class, "registry", Registry)
