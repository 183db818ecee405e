"""Review over nameko's RPC: one entrypoint for each method of its contract."""

from __future__ import annotations

from functools import partial

from shared.contracts.review import Review
from shared.nameko_server import service_class

SETTINGS = ("HUB_SELF_REVIEW",)

rpc_service = partial(service_class, "review", Review)
