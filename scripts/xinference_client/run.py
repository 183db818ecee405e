"""Runs real Xinference releases against a hub: one update of every type, then a second start.

Wheels and the clients' own Python are kept under the user's cache folder; the package index is all
that a fresh machine needs. See `update` for what is real and what is stubbed.
"""

from __future__ import annotations

import json
import tempfile
import threading
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

from scripts.xinference_client.wheels import cache_folder, run_inside, unpacked


@dataclass(frozen=True)
class TypeUpdate:
    """One type's update: records served, loadable each alone, and loaded from the stored list, in order.

    `missing`: names of loadable records that are not in the client's registry afterwards.
    """

    served: int
    loadable: int
    loaded: int
    problems: tuple[str, ...]
    missing: tuple[str, ...]

    @property
    def whole(self) -> bool:
        """Everything loadable loaded, and nothing raised."""
        return self.loaded >= self.loadable and not self.problems and not self.missing


@dataclass(frozen=True)
class ClientRun:
    """One release after an update of all its types; `error` is what its next start raised."""

    types: Mapping[str, TypeUpdate]
    starts: bool
    error: str


def run_clients(hub_url: str, releases: Sequence[str], *, at_once: int = 2) -> dict[str, ClientRun]:
    """{release: what it made of the hub's feed and whether it starts again}, about 15 s a release."""
    cache = cache_folder()
    for release in releases:
        unpacked(release, cache)
    with ThreadPoolExecutor(at_once) as pool:
        runs = pool.map(lambda release: _run_client(hub_url, release, cache), releases)
        return dict(zip(releases, runs, strict=True))


def _run_client(hub_url: str, release: str, cache: Path) -> ClientRun:
    folder = str(unpacked(release, cache))
    with tempfile.TemporaryDirectory(prefix=f"xinference-{release}-") as home:
        updates = _last_line(run_inside(cache, "update", ["update", folder, home, hub_url]))
        start = _last_line(run_inside(cache, "update", ["start", folder, home]))
    types = {
        name: TypeUpdate(**{**row, "problems": tuple(row["problems"]), "missing": tuple(row["missing"])})
        for name, row in updates.items()
    }
    return ClientRun(types, start["starts"], start["error"])


def _last_line(output: str) -> Any:
    """What a module that runs inside a release printed last, after whatever the release printed itself."""
    return json.loads(output.strip().rsplit("\n", 1)[-1])


@contextmanager
def serving(bodies: Mapping[str, bytes]) -> Iterator[str]:
    """The URL of a server that answers each type's update with these bytes, and other types with []."""

    class Answer(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked = parse_qs(urlsplit(self.path).query).get("model_type", [""])[0]
            body = bodies.get(asked, b"[]")
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            return None

    server = ThreadingHTTPServer(("127.0.0.1", 0), Answer)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
