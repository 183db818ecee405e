"""Runs real Xinference clients against a hub: one update of every type, then a second start.

    python -m scripts.real_client HUB [--releases 1.13.0 … 4.1.0] [--json FILE]

HUB is a URL, or a folder of feed bodies named `<type>.json`. Prints loaded/loadable/served records by type;
exit status 1 where a loadable record did not load or a release does not start again.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import asdict
from pathlib import Path

from scripts.xinference_client.run import ClientRun, run_clients, serving

RELEASES = ("1.13.0", "2.12.0", "3.2.1", "3.4.0", "3.5.0", "4.1.0")


def reachable(hub: str) -> AbstractContextManager[str]:
    """The hub's URL, for as long as the context lasts."""
    if hub.startswith(("http://", "https://")):
        return nullcontext(hub.rstrip("/"))
    bodies = {path.stem: path.read_bytes() for path in sorted(Path(hub).glob("*.json"))}
    if not bodies:
        raise SystemExit(f"{hub}: expected a URL or a folder of feeds such as llm.json, found neither")
    return serving(bodies)


def show(runs: Mapping[str, ClientRun]) -> bool:
    """Print what each release made of the feed; whether all is well."""
    well = True
    for release, run in runs.items():
        cells = [f"{name} {row.loaded}/{row.loadable}/{row.served}" for name, row in run.types.items()]
        print(f"{release:7} {'starts again' if run.starts else 'DEAD: ' + run.error}  {'  '.join(cells)}")
        for name, row in run.types.items():
            if not row.whole:
                print(f"        {name}: {'; '.join(row.problems)} missing: {', '.join(row.missing)}")
        well = well and run.starts and all(row.whole for row in run.types.values())
    return well


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("hub")
    parser.add_argument("--releases", nargs="+", default=RELEASES)
    parser.add_argument("--json", type=Path)
    asked = parser.parse_args()
    with reachable(asked.hub) as url:
        runs = run_clients(url, asked.releases)
    if asked.json:
        asked.json.write_text(json.dumps({release: asdict(run) for release, run in runs.items()}, indent=1))
    sys.exit(0 if show(runs) else 1)


if __name__ == "__main__":
    main()
