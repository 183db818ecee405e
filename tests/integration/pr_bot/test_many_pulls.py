"""Many models of several people at once, under GitHub's limits; `python -m tests.support.many_pulls` plays 500."""

from __future__ import annotations

from pathlib import Path

from tests.support.many_pulls import play


def test_limits_are_obeyed_nothing_is_lost_the_dashboard_is_right_and_people_take_turns(tmp_path: Path) -> None:
    figures = play(tmp_path, models=80, per_hour=400)
    print(figures)
    assert figures.worst_share <= 1
    assert set(figures.pauses) == {"pace", "budget"}
    # Each pause began with one refusal at most: what a window has left is known before it is used up.
    assert figures.refusals <= len(figures.stages)
    assert figures.calls <= 10 * figures.models
