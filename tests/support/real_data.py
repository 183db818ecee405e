"""Real catalogue data for tests, never copied into the repository.

Read from the `shared` folder that lies beside the project where it is there; otherwise from the
xinference wheel, which pip downloads once into `build/wheels`.
"""

from __future__ import annotations

import gzip
import json
import os
import subprocess
import sys
import zipfile
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

PROJECT = Path(__file__).resolve().parents[2]
BESIDE = PROJECT.parent / "shared" / "data"
WHEELS = PROJECT / "build" / "wheels"
NEWEST = "4.1.0"
NEWEST_AGGREGATE = "3.4.0"
TREE = "xinference/model/"


def has_shared_data() -> bool:
    """Whether the measured data lies beside the project (else tests run on the wheel alone)."""
    return (BESIDE / "replay" / "changes.jsonl.gz").is_file()


@cache
def wheel_path(version: str = NEWEST) -> Path:
    """The xinference wheel of that release, downloaded by pip when it is not there yet (about 56 MB)."""
    found = sorted(WHEELS.glob(f"xinference-{version}-*.whl"))
    if not found:
        WHEELS.mkdir(parents=True, exist_ok=True)
        command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", f"xinference=={version}"]
        subprocess.run([*command, "-d", str(WHEELS)], check=True)
        found = sorted(WHEELS.glob(f"xinference-{version}-*.whl"))
    return found[0]


@cache
def wheel_tree(version: str = NEWEST) -> Mapping[str, str]:
    """Path in upstream's repository -> text, of every JSON file under `xinference/model/` in the wheel."""
    with zipfile.ZipFile(wheel_path(version)) as wheel:
        names = [name for name in wheel.namelist() if name.startswith(TREE) and name.endswith(".json")]
        return {name: wheel.read(name).decode() for name in names}


def wheel_models(version: str = NEWEST) -> dict[str, str]:
    """Path -> text of the wheel's model files (one file a model; the release must be 3.5.0 or newer)."""
    return {path: text for path, text in wheel_tree(version).items() if "/models/" in path}


@cache
def aggregate_files() -> Mapping[str, str]:
    """Path in upstream's repository -> text, of the aggregate files (2026-08-23; else those of 3.4.0's wheel)."""
    folder = BESIDE / "upstream" / "aggregate-2026-08-23"
    if not folder.is_dir():
        names = ("/model_spec.json", "/llm_family.json")
        return {path: text for path, text in wheel_tree(NEWEST_AGGREGATE).items() if path.endswith(names)}
    return {_repository_path(file.name): file.read_bytes().decode() for file in sorted(folder.glob("*.json"))}


def _repository_path(file_name: str) -> str:
    if file_name == "llm_family.json":
        return f"{TREE}llm/llm_family.json"
    model_type = file_name.removesuffix(".model_spec.json")
    return f"{TREE}{model_type}/model_spec.json"


def replay_rows() -> list[dict[str, Any]]:
    """Single-model changes: `{file, model_type, op: add|update|remove, model_name, before, after, title, …}`.

    The 63 real ones where they are there; otherwise generated from the wheel, which stdout then says.
    """
    if has_shared_data():
        with gzip.open(BESIDE / "replay" / "changes.jsonl.gz", "rt", encoding="utf-8") as lines:
            return [json.loads(line) for line in lines]
    print("replay: no recorded changes beside the project; changes generated from the wheel instead")
    return list(_generated_rows())


def _generated_rows(count: int = 63) -> Iterator[dict[str, Any]]:
    """Adds, updates and removals made from single-variant models of the wheel, always the same ones."""
    singles = [(path, records[0]) for path, text in wheel_models().items() if len(records := json.loads(text)) == 1]
    named = [(path, record) for path, record in singles if "/world/" not in path and "model_name" in record]
    step = max(1, len(named) // count)
    for number, (path, record) in enumerate(named[::step][:count]):
        op = ("add", "update", "remove", "update")[number % 4]
        model_type = path.split("/")[2]
        file = "llm_family.json" if model_type == "llm" else "model_spec.json"
        yield {
            "file": f"{TREE}{model_type}/{file}",
            "model_type": model_type,
            "op": op,
            "model_name": record["model_name"],
            "title": f"generated {op}",
            "before": None if op == "add" else record,
            "after": None if op == "remove" else _edited(record) if op == "update" else record,
        }


def _edited(record: dict[str, Any]) -> dict[str, Any]:
    edited: dict[str, Any] = json.loads(json.dumps(record))
    edited["model_description"] = f"{edited.get('model_description') or ''} Revised."
    edited["updated_at"] = int(edited.get("updated_at") or 0) + 1
    specs = edited.get("model_specs")
    if isinstance(specs, list) and len(specs) > 1:
        specs.pop(len(specs) // 2)
    return edited


def write_tree(folder: Path, files: Mapping[str, str]) -> None:
    """Writes path -> text below `folder`, byte for byte, as upstream's working tree has it."""
    for path, text in files.items():
        target = folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(text.encode())


def environment_without_git_config() -> dict[str, str]:
    """The environment for git calls of tests: no user or system configuration changes their outcome."""
    return {**os.environ, "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"}
