"""`make chaos`: submissions and reviews while everything under them dies, freezes, is cut off or restored.

python -m scripts.chaos [--submissions 1000] [--replicas 2] [--seed 1] [--keep FOLDER]
"""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path

from scripts.chaos.faults import all_of, endless
from scripts.chaos.load import Load
from scripts.chaos.stage import Stage
from scripts.chaos.verdict import Verdict, judge


def run(folder: Path, *, submissions: int, replicas: int, seed: int, pause_s: float, say: bool = True) -> Verdict:
    """One run: faults one after the other until every submission is acknowledged and every fault has been."""
    chance = random.Random(seed)
    stage = Stage(folder, replicas=replicas)
    try:
        stage.start()
        stage.dump("catalog", folder / "catalog.dump")
        load = Load(stage.url, stage.tokens["max"], stage.tokens["rita"], submissions)
        load.start()
        done = 0
        every = len(all_of(stage, random.Random()))
        for name, fault in endless(stage, chance):
            if load.is_done and done >= every:
                break
            if say:
                print(f"{load.submitted:5} of {submissions} acknowledged; {name}", file=sys.stderr, flush=True)
            fault(stage)
            done += 1
            time.sleep(pause_s + chance.random() * pause_s)
        stage.await_ready()
        verdict = judge(stage, load)
        if say:
            print(f"{done} faults, {load.attempts} requests", file=sys.stderr, flush=True)
        return verdict
    finally:
        stage.stop()


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m scripts.chaos", description=__doc__)
    parser.add_argument("--submissions", type=int, default=1000)
    parser.add_argument("--replicas", type=int, default=2)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--pause", type=float, default=2.0, help="seconds between two faults, and up to twice that")
    parser.add_argument("--keep", type=Path, help="work in this folder and leave it")
    asked = parser.parse_args()
    with ExitStack() as stack:
        folder = asked.keep or Path(stack.enter_context(tempfile.TemporaryDirectory(ignore_cleanup_errors=True)))
        folder.mkdir(parents=True, exist_ok=True)
        verdict = run(
            folder, submissions=asked.submissions, replicas=asked.replicas, seed=asked.seed, pause_s=asked.pause
        )
    for said in verdict.wrong:
        print(f"WRONG {said}")
    print(
        f"{verdict.acknowledged} commands acknowledged, {verdict.lost} lost, {verdict.doubled} doubled; "
        f"longest time without an answer {verdict.longest_silence_s:.1f} s, caught up after {verdict.caught_up_s:.1f} s"
    )
    return bool(verdict.wrong)


if __name__ == "__main__":
    sys.exit(main())
