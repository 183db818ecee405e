"""A broker of three nodes loses one of them under load, and no event."""

from __future__ import annotations

import threading
from contextlib import ExitStack

from scripts.servers.rabbitmq import RabbitMQ
from tests.support.brokered import SOURCE, SUBSCRIBER, World
from tests.support.log_reading import eventually
from tests.support.servers import rabbitmq_cluster

QUEUE = f"{SUBSCRIBER}.{SOURCE}"


def leader_of(queue: str, nodes: list[RabbitMQ]) -> RabbitMQ:
    """The node that leads a quorum queue now."""
    listed = nodes[0].ctl("list_queues", "--no-table-headers", "name", "leader", "members")
    _, leader, members = next(line.split("\t") for line in listed.splitlines() if line.startswith(f"{queue}\t"))
    assert members.count("@") == len(nodes)
    return next(node for node in nodes if node.name == leader)


def test_the_leader_of_a_queue_is_killed_under_load_and_nothing_is_lost() -> None:
    with rabbitmq_cluster(3) as nodes, ExitStack() as stack:
        world = World(stack, ";".join(node.uri() for node in nodes))
        world.relay().start()
        replica = world.started()
        world.append("note-a", "first")
        world.all_applied()
        leader = leader_of(QUEUE, nodes)
        half = threading.Event()

        def write() -> None:
            for index in range(200):
                world.append(f"note-{index % 5}", f"t{index}")
                if index == 100:
                    half.set()

        writer = threading.Thread(target=write)
        writer.start()
        assert half.wait(60.0)
        leader.kill()
        writer.join()
        world.all_applied(within_s=60.0)
        world.all_published(within_s=60.0)
        before = replica.subscription.status().delivered

        def delivered_again() -> bool:
            world.append("note-a", "after")
            return replica.subscription.status().delivered > before

        eventually(delivered_again, within_s=60.0)
        world.all_applied(within_s=60.0)
        assert replica.delivery.status().rejected == 0
