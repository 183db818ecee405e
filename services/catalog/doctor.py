"""Whether what the catalog serves is what the logs say: a fresh generation, built beside it, must be equal."""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Mapping
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Table, select

from services.catalog.application.generation import SUBSCRIBER, Generation
from services.catalog.application.ledger import SERVED
from services.catalog.projection import PROJECTION_VERSION, SOURCES
from services.catalog.projection.tables import Tables
from shared.database import Database
from shared.doctor import Check, cursor_of, differences, parked_check
from shared.event_store.interface import LogPage
from shared.subscription import ReadLog

ADVICE = "models-hub rebuild catalog"


def examine(database: Database, read_logs: Mapping[str, ReadLog]) -> list[Check]:
    """Compares table by table, at the positions where the served generation stands; touches nothing of it."""
    subject = "catalog: what is served is what the logs say"
    with database.read() as connection:
        ours = SERVED.c.projection_version == PROJECTION_VERSION
        served = connection.execute(select(SERVED.c.generation).where(ours)).first()
        if served is None:
            old = "the read models are of another release; start the hub, which builds them anew by itself"
            return [Check(subject=subject, differs=[old])]
        tables = Tables(served.generation)
        positions = {
            source: cursor_of(connection, SUBSCRIBER, source, generation=served.generation).position
            for source in SOURCES
        }
        found = _contents(connection, tables)
        parked = parked_check("catalog", connection)
    expected = _built(read_logs, positions)
    differs = [
        said
        for table in expected
        for said in differences(expected[table], found[table], what=f"{table}:", advice=ADVICE)
    ]
    rows = sum(map(len, expected.values()))
    return [Check(subject=f"{subject}: {rows} rows in {len(expected)} tables", differs=differs), parked]


def _built(read_logs: Mapping[str, ReadLog], positions: Mapping[str, int]) -> dict[str, dict[Any, str]]:
    limited = {source: partial(_read_up_to, read_logs[source], positions[source]) for source in SOURCES}
    with (
        tempfile.TemporaryDirectory(prefix="models-hub-doctor-") as folder,
        closing(Database(f"sqlite:///{Path(folder) / 'catalog.db'}", durable=False)) as scratch,
    ):
        generation = Generation(1, database=scratch, read_logs=limited, on_rewound=_nothing)
        generation.catch_up()
        with scratch.read() as connection:
            return _contents(connection, generation.tables)


def _nothing() -> None:
    """A log restored at this very moment makes a difference, which the next run does not see any more."""


def _read_up_to(read_log: ReadLog, position: int, after: int, mark: str | None, limit: int) -> LogPage:
    page = read_log(after, mark, limit)
    return LogPage(events=tuple(e for e in page.events if e.position <= position), head=min(page.head, position))


def _contents(connection: Connection, tables: Tables) -> dict[str, dict[Any, str]]:
    """{table: {key: digest of its row}}, tables by their name without the generation."""
    prefix = f"g{tables.generation}_"
    return {
        table.name.removeprefix(prefix): _rows(connection, table, only_keys=table is tables.touched)
        for table in tables.metadata.sorted_tables
    }


def _rows(connection: Connection, table: Table, *, only_keys: bool) -> dict[Any, str]:
    """What counts up in the order of arrival differs without being wrong: of those, the keys alone."""
    keys = [column.name for column in table.primary_key]
    return {
        tuple(str(row[key]) for key in keys): "" if only_keys else _digest(tuple(row.values()))
        for row in connection.execute(select(table)).mappings()
    }


def _digest(row: tuple[Any, ...]) -> str:
    return hashlib.sha256(repr(row).encode("utf-8", "surrogatepass")).hexdigest()[:16]
