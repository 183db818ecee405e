"""What version catalog is at, asked by one thread of a gateway process and known to all of its requests.

For a gateway that is another process than its catalog. Replicas of catalog may be at different
versions for a tenth of a second: whatever this process has seen once, its later reads show at
least, because the version goes along with each of them.
"""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any, cast

import structlog

from shared.contracts.catalog import Catalog, CatalogVersion
from shared.contracts.common import Caller, Empty, system_caller
from shared.errors import HubError, Unavailable

LOOK_S = 0.1
IDLE_LOOK_S = 1.0
IDLE_AFTER_S = 5.0
LOWER_AFTER_S = 5.0
_VERSION = re.compile(r"(\d{1,9})\.(\d{1,18})", re.ASCII)

log = structlog.get_logger(__name__)


class Newest:
    """The highest version that was seen; a lower one counts where nothing else was seen for a while.

    Replicas that are behind are only late; a catalog whose database was restored stays behind.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._held = (0, 0)
        self._seen_at = float("-inf")

    def takes(self, version: str) -> bool:
        """Whether an answer of this version is to be used."""
        found = _VERSION.fullmatch(version)
        order = (int(found[1]), int(found[2])) if found else self._held
        now = self._clock()
        if order < self._held and now < self._seen_at + LOWER_AFTER_S:
            return False
        self._held, self._seen_at = order, now
        return True


class CatalogWatch:
    """Asks for the version ten times a second while somebody wants to know, and once a second otherwise."""

    def __init__(self, catalog: Catalog, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._catalog = catalog
        self._clock = clock
        self._newest = Newest(clock)
        self._known: CatalogVersion | None = None
        self._failure: HubError | None = None
        self._wanted_at = float("-inf")
        self._callbacks: tuple[Callable[[], None], ...] = ()
        self._woken = threading.Event()
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None

    def on_changed(self, callback: Callable[[], None]) -> None:
        """Calls `callback` where another version is there, or catalog is back."""
        self._callbacks = (*self._callbacks, callback)

    @property
    def seen(self) -> str:
        """The version that every later read of this process shows at least; empty before the first."""
        known = self._known
        return known.version if known is not None else ""

    def answer(self) -> CatalogVersion | None:
        """As of a tenth of a second ago (a second, for the first to ask in a while); None before the first answer.

        Raises what catalog's last answer was, where that was a refusal or none.
        """
        now = self._clock()
        was_idle = now > self._wanted_at + IDLE_AFTER_S
        self._wanted_at = now
        if was_idle:
            self._woken.set()
        if (failure := self._failure) is not None:
            raise Unavailable(failure.message)
        return self._known

    def look(self) -> None:
        """Asks once; a failing catalog leaves what is known."""
        try:
            found = self._catalog.version(Empty(), system_caller("gateway"))
        except HubError as error:
            self._failure = error
            return
        before, was_away = self._known, self._failure is not None
        if self._newest.takes(found.version):
            self._known = found
        self._failure = None
        if was_away or before is None or before.version != self.seen:
            for callback in self._callbacks:
                callback()

    def start(self) -> None:
        self._stopping.clear()
        self._thread = threading.Thread(target=self._run, name="catalog-watch", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        self._stopping.set()
        self._woken.set()
        if self._thread is not None:
            self._thread.join()

    def _run(self) -> None:
        while not self._stopping.is_set():
            try:
                self.look()
            except Exception:
                # A thread's top: what is known goes on being used, and the next look tries again.
                log.exception("catalog's version could not be asked for")
            is_idle = self._clock() > self._wanted_at + IDLE_AFTER_S
            self._woken.wait(IDLE_LOOK_S if is_idle else LOOK_S)
            self._woken.clear()


class _WatchedCatalog:
    """Catalog's calls: each read asks for at least what this process has seen, and the version is at hand."""

    def __init__(self, catalog: Catalog, watch: CatalogWatch) -> None:
        self._catalog = catalog
        self._watch = watch

    def version(self, request: Empty, caller: Caller) -> CatalogVersion:
        return self._watch.answer() or self._catalog.version(request, caller)

    def __getattr__(self, name: str) -> Callable[[Any, Caller], Any]:
        call = getattr(self._catalog, name)

        def asked(request: Any, caller: Caller) -> Any:
            return call(self._raised(request), caller)

        return cast(Callable[[Any, Caller], Any], asked)

    def _raised(self, request: Any) -> Any:
        given, seen = getattr(request, "min_position", None), self._watch.seen
        if given is None or not seen:
            return request
        # First: of too many positions catalog reads the first.
        return replace(request, min_position=f"catalog:{seen},{given}" if given else f"catalog:{seen}")


def watched(catalog: Catalog, watch: CatalogWatch) -> Catalog:
    """`catalog` for a gateway process that watches it."""
    return cast(Catalog, _WatchedCatalog(catalog, watch))
