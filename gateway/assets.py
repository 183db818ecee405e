"""Serves the front end's files: hashed and immutable where the build ran, the plain sources where it did not."""

from __future__ import annotations

import gzip
import json
import mimetypes
from pathlib import Path

from flask import Flask, Response, abort, request, send_from_directory

from gateway.feed_cache import takes_gzip

HERE = Path(__file__).resolve().parent
DIST = HERE / "static" / "dist"
SOURCES = HERE / "frontend"
ZIPPED = (".css", ".js", ".svg")
IMMUTABLE = "public, max-age=31536000, immutable"


def read_manifest(dist: Path) -> dict[str, str]:
    """Plain name to hashed name, as scripts/build_frontend.py wrote it; empty where it has not run."""
    path = dist / "manifest.json"
    if not path.exists():
        return {}
    manifest: dict[str, str] = json.loads(path.read_text(encoding="utf-8"))
    return manifest


def plain_sources(sources: Path) -> dict[str, str]:
    """What can be served without a build: the style sheet, its parts, the small scripts and the mark."""
    parts = {f"css/{path.name}": f"css/{path.name}" for path in sorted((sources / "css").glob("*.css"))}
    return {name: name for name in ("hub.css", "hub.js", "review.js", "favicon.svg")} | parts


class Assets:
    """Where each file is found. `url` is "" for a file that only a build makes (icons, fonts, the editor)."""

    def __init__(self, dist: Path = DIST, sources: Path = SOURCES) -> None:
        manifest = read_manifest(dist)
        self.built = bool(manifest)
        self.folder = dist if self.built else sources
        self.files = manifest or plain_sources(sources)
        self.served = frozenset(self.files.values())
        self._bodies: dict[tuple[str, str], bytes] = {}

    def url(self, name: str) -> str:
        """The path to put into a page."""
        served = self.files.get(name, "")
        return f"/assets/{served}" if served else ""

    def response(self, served: str) -> Response:
        """A hashed file may be kept for ever; a plain source is asked for again each time (ETag)."""
        if served not in self.served:
            abort(404)
        zips = self.built and served.endswith(ZIPPED)
        coding = self._coding(served) if zips else ""
        response = self._coded(served, coding) if coding else send_from_directory(self.folder, served)
        response.headers["Cache-Control"] = IMMUTABLE if self.built else "no-cache"
        if zips:
            response.headers["Vary"] = "Accept-Encoding"
        return response

    def _coding(self, served: str) -> str:
        """The smallest form that the browser takes; a build makes Brotli's, where it could."""
        if request.accept_encodings.quality("br") > 0 and (self.folder / f"{served}.br").exists():
            return "br"
        return "gzip" if takes_gzip(request.headers.get("Accept-Encoding", "")) else ""

    def _coded(self, served: str, coding: str) -> Response:
        """Read or made when it is first asked for and kept: the files of a build never change."""
        body = self._bodies.get((served, coding))
        if body is None:
            path = self.folder / served
            if coding == "br":
                body = path.with_name(f"{served}.br").read_bytes()
            else:
                body = gzip.compress(path.read_bytes(), compresslevel=9, mtime=0)
            self._bodies[served, coding] = body
        kind = "text/javascript" if served.endswith(".js") else mimetypes.guess_type(served)[0]
        response = Response(body, mimetype=kind, headers={"Content-Encoding": coding})
        response.set_etag(f"{served}-{coding}")
        response.make_conditional(request)
        return response


def install_assets(app: Flask, assets: Assets | None = None) -> Assets:
    """Adds GET `/assets/<name>` and the template function `asset_url(name)`."""
    found = assets or Assets()
    app.add_url_rule("/assets/<path:served>", "assets", found.response)
    app.jinja_env.globals["asset_url"] = found.url
    return found
