"""A relay and a subscriber in one process under eventlet, as services run: prints what was applied, then ends.

`python -c` runs `main`, because everything after its first line must be loaded green.
"""

from __future__ import annotations

import sys

from shared.green import go_green


def main(amqp_uri: str, source_url: str, reader_url: str, count: int) -> None:
    """Appends `count` events in as many green threads as there are streams, and waits until all are applied."""
    go_green()
    import threading
    from contextlib import ExitStack

    from tests.support.brokered import World

    with ExitStack() as stack:
        world = World(stack, amqp_uri, source_url=source_url, reader_url=reader_url)
        relay = world.relay()
        relay.start()
        replica = world.started()

        def write(stream: str) -> None:
            for index in range(count // 4):
                world.append(stream, f"{stream}-{index}")

        writers = [threading.Thread(target=write, args=(f"note-{number}",)) for number in range(4)]
        for writer in writers:
            writer.start()
        for writer in writers:
            writer.join()
        world.all_applied()
        world.all_published()
        sys.stdout.write(f"{len(world.applied())} {replica.subscription.status().delivered > 0}\n")


def idle(amqp_uri: str, source_url: str, reader_url: str, seconds: float) -> None:
    """A relay and two replicas of a subscriber do nothing for so long, under a broker that is soon impatient."""
    go_green()
    import time
    from contextlib import ExitStack

    from shared import broker
    from tests.support.brokered import World

    made: list[str] = []
    connected = broker.connected

    def counted(uri: str, *, purpose: str) -> object:
        made.append(purpose)
        return connected(uri, purpose=purpose)

    broker.HEARTBEAT_S, broker.connected = 2, counted
    with ExitStack() as stack:
        world = World(stack, amqp_uri, source_url=source_url, reader_url=reader_url)
        world.relay().start()
        world.started()
        world.started()
        world.append("note-1", "first")
        world.all_applied()
        time.sleep(seconds)
        world.append("note-1", "second")
        world.all_applied()
        sys.stdout.write(f"{sorted(made)}\n")
