"""What both sides serve: a hub's data directory, and the same rows for the SQL peer beside it.

Made once and kept in `build/bench` for as long as what they are made by does not change.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

from rich.console import Console

from gateway import first_start
from gateway.embedded import EmbeddedHub
from scripts.bench.peers import INDEXES, SCHEMA
from services.catalog.application.pages import model_row
from services.catalog.projection.models import Indexed, ModelReads
from services.catalog.projection.tables import Tables
from shared.config import Settings, from_environment
from shared.contracts import wire
from shared.database import Database
from tests.support.generated import append_imported, generated_models

ROOT = Path(__file__).resolve().parents[2]
KEPT = ROOT / "build" / "bench"
MADE_BY = (
    "services/catalog/projection",
    "shared/events",
    "shared/event_store",
    "shared/model_facts.py",
    "tests/support/generated.py",
    "scripts/bench/datasets.py",
    "scripts/bench/peers.py",
)
_FACETS = {
    "ability": "abilities",
    "engine": "engines",
    "format": "formats",
    "quantization": "quantizations",
    "source": "sources",
    "language": "languages",
}


def settings_of(data: Path) -> Settings:
    """A hub on `data`, with its own upstream where one was made and otherwise none."""
    chosen = {"HUB_DATA_DIR": str(data / "var"), "HUB_UPSTREAM_POLL_S": "3600"}
    if (data / "no-upstream").exists():
        chosen |= {"HUB_UPSTREAM": "off", "HUB_CATALOG_SOURCE": "none"}
    return from_environment(chosen, here=data)


def real_catalogue() -> Path:
    """The catalogue that a first start imports."""
    return _kept("real", _import_real)


def generated_catalogue(count: int) -> Path:
    """`count` generated models as events in registry's log, applied by every service."""

    def make(data: Path) -> None:
        (data / "no-upstream").touch()
        settings = settings_of(data)
        first_start.run(settings, _quiet())
        with closing(EmbeddedHub(settings)) as hub:
            store = hub.services["registry"].store
            if store is None:
                raise RuntimeError("registry: expected it to have a log")
            append_imported(store, generated_models(count))
            hub.settle()

    return _kept(f"generated-{count}", make)


def _import_real(data: Path) -> None:
    first_start.run(settings_of(data), _quiet())


def _quiet() -> Console:
    return Console(stderr=True, quiet=True)


def _kept(name: str, make: Callable[[Path], None]) -> Path:
    data = KEPT / name
    stamp = _stamp()
    if (data / "stamp").exists() and (data / "stamp").read_text() == stamp:
        return data
    shutil.rmtree(data, ignore_errors=True)
    data.mkdir(parents=True)
    make(data)
    make_peer(data)
    (data / "stamp").write_text(stamp)
    return data


def _stamp() -> str:
    """Of the sources of all that has a hand in a data set."""
    digest = hashlib.sha256()
    for place in MADE_BY:
        path = ROOT / place
        for file in sorted(path.rglob("*.py")) if path.is_dir() else [path]:
            digest.update(file.read_bytes())
    return digest.hexdigest()


def make_peer(data: Path) -> None:
    """`peer.db`: every model that an anonymous visitor finds, as the list and the detail show it."""
    with closing(sqlite3.connect(data / "peer.db")) as peer:
        peer.executescript(SCHEMA)
        facets: dict[tuple[str, str], int] = {}
        for number, model in enumerate(_offered(data), start=1):
            _insert(peer, number, model, facets)
        peer.executemany(
            "INSERT INTO facet_values VALUES (?, ?, ?)", [(number, *key) for key, number in facets.items()]
        )
        peer.executescript(INDEXES)
        peer.commit()


def _insert(peer: sqlite3.Connection, number: int, found: tuple[Indexed, str], facets: dict[Any, int]) -> None:
    model, document = found
    card, summary = model.card, model.card.summary
    row = wire.dump(model_row(card, pending=0, withheld=False))
    peer.execute(
        "INSERT INTO models VALUES (?, ?, ?, ?, ?, ?, ?)",
        (
            number,
            card.id,
            card.name,
            summary.updated_at,
            min(summary.sizes_b, default=None),
            max(summary.sizes_b, default=None),
            json.dumps(row, ensure_ascii=False),
        ),
    )
    peer.execute("INSERT INTO contents VALUES (?, ?, ?)", (number, document, model.readme))
    peer.execute(
        "INSERT INTO texts (rowid, name, description, readme) VALUES (?, ?, ?, ?)",
        (number, card.name, summary.description, model.readme),
    )
    values = [("type", card.type)]
    values += [(facet, value) for facet, name in _FACETS.items() for value in getattr(summary, name)]
    numbers = {facets.setdefault(value, len(facets) + 1) for value in values}
    peer.executemany("INSERT INTO model_facets VALUES (?, ?)", [(number, value) for value in numbers])


def _offered(data: Path) -> Iterator[tuple[Indexed, str]]:
    """Each model with its document, in the order of the list."""
    url = settings_of(data).database_url_of("catalog")
    with closing(Database(url, durable=False)) as database, database.read() as connection:
        number = connection.exec_driver_sql("SELECT generation FROM served_generation").scalar_one()
        tables = Tables(number)
        documents = f"SELECT document FROM {tables.contents.name} WHERE model = ? AND revision = ?"
        for model in ModelReads(tables).indexed(connection):
            key = (model.card.id, model.card.revision)
            yield model, connection.exec_driver_sql(documents, key).scalar_one()
