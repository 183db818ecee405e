from __future__ import annotations

from gateway.load_charts import HEIGHT, WIDTH, last_hour
from gateway.load_history import MINUTES, Sample, sample_of
from shared.contracts.common import ServiceOperations, SubscriptionState


def looked(at: float, registry: int, lag: int = 0) -> Sample:
    return Sample(at=at, heads={"registry": registry, "review": 5}, lags={("catalog", "registry"): lag})


def test_one_look_shows_nothing_yet() -> None:
    assert last_hour([looked(0, 1)], "All").since == 0


def test_a_minute_shows_what_was_appended_between_two_looks() -> None:
    hour = last_hour([looked(60, 10), looked(120, 14), looked(180, 14, lag=3)], "All")
    total, registry, review = hour.appended
    assert hour.since == 60
    assert (total.name, total.now, total.most, total.total) == ("All", 0, 4, 4)
    assert (registry.total, review.total, review.bars) == (4, 0, ())
    (behind,) = hour.behind
    assert (behind.name, behind.source, behind.now, behind.most) == ("catalog", "registry", 3, 3)


def test_the_newest_minute_stands_at_the_right_edge_and_the_most_fills_the_height() -> None:
    (total, *_rest) = last_hour([looked(0, 0), looked(60, 1), looked(120, 1001)], "All").appended
    (small, large) = total.bars
    step = WIDTH / MINUTES
    assert (small[0], large[0]) == (WIDTH - 2 * step, WIDTH - step)
    assert (small[2], large[2]) == (2, HEIGHT - 1)
    assert {round(y + height, 6) for _x, y, height in total.bars} == {HEIGHT}


def test_a_log_that_did_not_answer_makes_no_jump() -> None:
    silent = Sample(at=60, heads={}, lags={})
    (total, *_rest) = last_hour([looked(0, 10), silent, looked(120, 500), looked(180, 501)], "All").appended
    assert total.total == 1


def test_the_slowest_of_several_readers_of_a_source_counts() -> None:
    both = [
        SubscriptionState(name=name, source="registry", position=0, head=9, lag=lag, state="running")
        for name, lag in (("a", 2), ("b", 9))
    ]
    found = sample_of([ServiceOperations(service="pr_bot", log_head=4, subscriptions=both)], at=1.0)
    assert (found.heads, found.lags) == ({"pr_bot": 4}, {("pr_bot", "registry"): 9})
