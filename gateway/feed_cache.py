"""The public feed, answered before Flask from bodies held in memory, gzipped once.

A background thread asks catalog for the feeds' etags and fetches what changed. When catalog fails,
the last good bodies go on being served, after a restart too where they are kept on disk. Of several
replicas' feeds an older one never takes a newer one's place.
"""

from __future__ import annotations

import gzip
import re
import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs

import structlog

from gateway.catalog_watch import Newest
from gateway.kept_feed import KeptFeed
from shared.contracts.catalog import Catalog, ReadFeed, ReadFeedVersions
from shared.contracts.common import system_caller
from shared.errors import HubError

PATH = "/api/models/download"
TYPES = ("llm", "embedding", "rerank", "image", "audio", "video", "world", "flexible")
LOOK_S = 0.25
_TOGETHER_S = 0.05
_GZIP_REFUSED = re.compile(r"\bgzip\s*;\s*q=0(\.0*)?\s*(,|$)", re.IGNORECASE)
log = structlog.get_logger(__name__)

StartResponse = Callable[..., Any]
Wsgi = Callable[[dict[str, Any], StartResponse], Iterable[bytes]]


def takes_gzip(accept_encoding: str) -> bool:
    """Whether the client takes gzip; it may also name it to refuse it."""
    return "gzip" in accept_encoding and not ("q=0" in accept_encoding and _GZIP_REFUSED.search(accept_encoding))


@dataclass(frozen=True, slots=True)
class Snapshot:
    """One type's feed, ready to send: headers for each answer are made once."""

    etag: str
    body: bytes
    zipped: bytes
    plain_headers: list[tuple[str, str]]
    gzip_headers: list[tuple[str, str]]
    unchanged_headers: list[tuple[str, str]]


def weak_etag(etag: str) -> str:
    """As a header carries it, whether or not `etag` comes quoted."""
    return f'W/"{etag.strip(chr(34))}"'


def snapshot_of(etag: str, body: bytes) -> Snapshot:
    """Weak comparison makes one etag fit both encodings."""
    zipped = gzip.compress(body, compresslevel=9, mtime=0)
    common = [
        ("Content-Type", "application/json"),
        ("ETag", weak_etag(etag)),
        ("Cache-Control", "public, no-cache"),
        ("Vary", "Accept-Encoding, X-Models-Token"),
        ("X-Content-Type-Options", "nosniff"),
    ]
    return Snapshot(
        etag=etag,
        body=body,
        zipped=zipped,
        plain_headers=[*common, ("Content-Length", str(len(body)))],
        gzip_headers=[*common, ("Content-Encoding", "gzip"), ("Content-Length", str(len(zipped)))],
        unchanged_headers=common[1:],
    )


class FeedCache:
    """The newest snapshot of each type. `kept`: where they are kept for a later start."""

    def __init__(self, catalog: Catalog, *, kept: KeptFeed | None = None, look_s: float = LOOK_S) -> None:
        self._catalog = catalog
        self._kept = kept
        self._look_s = look_s
        self._newest = Newest()
        self._snapshots: Mapping[str, Snapshot] = {}
        self._turn = threading.Lock()
        self._woken = threading.Event()
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None
        self._failing = False

    def get(self, model_type: str) -> Snapshot | None:
        return self._snapshots.get(model_type)

    def refresh(self) -> None:
        """Fetches what changed; a failing catalog leaves what is there."""
        caller = system_caller("gateway")
        with self._turn:
            try:
                versions = self._catalog.feed_versions(ReadFeedVersions(), caller)
                if not self._newest.takes(versions.version):
                    return
                fresh = dict(self._snapshots)
                for model_type in TYPES:
                    held = fresh.get(model_type)
                    if held is not None and held.etag == versions.etags.get(model_type, held.etag):
                        continue
                    # Another replica may answer: it is to show at least what this one has told.
                    asked = ReadFeed(type=model_type, min_position=f"catalog:{versions.version}")
                    fresh[model_type] = self._fetched(asked)
            except HubError as error:
                if not self._failing:
                    log.warning("feed refresh failed, the last good feed is served", error=error.message)
                self._failing = True
                return
            self._failing = False
            self._snapshots = fresh

    def _fetched(self, asked: ReadFeed) -> Snapshot:
        feed = self._catalog.feed(asked, system_caller("gateway"))
        body = feed.body.encode("utf-8")
        if self._kept is not None:
            self._kept.keep(asked.type, feed.etag, body)
        return snapshot_of(feed.etag, body)

    def _restore(self) -> None:
        """Only for as long as catalog does not answer: the first refresh compares the etags."""
        found = {name: self._kept.find(name) for name in TYPES} if self._kept is not None else {}
        self._snapshots = {name: snapshot_of(*kept) for name, kept in found.items() if kept is not None}

    def start(self, *, wait: bool = True) -> None:
        """Refreshes now, and again when woken or after `look_s`; without `wait` a kept feed serves meanwhile."""
        self._restore()
        if wait:
            self.refresh()
        else:
            self.wake()
        self._stopping.clear()
        self._thread = threading.Thread(target=self._run, name="feed-cache", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        self._stopping.set()
        self._woken.set()
        if self._thread is not None:
            self._thread.join()

    def wake(self) -> None:
        """Something was applied; cheap, from any thread."""
        self._woken.set()

    def _run(self) -> None:
        while not self._stopping.is_set():
            if self._woken.wait(self._look_s):
                # What one change leads to comes within a moment; clients look once a day.
                self._stopping.wait(_TOGETHER_S)
            self._woken.clear()
            try:
                self.refresh()
            except Exception:
                # A thread's top: the feed must go on being served, and the next look tries again.
                log.exception("feed refresh failed unexpectedly")


class FeedMiddleware:
    """Answers a plain `GET /api/models/download?model_type=…` from the cache; all else goes on to Flask."""

    def __init__(self, app: Wsgi, cache: FeedCache) -> None:
        self._app = app
        self._cache = cache
        self._types = {f"model_type={name}": name for name in TYPES}

    def __call__(self, environ: dict[str, Any], start_response: StartResponse) -> Iterable[bytes]:
        if environ.get("PATH_INFO") != PATH or environ["REQUEST_METHOD"] not in ("GET", "HEAD"):
            return self._app(environ, start_response)
        if "HTTP_X_MODELS_TOKEN" in environ:
            return self._app(environ, start_response)
        model_type = self._type_of(environ.get("QUERY_STRING", ""))
        snapshot = self._cache.get(model_type) if model_type else None
        if snapshot is None:
            return self._app(environ, start_response)
        return self._answer(environ, start_response, snapshot)

    def _type_of(self, query: str) -> str | None:
        if (name := self._types.get(query)) is not None:
            return name
        values = parse_qs(query, keep_blank_values=True)
        if values.get("model_name"):
            return None
        return values["model_type"][0] if "model_type" in values else None

    @staticmethod
    def _answer(environ: dict[str, Any], start_response: StartResponse, snapshot: Snapshot) -> Iterable[bytes]:
        asked = environ.get("HTTP_IF_NONE_MATCH")
        if asked is not None and (snapshot.etag in asked or asked.strip() == "*"):
            start_response("304 Not Modified", snapshot.unchanged_headers)
            return ()
        zipped = takes_gzip(environ.get("HTTP_ACCEPT_ENCODING", ""))
        start_response("200 OK", snapshot.gzip_headers if zipped else snapshot.plain_headers)
        if environ["REQUEST_METHOD"] == "HEAD":
            return ()
        return (snapshot.zipped if zipped else snapshot.body,)
