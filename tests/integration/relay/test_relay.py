"""A service's log reaches the broker: each event, in order, by one relay at a time."""

from __future__ import annotations

from tests.support.brokered import World


def test_what_is_appended_is_applied_by_message_once_and_in_order(world: World) -> None:
    world.relay().start()
    replica = world.started()
    for index in range(40):
        world.append(f"note-{index % 3}", f"t{index}", f"u{index}")
    world.all_applied()
    assert replica.subscription.status().delivered > 0
