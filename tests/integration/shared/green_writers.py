"""Run by a test in a process of its own, as split mode's services run: everything under eventlet."""

from __future__ import annotations

import eventlet

eventlet.monkey_patch()

import sys  # noqa: E402
import time  # noqa: E402

from sqlalchemy import text  # noqa: E402

from shared.database import Database, any_transaction_open  # noqa: E402


def main(url: str) -> None:
    """Prints the most greenlets that were inside a transaction at once, and what the main one saw of it."""
    database = Database(url)
    inside: list[int] = [0]
    most: list[int] = [0]

    def write(number: int) -> None:
        assert not any_transaction_open()
        with database.write() as connection:
            inside[0] += 1
            most[0] = max(most[0], inside[0])
            connection.execute(text("SELECT pg_sleep(0.3)"))
            connection.execute(text("INSERT INTO numbers (n) VALUES (:number)"), {"number": number})
            assert database.in_transaction()
            inside[0] -= 1

    greenlets = [eventlet.spawn(write, number) for number in range(8)]
    while inside[0] < 8:
        time.sleep(0.01)
    seen = any_transaction_open() or database.in_transaction()
    for greenlet in greenlets:
        greenlet.wait()
    sys.stdout.write(f"{most[0]} {seen}\n")


if __name__ == "__main__":
    main(sys.argv[1])
