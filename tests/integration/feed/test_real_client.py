"""The oldest and the newest supported client take the whole feed and start again. `make real-client` runs more."""

from __future__ import annotations

from services.catalog.feed import assemble
from shared.client_record import TYPES
from shared.client_release_table import packaged_table
from tests.support.catalogue import wheel_feed_models
from tests.support.real_client import run_clients, serving

OLDEST, NEWEST = "1.13.0", "4.1.0"


def test_oldest_and_newest_client_load_the_whole_feed_and_start_again() -> None:
    table = packaged_table()
    bodies = {type_: assemble(table, type_, wheel_feed_models(type_), OLDEST).body for type_ in TYPES}
    with serving(bodies) as url:
        runs = run_clients(url, [OLDEST, NEWEST])
    for release, run in runs.items():
        assert run.starts, f"{release}: {run.error}"
        assert {name: update for name, update in run.types.items() if not update.whole} == {}, release
    assert {name: update.served for name, update in runs[NEWEST].types.items()} == {
        "llm": 171,
        "embedding": 47,
        "rerank": 17,
        "image": 57,
        "audio": 100,
        "video": 25,
        "world": 4,
    }


def test_upstreams_own_list_stops_the_newest_client_so_the_check_can_fail() -> None:
    served = b",".join(record.text.encode() for model in wheel_feed_models("image") for record in model.records)
    with serving({"image": b"[" + served + b"]"}) as url:
        run = run_clients(url, [NEWEST])[NEWEST]
    assert not run.starts
    assert not run.types["image"].whole
