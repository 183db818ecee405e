"""The embedded hub's composition root: every service in this process, over in-process calls."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import Any, cast

from shared.calls import NotYet, Observer, in_process
from shared.config import Settings
from shared.contracts.catalog import Catalog
from shared.contracts.identity import Identity
from shared.contracts.pr_bot import PrBot
from shared.contracts.registry import Registry
from shared.contracts.review import Review
from shared.database import any_transaction_open
from shared.doctor import Check
from shared.errors import HubError
from shared.service import BuiltService, Calls, Doctor
from shared.turns import Turns

Build = Callable[[Settings, Calls], BuiltService]


# Each service is loaded when it is built: a console command that needs one need not wait for all.
def _build_registry(settings: Settings, calls: Calls) -> BuiltService:
    from services.registry.bootstrap import build

    return build(settings, calls)


def _build_review(settings: Settings, calls: Calls) -> BuiltService:
    from services.review.bootstrap import build

    return build(settings, calls)


def _build_identity(settings: Settings, calls: Calls) -> BuiltService:
    from services.identity.bootstrap import build

    return build(settings, calls)


def _build_pr_bot(settings: Settings, calls: Calls) -> BuiltService:
    from services.pr_bot.bootstrap import build

    return build(settings, calls)


def _build_catalog(settings: Settings, calls: Calls) -> BuiltService:
    from services.catalog.bootstrap import build

    return build(settings, calls)


SERVICES: dict[str, tuple[type, Build]] = {
    "registry": (Registry, _build_registry),
    "review": (Review, _build_review),
    "identity": (Identity, _build_identity),
    "pr_bot": (PrBot, _build_pr_bot),
    "catalog": (Catalog, _build_catalog),
}


def seed_upstream(path: Path, files: Mapping[str, bytes], *, branch: str) -> None:
    """The hub's own upstream: a bare repository that holds what was imported."""
    from services.pr_bot.bootstrap import seed

    seed(path, files, base=branch)


def examine(settings: Settings) -> Iterator[Check]:
    """Every check of every service, also beside a running hub."""
    logged = [name for name in SERVICES if name != "catalog"]
    hub = EmbeddedHub(settings, only=logged)
    try:
        for name in logged:
            if (doctor := hub.services[name].doctor) is not None:
                yield from _answers(name, doctor)
        from services.catalog.bootstrap import diagnose

        yield from _answers("catalog", partial(diagnose, settings, hub.calls))
    finally:
        hub.close()


def _answers(name: str, doctor: Doctor) -> Iterator[Check]:
    """A service that cannot be examined hides no other one."""
    try:
        yield from doctor()
    except HubError as error:
        yield Check(subject=f"{name}: it can be examined", differs=[error.message])


class EmbeddedHub:
    """All services, or `only` some, built and wired; `start` and `stop` what runs beside the calls."""

    def __init__(
        self, settings: Settings, *, observe: Observer | None = None, only: Collection[str] = tuple(SERVICES)
    ) -> None:
        self.settings = settings
        settings.data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        places = {name: NotYet(name) for name in SERVICES}
        self.calls = Calls(**cast(dict[str, Any], places))
        self.services: dict[str, BuiltService] = {}
        for name in only:
            protocol, build = SERVICES[name]
            built = build(settings, self.calls)
            self.services[name] = built
            places[name].bind(
                in_process(name, protocol, built.application, in_transaction=any_transaction_open, observe=observe)
            )
        self._wake_on_commit()
        self._take_turns()

    def _wake_on_commit(self) -> None:
        for service in self.services.values():
            for subscription in service.subscriptions:
                source = self.services.get(subscription.source)
                if source is not None and source.store is not None:
                    source.store.on_commit(subscription.wake)

    def _take_turns(self) -> None:
        """catalog goes first: people wait for its pages, nobody for a reaction."""
        turns = Turns()
        for name, service in self.services.items():
            for subscription in service.subscriptions:
                subscription.take_turns(turns, first=name == "catalog")

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
