"""A hub that serves: its services started, its feed kept, its app ready. Used by the server and by tests."""

from __future__ import annotations

from collections.abc import Callable

from flask import Flask

from gateway.app import create_app
from gateway.embedded import EmbeddedHub
from gateway.feed_cache import FeedCache
from gateway.load_history import LoadHistory
from gateway.seal_keys import seal_public_key
from shared.config import Settings
from shared.metrics import observer, watch


class RunningHub:
    """`start` answers the WSGI app; `stop` returns when nothing runs any more."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.hub = EmbeddedHub(settings, observe=observer("in_process"))
        self._unwatch: Callable[[], None] | None = None
        self.feed = FeedCache(self.hub.calls.catalog)
        self._load = LoadHistory(self.hub.calls)

    def start(self) -> Flask:
        """Services first, then the feed, so that the first request finds both."""
        self.hub.start()
        self._unwatch = watch(list(self.hub.services.values()))
        self.feed.start()
        self.hub.on_catalog_applied(self.feed.wake)
        app = create_app(self.settings, self.hub.calls, feed=self.feed)
        self.hub.on_catalog_applied(app.extensions["hub_pages"].wake)
        app.extensions["hub_seal_public_key"] = seal_public_key(self.settings)
        app.extensions["hub_load"] = self._load
        self._load.start()
        return app

    def stop(self) -> None:
        if self._unwatch is not None:
            self._unwatch()
            self._unwatch = None
        self._load.stop()
        self.feed.stop()
        self.hub.stop()
