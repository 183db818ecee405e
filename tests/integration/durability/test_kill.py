"""kill -9 amid concurrent submissions: what was acknowledged is there, once, with one pull request."""

from __future__ import annotations

from pathlib import Path

from tests.support.kill_rounds import run_rounds


def test_every_acknowledged_submission_survives_kills_once(tmp_path: Path) -> None:
    happened = run_rounds(tmp_path, submissions=20, rounds=3, seed=20251125)
    assert sum(one.acknowledged for one in happened) == 60
