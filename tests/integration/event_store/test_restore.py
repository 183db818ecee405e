"""A PostgreSQL log that was restored from a real dump is seen to be another, and nothing is skipped."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from scripts.servers.postgresql import program
from shared.database import Database
from shared.event_store.interface import LogPage, LogRewound
from shared.event_store.restored import UNKNOWN_POSITIONS, settle
from shared.event_store.sql import SqlEventStore
from shared.event_store.table import METADATA
from shared.relay_cursor import METADATA as RELAY
from shared.subscription import Subscription
from tests.support.log_reading import Reader
from tests.support.real_data import PROJECT
from tests.support.sample_events import TYPES, notes
from tests.support.servers import postgresql


class Log:
    """A log on PostgreSQL that is dumped and restored by the server's own programs."""

    def __init__(self, url: str, folder: Path, stack: ExitStack) -> None:
        self.url = url
        self._folder = folder
        self._stack = stack
        self.database = Database(url)
        self.database.create_at_once(METADATA)
        self.database.create_at_once(RELAY)
        self.store = SqlEventStore(self.database, TYPES)

    def append(self, *texts: str) -> int:
        version = len(self.store.read_stream("note-a"))
        return self.store.append("note-a", expected_version=version, events=notes(*texts)).position

    def published(self, position: int) -> None:
        with self.database.write() as connection:
            connection.execute(text("DELETE FROM relay"))
            connection.execute(text("INSERT INTO relay VALUES (1, :position, 'm')"), {"position": position})

    def dump(self) -> Path:
        file = self._folder / "log.dump"
        self._run("pg_dump", "--format=custom", f"--file={file}", f"--dbname={self.url}")
        return file

    def restore(self, dump: Path) -> None:
        """As an operator does: the service is stopped meanwhile."""
        self.database.close()
        self._run("pg_restore", "--clean", "--if-exists", f"--dbname={self.url}", str(dump))
        self.database = Database(self.url)
        self.store = SqlEventStore(self.database, TYPES)

    @staticmethod
    def _run(name: str, *arguments: str) -> None:
        subprocess.run([program(name), *arguments], check=True, timeout=60)

    def read_log(self, after: int, mark: str | None, limit: int) -> LogPage:
        return self.store.read_log(after=after, mark=mark, limit=limit)

    def subscription(self, on_rewound: Callable[[], None] | None = None) -> tuple[Reader, Subscription]:
        database = Database(f"sqlite:///{self._folder / 'reader.db'}")
        self._stack.callback(database.close)
        reader = Reader(database)
        options: dict[str, Any] = {"name": "reader", "source": "sample", "on_rewound": on_rewound}
        return reader, Subscription(database=database, handlers=reader.handlers(), read_log=self.read_log, **options)


@pytest.fixture
def log(tmp_path: Path) -> Iterator[Log]:
    with ExitStack() as stack:
        log = Log(stack.enter_context(postgresql().database()), tmp_path, stack)
        yield log
        log.database.close()


def named(prefix: str, count: int) -> list[str]:
    return [f"{prefix}{number:02}" for number in range(count)]


def test_events_after_a_restore_are_all_applied_though_positions_were_seen_before(log: Log) -> None:
    log.append(*named("t", 5))
    log.published(5)
    dump = log.dump()
    newest = log.append(*named("gone", 10))
    reader, subscription = log.subscription()
    subscription.catch_up()
    log.restore(dump)
    assert settle(log.url, newest=newest) == 15
    log.append(*named("new", 11))
    assert subscription.catch_up() == log.store.head()[0] == 26
    assert [found for found in reader.texts() if found.startswith("new")] == named("new", 11)


def test_one_dump_restored_twice_skips_nothing(log: Log) -> None:
    log.append(*named("t", 5))
    log.published(5)
    dump = log.dump()
    reader, subscription = log.subscription()
    for attempt in "xy":
        log.restore(dump)
        assert settle(log.url) == 5 + UNKNOWN_POSITIONS
        log.append(*named(attempt, 10))
        subscription.catch_up()
        assert set(named(attempt, 10)) <= set(reader.texts())
    assert log.store.head()[0] == 5 + UNKNOWN_POSITIONS + 10


def test_a_dump_made_while_a_transaction_was_open_is_seen_to_be_no_prefix(log: Log) -> None:
    """Position 2 was open as the dump was made, 3 was committed: the dump holds 3 and never held 2."""
    log.append("one")
    log.published(1)
    with log.store.transaction() as connection:
        log.store.append("note-open", expected_version=0, events=notes("late"), connection=connection)
        other = SqlEventStore(Database(log.url), TYPES)
        other.append("note-b", expected_version=0, events=notes("three"))
        dump = log.dump()
    calls: list[str] = []
    reader, subscription = log.subscription(on_rewound=lambda: calls.append("rebuild"))
    subscription.catch_up()
    assert reader.texts() == ["late", "one", "three"]
    log.restore(dump)
    assert [event.event.text for event in log.read_log(0, None, 500).events] == ["one", "three"]
    settle(log.url, newest=3)
    subscription.catch_up()
    assert calls == ["rebuild"]


def test_after_a_faithful_restore_every_reader_goes_on_from_its_cursor(log: Log) -> None:
    log.append("one", "two")
    log.published(2)
    reader, subscription = log.subscription()
    subscription.catch_up()
    log.restore(log.dump())
    settle(log.url, newest=2)
    log.append("three")
    subscription.catch_up()
    assert reader.rows() == [("note-a", "one", 1), ("note-a", "three", 1), ("note-a", "two", 1)]


def test_a_log_restored_under_a_running_store_is_read_as_what_it_is_now(log: Log) -> None:
    log.append(*named("t", 3))
    dump = log.dump()
    log.append(*named("gone", 5))
    running = log.store
    position, mark = running.head()
    assert position == 8
    subprocess.run([program("pg_restore"), "--clean", "--if-exists", f"--dbname={log.url}", dump], check=True)
    assert running.head()[0] == 3
    with pytest.raises(LogRewound):
        running.read_log(after=position, mark=mark)


def test_the_operators_command_says_where_new_events_start(log: Log) -> None:
    log.append("one", "two")
    command = [sys.executable, "-m", "shared.event_store.restored"]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("HUB_")}
    environment["DATABASE_URL"] = log.url
    ran = subprocess.run([*command, "40"], cwd=PROJECT, env=environment, capture_output=True, text=True, check=True)
    assert ran.stdout == "new events start above position 40\n"
    assert log.append("three") == 41
    assert (
        subprocess.run([*command, "x"], cwd=PROJECT, env=environment, capture_output=True, check=False).returncode == 2
    )
