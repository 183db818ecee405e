"""What the hub is measured against: a raw WSGI app and bare Flask routes that answer the same.

Each does its job as well as one can in a few lines: the feed's bytes are gzipped once; the SQL has
the indexes that its queries want, facet values are small integers, and a request finds its models
once and counts and sorts what it found.
"""

from __future__ import annotations

import json
import re
import sqlite3
import threading
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, cast

from flask import Flask, Response, abort, jsonify, request

FEED_PATH = "/api/models/download"
FEED, FEED_HEADERS = "feed.gz", "feed.headers.json"
_OF_THE_BODY = {"content-type", "content-encoding", "content-length"}
_FACETS = ("type", "ability", "engine", "format", "quantization", "source", "language")
_WORD = re.compile(r"\w+")
_ORDER = {
    "name": "models.name",
    "size": "models.largest DESC, models.id",
    "-updated": "models.updated_at DESC, models.id",
}


class CopiedFeed:
    """The gzipped feed with its headers, as the hub gave them."""

    def __init__(self, data: Path) -> None:
        self.body = (data / FEED).read_bytes()
        self.headers = [(name, value) for name, value in json.loads((data / FEED_HEADERS).read_text())]
        self.unchanged = [item for item in self.headers if item[0].lower() not in _OF_THE_BODY]
        self.etag = next(value for name, value in self.headers if name.lower() == "etag")


def wsgi_feed(data: Path) -> Callable[..., Iterable[bytes]]:
    """The least that a Python server can do for the feed."""
    feed = CopiedFeed(data)

    def app(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        if environ.get("HTTP_IF_NONE_MATCH") == feed.etag:
            start_response("304 Not Modified", feed.unchanged)
            return ()
        start_response("200 OK", feed.headers)
        return (feed.body,)

    return app


def flask_feed(data: Path) -> Flask:
    """One route that answers the feed's bytes."""
    copied = CopiedFeed(data)
    app = Flask("feed")

    @app.get(FEED_PATH)
    def feed() -> Response:
        if request.headers.get("If-None-Match") == copied.etag:
            return Response(status=304, headers=copied.unchanged)
        return Response(copied.body, headers=copied.headers)

    return app


def flask_sql(data: Path) -> Flask:
    """A list with facets and a detail, straight out of SQLite."""
    app = Flask("sql")
    rows = SqlRows(data / "peer.db")

    @app.get("/api/v1/models")
    def models() -> Response:
        return jsonify(rows.page())

    @app.get("/api/v1/models/<name>")
    def model(name: str) -> Response:
        return jsonify(rows.detail(name))

    return app


class SqlRows:
    """Reads with a connection for each thread."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._mine = threading.local()
        with sqlite3.connect(path) as connection:
            found = connection.execute("SELECT id, facet, value FROM facet_values").fetchall()
        self._names = {number: (facet, value) for number, facet, value in found}
        self._ids = {(facet, value): number for number, facet, value in found}

    def _connection(self) -> sqlite3.Connection:
        if not hasattr(self._mine, "connection"):
            connection = sqlite3.connect(self._path, isolation_level=None)
            connection.execute("PRAGMA temp_store = MEMORY")
            connection.execute("PRAGMA mmap_size = 1000000000")
            connection.execute("PRAGMA cache_size = -100000")
            connection.execute("CREATE TEMP TABLE found (id INTEGER PRIMARY KEY, rank REAL)")
            self._mine.connection = connection
        return cast(sqlite3.Connection, self._mine.connection)

    def detail(self, name: str) -> dict[str, Any]:
        row = (
            self._connection()
            .execute(
                "SELECT row, document, readme FROM models JOIN contents USING (id) WHERE lower = ?", [name.lower()]
            )
            .fetchone()
        )
        if row is None:
            abort(404)
        return {**json.loads(row[0]), "document": row[1], "readme": row[2]}

    def page(self) -> dict[str, Any]:
        connection = self._connection()
        source, conditions, values, ranked = self._wanted()
        page, per_page = request.args.get("page", 1, int), request.args.get("per_page", 20, int)
        order = request.args.get("sort") or ("relevance" if ranked else "-updated")
        bounds = [per_page, (page - 1) * per_page]
        if not conditions:
            total = connection.execute("SELECT count(*) FROM models").fetchone()[0]
            rows = connection.execute(f"SELECT row FROM models ORDER BY {_ORDER[order]} LIMIT ? OFFSET ?", bounds)
            counts = connection.execute("SELECT value, count(*) FROM model_facets GROUP BY value")
        else:
            rank = "bm25(texts, 8, 2, 0.5)" if ranked else "0"
            where = " AND ".join(conditions)
            connection.execute("DELETE FROM temp.found")
            insert = f"INSERT INTO temp.found SELECT models.id, {rank} FROM {source} WHERE {where}"
            total = connection.execute(insert, values).rowcount
            by = "found.rank" if order == "relevance" else _ORDER[order]
            rows = connection.execute(
                f"SELECT row FROM temp.found JOIN models USING (id) ORDER BY {by} LIMIT ? OFFSET ?", bounds
            )
            counts = connection.execute(
                "SELECT value, count(*) FROM temp.found CROSS JOIN model_facets ON model = found.id GROUP BY value"
            )
        items = [json.loads(row[0]) for row in rows]
        return {"items": items, "total": total, "page": page, "per_page": per_page, "facets": self._facets(counts)}

    def _wanted(self) -> tuple[str, list[str], list[Any], bool]:
        """FROM, WHERE, its values, and whether there is a text to rank by."""
        source = "models"
        conditions: list[str] = []
        values: list[Any] = []
        words = _WORD.findall(request.args.get("q", ""))
        if words:
            source = "texts JOIN models ON models.id = texts.rowid"
            conditions.append("texts MATCH ?")
            values.append(" ".join(f'"{word}"' for word in words) + "*")
        for facet in _FACETS:
            chosen = [self._ids.get((facet, value), 0) for value in request.args.getlist(facet)]
            for group in [[value] for value in chosen] if facet == "ability" else [chosen] if chosen else []:
                marks = ", ".join("?" * len(group))
                conditions.append(f"models.id IN (SELECT model FROM model_facets WHERE value IN ({marks}))")
                values += group
        for name, sign in (("size_min_b", ">="), ("size_max_b", "<=")):
            if (bound := request.args.get(name, None, float)) is not None:
                column = "largest" if sign == ">=" else "smallest"
                conditions.append(f"models.{column} {sign} ?")
                values.append(bound)
        return source, conditions, values, bool(words)

    def _facets(self, counts: Iterable[tuple[int, int]]) -> dict[str, list[dict[str, Any]]]:
        facets: dict[str, list[dict[str, Any]]] = {facet: [] for facet in _FACETS}
        for number, count in counts:
            facet, value = self._names[number]
            facets[facet].append({"value": value, "count": count})
        for values in facets.values():
            values.sort(key=lambda item: (-item["count"], item["value"]))
        return facets


SCHEMA = """
CREATE TABLE models (id INTEGER PRIMARY KEY, lower TEXT UNIQUE, name TEXT, updated_at INTEGER, smallest REAL,
                     largest REAL, row TEXT);
CREATE TABLE contents (id INTEGER PRIMARY KEY, document TEXT, readme TEXT);
CREATE TABLE facet_values (id INTEGER PRIMARY KEY, facet TEXT, value TEXT, UNIQUE (facet, value));
CREATE TABLE model_facets (model INTEGER, value INTEGER, PRIMARY KEY (model, value)) WITHOUT ROWID;
CREATE VIRTUAL TABLE texts USING fts5 (name, description, readme, content = '');
"""
INDEXES = """
CREATE INDEX models_name ON models (name);
CREATE INDEX models_updated_at ON models (updated_at DESC, id);
CREATE INDEX models_largest ON models (largest DESC, id);
CREATE INDEX models_smallest ON models (smallest);
CREATE INDEX model_facets_value ON model_facets (value, model);
INSERT INTO texts (texts) VALUES ('optimize');
ANALYZE;
"""
