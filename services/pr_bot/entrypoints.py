"""pr_bot over nameko's RPC: one entrypoint for each method of its contract."""

from __future__ import annotations

from functools import partial

from shared.contracts.pr_bot import PrBot
from shared.nameko_server import service_class

SETTINGS = (
    "HUB_UPSTREAM",
    "HUB_UPSTREAM_BRANCH",
    "HUB_UPSTREAM_POLL_S",
    "HUB_DATA_DIR",
    "HUB_PUBLIC_URL",
    "HUB_GITHUB_API_URL",
    "HUB_GITHUB_TOKEN",
    "HUB_SEAL_KEY",
)

rpc_service = partial(service_class, "pr_bot", PrBot)
