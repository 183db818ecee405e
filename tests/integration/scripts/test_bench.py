"""The benchmarks run from end to end; what they measure on a machine that tests is nobody's business."""

from __future__ import annotations

import subprocess
import sys

import pytest

from scripts.bench.__main__ import PARTS
from tests.support.real_data import PROJECT

EMBEDDED = {
    "feed": ("feed 200", "feed 304"),
    "real": ("list, real catalogue", "detail"),
    "generated": ("list, 200 models",),
    "visible": ("submit",),
    "append": ("append, 16",),
}
SPLIT = {
    "split append": ("append on PostgreSQL, 16",),
    "safe read": ("0 missed, 0 twice, in order",),
    "rebuild": ("rebuild of the catalogue",),
    "rpc": ("RPC, 16",),
    "split visible": ("split: submit",),
    "replicas": ("replica of registry", "replica of catalog"),
}


@pytest.mark.parametrize("parts", [EMBEDDED, SPLIT], ids=["embedded", "split"])
def test_quick_benchmarks_run_every_part(parts: dict[str, tuple[str, ...]]) -> None:
    command = [sys.executable, "-m", "scripts.bench", "--quick", "--only", *parts]
    done = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, check=False, timeout=600)
    assert done.returncode == 0, done.stderr[-4000:]
    for lines in parts.values():
        for line in lines:
            assert line in done.stdout


def test_no_part_of_the_benchmarks_is_left_out() -> None:
    assert {*EMBEDDED, *SPLIT} == {*PARTS}
