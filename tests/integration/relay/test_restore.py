"""A log that is restored under a running relay and its subscribers is seen to be another; nothing is left out."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from sqlalchemy import text

from tests.support.brokered import World
from tests.support.dumps import dump, restore
from tests.support.log_reading import eventually
from tests.support.sample_events import notes


def forget_what_was_applied(world: World) -> None:
    with world.reader.write() as connection:
        connection.execute(text("DELETE FROM applied"))


def test_a_restore_under_a_running_relay_is_seen_by_it_and_by_its_subscriber(world: World, tmp_path: Path) -> None:
    relay = world.relay()
    relay.start()
    replica = world.started()
    for index in range(10):
        world.append("note-a", f"kept{index}")
    world.all_applied()
    world.all_published()
    kept, file = world.published(), tmp_path / "dump"
    dump(world.source_url, file)
    for attempt in "xy":
        for index in range(10):
            world.append("note-a", f"gone-{attempt}{index}")
        world.all_applied()
        floor = world.store.head()[0]
        forget_what_was_applied(world)

        restore(world.source_url, file, floor_position=floor, published_position=kept.position)
        for index in range(11):
            world.append("note-a", f"new-{attempt}{index}")
        world.all_applied()
        assert world.applied()[-1][0] > floor
        assert not [text for _, text in world.applied() if text.startswith("gone")]
        world.all_published()
        forget_what_was_applied(world)
        restore(world.source_url, file, floor_position=world.store.head()[0], published_position=kept.position)
    assert replica.subscription.status().state == "running"
    eventually(lambda: relay.status().leading)


def test_a_dump_that_is_no_prefix_of_the_log_leaves_no_phantom(world: World, tmp_path: Path) -> None:
    """It was taken while an earlier position was not committed yet: the row above it comes back without it."""
    world.relay().start()
    world.started()
    for index in range(3):
        world.append(f"note-{index}", f"kept{index}")
    world.all_applied()
    world.all_published()
    published, file = world.published(), tmp_path / "dump"
    with world.source.write() as late:
        stalled = world.store.append("note-late", expected_version=0, events=notes("late"), connection=late)
        with ThreadPoolExecutor(1) as other:
            other.submit(world.append, "note-early", "early").result()
        dump(world.source_url, file)
    assert stalled.position < world.store.head()[0]
    world.all_applied()
    forget_what_was_applied(world)
    restore(world.source_url, file, floor_position=world.store.head()[0], published_position=published.position)
    world.append("note-0", "new")
    world.all_applied()
    assert [text for _, text in world.applied()] == ["kept0", "kept1", "kept2", "early", "new"]
