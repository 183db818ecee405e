"""Catalog over nameko's RPC: one entrypoint for each method of its contract."""

from __future__ import annotations

from functools import partial

from shared.contracts.catalog import Catalog
from shared.nameko_server import service_class

SETTINGS = ("HUB_CLIENTS_FROM",)

rpc_service = partial(service_class, "catalog", Catalog)
