"""The attack on the split hub in short: every fault once, one process a service. `make chaos` is the long form."""

from __future__ import annotations

from pathlib import Path

from scripts.chaos.__main__ import run

SUBMISSIONS = 40


def test_nothing_is_lost_doubled_or_out_of_order_whatever_fails(tmp_path: Path) -> None:
    verdict = run(tmp_path, submissions=SUBMISSIONS, replicas=1, seed=1, pause_s=0.3, say=False)
    assert verdict.wrong == []
    assert (verdict.lost, verdict.doubled) == (0, 0)
    # Each is approved, but for a first revision whose second one was faster.
    assert verdict.acknowledged >= 2 * SUBMISSIONS - SUBMISSIONS // 4
