"""Real Xinference releases for tests; what is real in them and what is stubbed: scripts/xinference_client."""

from __future__ import annotations

from scripts.xinference_client.run import ClientRun, TypeUpdate, run_clients, serving

__all__ = ["ClientRun", "TypeUpdate", "run_clients", "serving"]
