"""The embedded hub's composition root: every service in this process, over in-process calls."""

from __future__ import annotations

import fcntl
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from types import TracebackType
from typing import IO, Any, cast

from services.catalog.bootstrap import build as build_catalog
from services.identity.bootstrap import build as build_identity
from services.pr_bot.bootstrap import build as build_pr_bot

from services.registry.bootstrap import build as build_registry
from services.review.bootstrap import build as build_review
from shared.calls import NotYet, Observer, in_process
from shared.config import Settings
from shared.contracts.catalog import Catalog
from shared.contracts.identity import Identity
from shared.contracts.pr_bot import PrBot
from shared.contracts.registry import Registry
from shared.contracts.review import Review
from shared.errors import Conflict
from shared.service import BuiltService, Calls

Build = Callable[[Settings, Calls], BuiltService]
SERVICES: dict[str, tuple[type, Build]] = {
    "registry": (Registry, build_registry),
    "review": (Review, build_review),
    "identity": (Identity, build_identity),
    "pr_bot": (PrBot, build_pr_bot),
    "catalog": (Catalog, build_catalog),
}


class DataDirectoryInUse(Conflict):
    slug = "data-directory-in-use"


@contextmanager
def data_directory_lock(settings: Settings) -> Iterator[None]:
    """Holds the data directory for this process; raises DataDirectoryInUse where another one has it."""
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    with settings.lock_file.open("a+") as file:
        _lock(file, settings)
        yield


def _lock(file: IO[str], settings: Settings) -> None:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        raise DataDirectoryInUse(
            f"data directory {settings.data_dir}: expected it free, but another hub runs on it; "
            "stop that one or set HUB_DATA_DIR to another directory"
        ) from error


class EmbeddedHub:
    """All services, built and wired; a context manager that starts and stops what runs beside the calls."""

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

    def __enter__(self) -> EmbeddedHub:
        for service in self.services.values():
            for subscription in service.subscriptions:
                subscription.start()
            for work in service.background:
                work.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with ExitStack() as stack:
            for service in self.services.values():
                stack.callback(service.database.close)
            for service in self.services.values():
                for subscription in service.subscriptions:
                    stack.callback(subscription.stop)
                for work in service.background:
                    stack.callback(work.stop)

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
