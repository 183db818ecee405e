"""The embedded hub's composition root: every service in this process, over in-process calls."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any, cast

from services.catalog.bootstrap import build as build_catalog
from services.identity.bootstrap import build as build_identity
from services.pr_bot.bootstrap import build as build_pr_bot
from services.pr_bot.bootstrap import seed
from services.registry.bootstrap import build as build_registry
from services.review.bootstrap import build as build_review
from shared.calls import NotYet, Observer, in_process
from shared.config import Settings
from shared.contracts.catalog import Catalog
from shared.contracts.identity import Identity
from shared.contracts.pr_bot import PrBot
from shared.contracts.registry import Registry
from shared.contracts.review import Review
from shared.service import BuiltService, Calls

Build = Callable[[Settings, Calls], BuiltService]
SERVICES: dict[str, tuple[type, Build]] = {
    "registry": (Registry, build_registry),
    "review": (Review, build_review),
    "identity": (Identity, build_identity),
    "pr_bot": (PrBot, build_pr_bot),
    "catalog": (Catalog, build_catalog),
}


def seed_upstream(path: Path, files: Mapping[str, bytes], *, branch: str) -> None:
    """The hub's own upstream: a bare repository that holds what was imported."""
    seed(path, files, base=branch)


class EmbeddedHub:
    """All services, built and wired; `start` and `stop` what runs beside the calls."""

    def __init__(self, settings: Settings, *, observe: Observer | None = None) -> None:
        self.settings = settings
        settings.data_dir.mkdir(parents=True, exist_ok=True)
        places = {name: NotYet(name) for name in SERVICES}
        self.calls = Calls(**cast(dict[str, Any], places))
        self.services: dict[str, BuiltService] = {}
        for name, (protocol, build) in SERVICES.items():
            built = build(settings, self.calls)
            self.services[name] = built
            places[name].bind(
                in_process(
                    name, protocol, built.application, in_transaction=built.database.in_transaction, observe=observe
                )
            )
        self._wake_on_commit()

    def _wake_on_commit(self) -> None:
        for service in self.services.values():
            for subscription in service.subscriptions:
                store = self.services[subscription.source].store
                if store is not None:
                    store.on_commit(subscription.wake)

    def start(self) -> None:
        """Subscriptions first: what others have said is known before work begins."""
        for service in self.services.values():
            for subscription in service.subscriptions:
                subscription.start()
        for service in self.services.values():
            for work in service.background:
                work.start()

    def stop(self) -> None:
        """What was started last stops first; every part is stopped even where another one fails."""
        with ExitStack() as stack:
            stack.callback(self.close)
            for service in self.services.values():
                for subscription in service.subscriptions:
                    stack.callback(subscription.stop)
            for service in self.services.values():
                for work in service.background:
                    stack.callback(work.stop)

    def close(self) -> None:
        """Lets the databases go."""
        for service in self.services.values():
            service.database.close()

    def on_catalog_applied(self, callback: Callable[[], None]) -> None:
        """Calls `callback` after each commit of catalog's read models."""
        for subscription in self.services["catalog"].subscriptions:
            subscription.on_applied(lambda _events: callback())

    def settle(self, rounds: int = 100) -> None:
        """Applies all there is, in this thread, until no subscription moves; for imports and tests."""
        for _ in range(rounds):
            before = self._positions()
            for service in self.services.values():
                for subscription in service.subscriptions:
                    subscription.catch_up()
            if self._positions() == before:
                return

    def _positions(self) -> list[int]:
        return [s.position() for service in self.services.values() for s in service.subscriptions]
