"""What a composition root gets from a service's `bootstrap.build`, and what every service shares."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from shared.contracts.catalog import Catalog
from shared.contracts.common import (
    Caller,
    Done,
    Empty,
    LogSlice,
    ParkedStream,
    ReadLog,
    RetryParked,
    Service,
    ServiceOperations,
    SubscriptionState,
    system_caller,
)
from shared.contracts.identity import Identity
from shared.contracts.pr_bot import PrBot
from shared.contracts.registry import Registry
from shared.contracts.review import Review
from shared.errors import Forbidden


class Background(Protocol):
    """Work that runs beside the calls."""

    def start(self) -> None: ...

    def stop(self) -> None: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Calls:
    """Every service as the others and the gateway reach it, whatever carries the calls."""

    registry: Registry
    review: Review
    identity: Identity
    catalog: Catalog
    pr_bot: PrBot
