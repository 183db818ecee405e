"""What a batch of events leaves in the tables is what the same events leave one by one."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from services.catalog.application.generation import Generation
from services.catalog.projection import SOURCES
from shared.cursors import START, Cursor
from shared.database import Database
from shared.messages import Message
from shared.migrations import migrate
from tests.support.histories import History
from tests.support.rich_history import write
from tests.support.servers import postgresql


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    with ExitStack() as stack:
        url = f"sqlite:///{tmp_path / 'catalog.db'}"
        if request.param == "postgresql":
            url = stack.enter_context(postgresql().database())
            migrate("catalog", url)
        made = Database(url, serial=True)
        stack.callback(made.close)
        yield made


def test_a_batch_leaves_what_its_events_leave_one_by_one(history: History, database: Database) -> None:
    write(history)
    together, alone = (_generation(number, history, database) for number in (1, 2))
    together.catch_up()
    for source in SOURCES:
        _apply_one_by_one(alone, history, source)
    found = _tables(together, database)
    assert found == _tables(alone, database)
    assert all(len(found[name]) > 1 for name in ("models", "revisions", "contents", "verdicts", "pulls", "timeline"))


def _generation(number: int, history: History, database: Database) -> Generation:
    read_logs = {source: history.read_log(source) for source in SOURCES}
    return Generation(number, database=database, read_logs=read_logs, on_rewound=lambda: None)


def _apply_one_by_one(generation: Generation, history: History, source: str) -> None:
    cursor = START
    for event in history.read_log(source)(0, None, 10_000).events:
        generation.subscriptions[source].deliver([Message(event, cursor)])
        cursor = Cursor.at(event)
    assert generation.position(source) == cursor.position


def _tables(generation: Generation, database: Database) -> dict[str, list[Any]]:
    """Rows by table; of `touched` the order alone, for numbers are left out within a batch."""
    found = {}
    with database.read() as connection:
        for table in generation.tables.metadata.sorted_tables:
            name = table.name.partition("_")[2]
            if name == "touched":
                found[name] = list(connection.execute(select(table.c.model).order_by(table.c.seq)).scalars())
            else:
                found[name] = sorted(map(tuple, connection.execute(select(table))))
    return found
