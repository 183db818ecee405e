"""Serves the front end's files: hashed and immutable where the build ran, the plain sources where it did not."""

from __future__ import annotations

import json
from pathlib import Path

from flask import Flask, Response, abort, send_from_directory

HERE = Path(__file__).resolve().parent
DIST = HERE / "static" / "dist"
SOURCES = HERE / "frontend"
IMMUTABLE = "public, max-age=31536000, immutable"


def read_manifest(dist: Path) -> dict[str, str]:
    """Plain name to hashed name, as scripts/build_frontend.py wrote it; empty where it has not run."""
    path = dist / "manifest.json"
    if not path.exists():
        return {}
    manifest: dict[str, str] = json.loads(path.read_text(encoding="utf-8"))
    return manifest


def plain_sources(sources: Path) -> dict[str, str]:
    """What can be served without a build: the style sheet, its parts, the small script and the mark."""
    parts = {f"css/{path.name}": f"css/{path.name}" for path in sorted((sources / "css").glob("*.css"))}
    return {name: name for name in ("hub.css", "hub.js", "favicon.svg")} | parts


class Assets:
    """Where each file is found. `url` is "" for a file that only a build makes (icons, fonts, the editor)."""

    def __init__(self, dist: Path = DIST, sources: Path = SOURCES) -> None:
        manifest = read_manifest(dist)
        self.built = bool(manifest)
        self.folder = dist if self.built else sources
        self.files = manifest or plain_sources(sources)
        self.served = frozenset(self.files.values())

    def url(self, name: str) -> str:
        """The path to put into a page."""
        served = self.files.get(name, "")
        return f"/assets/{served}" if served else ""

    def response(self, served: str) -> Response:
        """A hashed file may be kept for ever; a plain source is asked for again each time (ETag)."""
        if served not in self.served:
            abort(404)
        response = send_from_directory(self.folder, served)
        response.headers["Cache-Control"] = IMMUTABLE if self.built else "no-cache"
        return response


def install_assets(app: Flask, assets: Assets | None = None) -> Assets:
    """Adds GET `/assets/<name>` and the template function `asset_url(name)`."""
    found = assets or Assets()
    app.add_url_rule("/assets/<path:served>", "assets", found.response)
    app.jinja_env.globals["asset_url"] = found.url
    return found
