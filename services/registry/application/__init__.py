"""Registry's use cases, split by who asks: people (`commands`) and upstream (`upstream`)."""

from __future__ import annotations

from services.registry.application.commands import ModelCommands
from services.registry.application.upstream import UpstreamUseCases


class Application(ModelCommands, UpstreamUseCases):
    """Implements `shared.contracts.registry.Registry`."""
