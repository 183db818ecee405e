"""A gateway that is another process than its services: the app, and what follows catalog for it.

Everything here is this process's own, be it one of several gunicorn workers or one of several
gateways: what they must agree on is in identity (sessions, failed sign-ins), in the logs
(repeated commands) or in the settings.
"""

from __future__ import annotations

import hashlib
from dataclasses import replace

from flask import Flask

from gateway.app import create_app
from gateway.catalog_watch import CatalogWatch, watched
from gateway.feed_cache import FeedCache
from gateway.kept_feed import KeptFeed
from gateway.load_history import LoadHistory
from gateway.seal_keys import seal_public_key
from shared.config import Settings
from shared.errors import Invalid
from shared.service import Calls

_FEED_LOOK_S = 2.0


class RunningGateway:
    """`start` answers the WSGI app, also while the services are not there yet; made after the fork."""

    def __init__(self, settings: Settings, calls: Calls) -> None:
        self._settings = settings
        self._watch = CatalogWatch(calls.catalog)
        self._calls = replace(calls, catalog=watched(calls.catalog, self._watch))
        self._feed = FeedCache(self._calls.catalog, kept=KeptFeed(settings.cache_dir / "feed"), look_s=_FEED_LOOK_S)
        self._watch.on_changed(self._feed.wake)
        self._load = LoadHistory(calls)

    def start(self) -> Flask:
        sealing = _seal_public_key(self._settings)
        self._watch.start()
        self._feed.start(wait=False)
        app = create_app(self._settings, self._calls, feed=self._feed)
        app.secret_key = message_key(self._settings)
        app.extensions["hub_seal_public_key"] = sealing
        app.extensions["hub_load"] = self._load
        self._load.start()
        return app

    def stop(self) -> None:
        self._load.stop()
        self._feed.stop()
        self._watch.stop()


def message_key(settings: Settings) -> bytes:
    """Signs the messages that travel from one page to the next: equal in all gateways, for any may answer next.

    Made from what they share and keep secret, slowly, so that a signature does not give it away.
    """
    return hashlib.scrypt(settings.amqp_uri.encode(), salt=b"models-hub messages", n=2**14, r=8, p=1, dklen=32)


def _seal_public_key(settings: Settings) -> bytes:
    try:
        return seal_public_key(settings)
    except FileNotFoundError as error:
        raise Invalid(
            "HUB_SEAL_PUBLIC_KEY: expected it to be set, for there is no seal.key in HUB_DATA_DIR; "
            "set it to the public half of pr_bot's HUB_SEAL_KEY"
        ) from error
