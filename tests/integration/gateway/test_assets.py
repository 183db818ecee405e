from __future__ import annotations

import gzip
import json
from pathlib import Path

from flask import Flask
from flask.testing import FlaskClient

from gateway.assets import SOURCES, Assets, install_assets


def client_of(assets: Assets) -> FlaskClient:
    app = Flask("bare")
    install_assets(app, assets)
    return app.test_client()


def built(folder: Path) -> Assets:
    (folder / "hub-ABCDEF12.css").write_text("a{}", encoding="utf-8")
    (folder / "manifest.json").write_text(json.dumps({"hub.css": "hub-ABCDEF12.css"}), encoding="utf-8")
    return Assets(folder)


def test_built_file_may_be_kept_for_ever(tmp_path: Path) -> None:
    assets = built(tmp_path)
    assert assets.url("hub.css") == "/assets/hub-ABCDEF12.css"
    response = client_of(assets).get(assets.url("hub.css"))
    assert response.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    assert response.mimetype == "text/css"


def test_built_text_travels_gzipped_to_those_who_take_it(tmp_path: Path) -> None:
    client = client_of(built(tmp_path))
    zipped = client.get("/assets/hub-ABCDEF12.css", headers={"Accept-Encoding": "gzip, br"})
    assert (zipped.headers["Content-Encoding"], gzip.decompress(zipped.data)) == ("gzip", b"a{}")
    assert (zipped.mimetype, zipped.headers["Vary"]) == ("text/css", "Accept-Encoding")
    plain = client.get("/assets/hub-ABCDEF12.css", headers={"Accept-Encoding": "gzip;q=0"})
    assert (plain.headers.get("Content-Encoding"), plain.data) == (None, b"a{}")
    again = {"Accept-Encoding": "gzip", "If-None-Match": zipped.headers["ETag"]}
    assert client.get("/assets/hub-ABCDEF12.css", headers=again).status_code == 304


def test_brotli_goes_to_those_who_take_it_where_a_build_made_it(tmp_path: Path) -> None:
    client = client_of(built(tmp_path))
    (tmp_path / "hub-ABCDEF12.css.br").write_bytes(b"smaller")
    squeezed = client.get("/assets/hub-ABCDEF12.css", headers={"Accept-Encoding": "gzip, br"})
    assert (squeezed.headers["Content-Encoding"], squeezed.data) == ("br", b"smaller")
    assert (squeezed.mimetype, squeezed.headers["Vary"]) == ("text/css", "Accept-Encoding")
    refusing = client.get("/assets/hub-ABCDEF12.css", headers={"Accept-Encoding": "gzip, br;q=0"})
    assert (refusing.headers["Content-Encoding"], gzip.decompress(refusing.data)) == ("gzip", b"a{}")
    assert client.get("/assets/hub-ABCDEF12.css.br").status_code == 404


def test_file_outside_the_manifest_is_not_served(tmp_path: Path) -> None:
    client = client_of(built(tmp_path))
    assert client.get("/assets/manifest.json").status_code == 404
    assert client.get("/assets/../app.py").status_code == 404


def test_without_a_build_the_plain_sources_are_served(tmp_path: Path) -> None:
    assets = Assets(tmp_path)
    client = client_of(assets)
    for name in ("hub.css", "hub.js", "favicon.svg", "css/tokens.css"):
        response = client.get(f"/assets/{name}")
        assert (response.status_code, response.headers["Cache-Control"]) == (200, "no-cache")
    assert assets.url("icons.svg") == assets.url("editor.js") == ""


def test_plain_style_sheet_imports_only_what_is_served(tmp_path: Path) -> None:
    served = Assets(tmp_path).served
    imports = [
        line.split('"')[1] for line in (SOURCES / "hub.css").read_text("utf-8").splitlines() if "@import" in line
    ]
    assert imports
    assert {name.removeprefix("./") for name in imports} <= served


def test_packages_are_pinned_and_the_lock_names_no_registry() -> None:
    package = json.loads((SOURCES / "package.json").read_text(encoding="utf-8"))
    versions = [*package["dependencies"].values(), *package["devDependencies"].values()]
    assert all(version[0].isdigit() for version in versions)
    lock = json.loads((SOURCES / "package-lock.json").read_text(encoding="utf-8"))
    assert not [name for name, entry in lock["packages"].items() if "resolved" in entry]
    assert all("integrity" in entry for name, entry in lock["packages"].items() if name)
