"""Anonymous pages and lists, answered before Flask for as long as the catalog has not changed.

An entry is good while catalog's version is the one it was made at, and a minute at most, because
pages say how long ago things were. Who is signed in, or has a message waiting, is never answered
from here.
"""

from __future__ import annotations

import gzip
import hashlib
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from werkzeug.datastructures import LanguageAccept
from werkzeug.http import parse_accept_header, parse_cookie

from gateway.auth import SESSION_COOKIE
from gateway.feed_cache import takes_gzip
from gateway.i18n import COOKIE as LANGUAGE_COOKIE
from gateway.i18n import LANGUAGES, choose_language
from gateway.preferences import CHOICES
from shared.contracts.catalog import Catalog
from shared.contracts.common import Empty, system_caller
from shared.errors import HubError

StartResponse = Callable[..., Any]
Wsgi = Callable[[dict[str, Any], StartResponse], Iterable[bytes]]
Headers = list[tuple[str, str]]
Key = tuple[str, ...]
Version = tuple[str, bool]

VERSION_FRESH_S = 0.01
"""How old catalog's version may be: asking costs more than answering."""
ENTRY_FRESH_S = 60.0
BYTES_AT_MOST = 32_000_000
ENTRY_BYTES_AT_MOST = 1_000_000
FLASH_COOKIE = "hub_flash"
OWN = frozenset({"/", "/models", "/api/docs"})
DETAIL, API_LIST, API_MODEL = "/models/detail/", "/api/v1/models", "/api/v1/models/"
_NOT_KEPT = {"content-length", "x-correlation-id", "date", "etag", "vary", "cache-control"}
_STRIPES = 64


@dataclass(slots=True, kw_only=True)
class Entry:
    """One answer, ready to send; its gzipped form is made when it is first asked for."""

    version: Version
    expires_at: float
    etag: str
    body: bytes
    headers: Headers
    _zipped: bytes | None = field(default=None)

    @property
    def size(self) -> int:
        return len(self.body) * 5 // 4

    def zipped(self) -> bytes:
        if self._zipped is None:
            self._zipped = gzip.compress(self.body, compresslevel=8, mtime=0)
        return self._zipped


class PageCache:
    """Entries by key; the oldest go where there are too many. Safe from any thread."""

    def __init__(self, catalog: Catalog, *, clock: Callable[[], float] = time.monotonic) -> None:
        self.clock = clock
        self._catalog = catalog
        self._entries: dict[Key, Entry] = {}
        self._bytes = 0
        self._lock = threading.Lock()
        self._version: Version | None = None
        self._asked_at = float("-inf")

    def version(self) -> Version | None:
        """Catalog's version, asked for at most every hundredth of a second; None where it does not answer."""
        now = self.clock()
        if now - self._asked_at < VERSION_FRESH_S:
            return self._version
        try:
            answer = self._catalog.version(Empty(), system_caller("gateway"))
        except HubError:
            # Whoever asks goes on to the app, which says what is wrong.
            self._version = None
        else:
            self._version = (answer.version, answer.rebuilding)
        self._asked_at = now
        return self._version

    def wake(self) -> None:
        """Something was applied: ask catalog again at once; cheap, from any thread."""
        self._asked_at = float("-inf")

    def get(self, key: Key, version: Version) -> Entry | None:
        entry = self._entries.get(key)
        if entry is None or entry.version != version or entry.expires_at < self.clock():
            return None
        return entry

    def put(self, key: Key, entry: Entry) -> None:
        if entry.size > ENTRY_BYTES_AT_MOST:
            return
        with self._lock:
            self._drop(key)
            self._entries[key] = entry
            self._bytes += entry.size
            if self._bytes > BYTES_AT_MOST:
                for old in [name for name, held in self._entries.items() if held.version != entry.version]:
                    self._drop(old)
            while self._bytes > BYTES_AT_MOST:
                self._drop(next(iter(self._entries)))

    def _drop(self, key: Key) -> None:
        entry = self._entries.pop(key, None)
        if entry is not None:
            self._bytes -= entry.size


class PageMiddleware:
    """Answers what it may from the cache; all else goes on to the app, and is kept where it may be."""

    def __init__(self, app: Wsgi, cache: PageCache) -> None:
        self._app = app
        self._cache = cache
        self._turns = [threading.Lock() for _ in range(_STRIPES)]

    def __call__(self, environ: dict[str, Any], start_response: StartResponse) -> Iterable[bytes]:
        key = key_of(environ)
        version = self._cache.version() if key is not None else None
        if key is None or version is None:
            return self._app(environ, start_response)
        entry = self._cache.get(key, version)
        if entry is None:
            if environ["REQUEST_METHOD"] == "HEAD":
                return self._app(environ, start_response)
            # One makes the page, the others wait for it: after a change everybody asks for the same one.
            with self._turns[hash(key) % _STRIPES]:
                entry = self._cache.get(key, version)
                if entry is None:
                    made = self._made(environ, key, version)
                    if not isinstance(made, Entry):
                        return made.answer(start_response)
                    entry = made
        return answered(entry, environ, start_response)

    def _made(self, environ: dict[str, Any], key: Key, version: Version) -> Entry | Passed:
        passed = Passed()
        answer = self._app(environ, passed.start)
        try:
            passed.body = b"".join(answer)
        finally:
            close = getattr(answer, "close", None)
            if close is not None:
                close()
        if not passed.may_be_kept:
            return passed
        entry = Entry(
            version=version,
            expires_at=self._cache.clock() + ENTRY_FRESH_S,
            etag=hashlib.sha256(passed.body).hexdigest()[:24],
            body=passed.body,
            headers=[item for item in passed.headers if item[0].lower() not in _NOT_KEPT],
        )
        self._cache.put(key, entry)
        return entry


@dataclass(slots=True)
class Passed:
    """What the app answered, to be handed on as it is or kept."""

    status: str = ""
    headers: Headers = field(default_factory=list)
    body: bytes = b""

    def start(self, status: str, headers: Headers, exc_info: Any = None) -> Callable[[bytes], object]:
        self.status, self.headers = status, headers
        return lambda data: None

    @property
    def may_be_kept(self) -> bool:
        """A whole answer that is no one's own."""
        names = {name.lower() for name, _ in self.headers}
        held = any(name.lower() == "cache-control" and "no-store" in value for name, value in self.headers)
        return self.status.startswith("200") and "set-cookie" not in names and not held

    def answer(self, start_response: StartResponse) -> Iterable[bytes]:
        start_response(self.status, self.headers)
        return (self.body,)


def answered(entry: Entry, environ: dict[str, Any], start_response: StartResponse) -> Iterable[bytes]:
    """The entry as this request wants it: 304, gzipped, without a body, or whole."""
    headers = [
        *entry.headers,
        ("ETag", f'W/"{entry.etag}"'),
        ("Cache-Control", "no-cache"),
        ("Vary", "Accept-Encoding, Accept-Language, Authorization, Cookie"),
    ]
    asked = environ.get("HTTP_IF_NONE_MATCH")
    if asked is not None and (entry.etag in asked or asked.strip() == "*"):
        start_response("304 Not Modified", headers)
        return ()
    body = entry.body
    if takes_gzip(environ.get("HTTP_ACCEPT_ENCODING", "")):
        body = entry.zipped()
        headers.append(("Content-Encoding", "gzip"))
    headers.append(("Content-Length", str(len(body))))
    start_response("200 OK", headers)
    return () if environ["REQUEST_METHOD"] == "HEAD" else (body,)


def key_of(environ: dict[str, Any]) -> Key | None:
    """What the answer depends on; None where it must not come from here."""
    if environ["REQUEST_METHOD"] not in ("GET", "HEAD") or "HTTP_AUTHORIZATION" in environ:
        return None
    path, query = environ.get("PATH_INFO", ""), environ.get("QUERY_STRING", "")
    is_page = path in OWN or path.startswith(DETAIL)
    if not is_page and path != API_LIST and not (path.startswith(API_MODEL) and "/" not in path[len(API_MODEL) :]):
        return None
    look = look_of(environ.get("HTTP_COOKIE", ""), environ.get("HTTP_ACCEPT_LANGUAGE", ""))
    if look is None or "min_position" in query:
        return None
    return (path, query, *look) if is_page else (path, query)


@lru_cache(maxsize=2048)
def look_of(cookies: str, accepted: str) -> tuple[str, ...] | None:
    """Language, theme and shortcut of an anonymous visitor; None for one who is known or has a message waiting."""
    given = parse_cookie(cookies) if cookies else {}
    if SESSION_COOKIE in given or FLASH_COOKIE in given:
        return None
    wish = parse_accept_header(accepted, LanguageAccept).best_match(list(LANGUAGES)) if accepted else None
    language = choose_language(cookie=given.get(LANGUAGE_COOKIE, ""), account="", accepted=wish)
    theme, shortcuts = given.get("theme", ""), given.get("shortcuts", "")
    return (
        language,
        theme if theme in CHOICES["theme"] else "",
        shortcuts if shortcuts in CHOICES["shortcuts"] else "",
    )
