"""Makes the table of client releases anew, by running each release's own loader and reload over a catalogue.

    python -m scripts.client_releases OUT.json [--releases 1.13.0 … 4.1.0] [--aggregate DIR] [--at-once 2]

The catalogue is the newest release's packaged one; `--aggregate DIR` adds another, as files
`llm_family.json` and `<type>.model_spec.json`. About 20 s and 60 MB of download a release, kept in the user's
cache folder. Shape: `shared/data/client-releases.json`, which this replaces when a release comes out.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from scripts.xinference_client.table import Catalogue, build_table
from scripts.xinference_client.wheels import cache_folder, run_inside, unpacked
from shared.client_record import TYPES
from shared.client_releases import load_table, release_key

RELEASES = (
    "1.13.0 1.14.0 1.15.0 1.16.0 1.17.0 1.17.1 2.0.0 2.1.0 2.2.0 2.3.0 2.4.0 2.5.0 2.7.0 2.8.0 2.9.0 2.10.0 "
    "2.11.0 2.12.0 3.0.0 3.1.0 3.2.0 3.2.1 3.3.0 3.4.0 3.5.0 4.0.0 4.0.1 4.1.0"
)


def packaged(folder: Path) -> Catalogue:
    """The records that a release packages, by type, in the order in which it reads them; both layouts."""
    found: dict[str, list[Any]] = {}
    for type_ in TYPES:
        base = folder / "xinference" / "model" / type_
        one = base / ("llm_family.json" if type_ == "llm" else "model_spec.json")
        many = sorted((base / "models").glob("*.json"), key=lambda path: (path.name.casefold(), path.name))
        files = [one] if one.exists() else many
        if files:
            found[type_] = [r for file in files for r in json.loads(file.read_text(encoding="utf-8"))]
    return found


def aggregate(folder: Path) -> Catalogue:
    """A catalogue out of one file a type."""
    names = {t: "llm_family.json" if t == "llm" else f"{t}.model_spec.json" for t in TYPES}
    files = {type_: folder / name for type_, name in names.items()}
    return {t: json.loads(f.read_text(encoding="utf-8")) for t, f in files.items() if f.exists()}


def measure(release: str, catalogue: Path, cache: Path) -> dict[str, Any]:
    """What `probe` prints for this release."""
    with tempfile.TemporaryDirectory(prefix=f"xinference-{release}-") as home:
        output = run_inside(cache, "probe", [str(unpacked(release, cache)), home, str(catalogue)])
    print(f"measured {release}", file=sys.stderr)
    found: dict[str, Any] = json.loads(output.strip().rsplit("\n", 1)[-1])
    return found


def make_table(releases: Sequence[str], catalogues: Mapping[str, Catalogue], *, cache: Path, at_once: int) -> Any:
    """The table as a value that `json` writes; `catalogues` beyond the newest release's own may be empty."""
    ordered = sorted(releases, key=release_key)
    own = {release: packaged(unpacked(release, cache)) for release in ordered}
    asked = {f"packaged-{ordered[-1]}": own[ordered[-1]], **catalogues}
    together = {t: [r for catalogue in asked.values() for r in catalogue.get(t, [])] for t in TYPES}
    with tempfile.TemporaryDirectory() as folder, ThreadPoolExecutor(at_once) as pool:
        path = Path(folder) / "catalogue.json"
        path.write_text(json.dumps(together, ensure_ascii=False), encoding="utf-8")
        measured = list(pool.map(lambda release: measure(release, path, cache), ordered))
    return build_table(dict(zip(ordered, measured, strict=True)), asked, own)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=Path)
    parser.add_argument("--releases", nargs="+", default=RELEASES.split())
    parser.add_argument("--aggregate", type=Path)
    parser.add_argument("--at-once", type=int, default=2)
    asked = parser.parse_args()
    catalogues = {"aggregate": aggregate(asked.aggregate)} if asked.aggregate else {}
    table = make_table(asked.releases, catalogues, cache=cache_folder(), at_once=asked.at_once)
    text = json.dumps(table, ensure_ascii=False, separators=(",", ":")) + "\n"
    load_table(text)
    asked.out.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
