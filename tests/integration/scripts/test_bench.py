"""The benchmarks run from end to end; what they measure on a machine that tests is nobody's business."""

from __future__ import annotations

import subprocess
import sys

from tests.support.real_data import PROJECT


def test_quick_benchmarks_run_every_part() -> None:
    command = [sys.executable, "-m", "scripts.bench", "--quick"]
    done = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, check=False, timeout=600)
    assert done.returncode == 0, done.stderr[-4000:]
    for part in ("feed 200", "feed 304", "list, real catalogue", "list, 200 models", "detail", "submit", "append, 16"):
        assert part in done.stdout
