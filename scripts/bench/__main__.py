"""`make bench`: the hub beside its peers in one run, as ratios.

python -m scripts.bench                  everything (minutes)
python -m scripts.bench --quick          that every part runs, on little data (its figures say nothing)
python -m scripts.bench --only feed …    some parts: feed, real, generated, visible, append,
                                         "split append", "safe read", rebuild, rpc, "split visible", replicas
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

from scripts.bench import appending, datasets, reading, rebuilding, replicas, rpc, split_append, split_log, visible
from scripts.bench.reading import Effort
from scripts.bench.results import Row, table

WHOLE = Effort(
    rounds=5,
    seconds=2.0,
    real=True,
    generated=100_000,
    submissions=200,
    appends=2000,
    log_events=50_000,
    rebuilt=5000,
    calls=2000,
    lists=400,
)
QUICK = Effort(
    rounds=1,
    seconds=0.2,
    real=False,
    generated=200,
    submissions=3,
    appends=32,
    log_events=400,
    rebuilt=60,
    calls=32,
    lists=8,
)


def catalogue(effort: Effort) -> Path:
    """What a first start imports."""
    return datasets.real_catalogue() if effort.real else datasets.generated_catalogue(effort.generated)


def real_lists(effort: Effort) -> Iterator[Row]:
    return reading.list_rows(catalogue(effort), "real catalogue", effort, at_least=2, p99_ms=None)


def generated_lists(effort: Effort) -> Iterator[Row]:
    data = datasets.generated_catalogue(effort.generated)
    return reading.list_rows(data, f"{effort.generated:,} models", effort, at_least=5, p99_ms=50)


PARTS: dict[str, Callable[[Effort], Iterator[Row]]] = {
    "feed": lambda effort: reading.feed_rows(catalogue(effort), effort),
    "real": real_lists,
    "generated": generated_lists,
    "visible": lambda effort: visible.rows(catalogue(effort), effort),
    "append": appending.rows,
    "split append": split_append.rows,
    "safe read": split_log.rows,
    "rebuild": rebuilding.rows,
    "rpc": rpc.rows,
    "split visible": visible.split_rows,
    "replicas": replicas.rows,
}


def main() -> None:
    arguments = _arguments()
    effort = QUICK if arguments.quick else WHOLE
    if arguments.models:
        effort = replace(effort, generated=arguments.models)
    print(f"load average before: {os.getloadavg()[0]:.1f} on {os.cpu_count()} CPUs", flush=True)
    rows: list[Row] = []
    for name in arguments.only or PARTS:
        print(f"{name} …", file=sys.stderr, flush=True)
        for row in PARTS[name](effort):
            rows.append(row)
            print("  ".join(filter(None, row.cells())), file=sys.stderr, flush=True)
    print(table(rows))
    missed = [row.what for row in rows if row.met is False]
    print(f"\n{sum(row.met is True for row in rows)} goals met, {len(missed)} not")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m scripts.bench", description="The hub beside its peers, as ratios.")
    parser.add_argument("--quick", action="store_true", help="see that every part runs; the figures say nothing")
    parser.add_argument("--only", nargs="+", choices=list(PARTS), help="these parts alone")
    parser.add_argument("--models", type=int, default=0, help="so many generated models instead")
    return parser.parse_args()


if __name__ == "__main__":
    main()
