"""Appends from four threads until killed; prints stream/version of each append once it is acknowledged."""

from __future__ import annotations

import sys
import threading
from itertools import count

from shared.database import Database
from shared.event_store.sql import SqlEventStore
from tests.support.sample_events import TYPES, notes


def write(store: SqlEventStore, writer: int) -> None:
    for version in count():
        appended = store.append(f"note-{writer}", expected_version=version, events=notes("x" * 500))
        sys.stdout.write(f"{appended.stream}/{appended.version}\n")
        sys.stdout.flush()


def main() -> None:
    store = SqlEventStore(Database(sys.argv[1]), TYPES)
    threads = [threading.Thread(target=write, args=(store, writer)) for writer in range(4)]
    for thread in threads:
        thread.start()


if __name__ == "__main__":
    main()
