"""AsyncAPI's own parser, installed from its lock for the test run; it knows more rules than its JSON Schema says."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any

from scripts.build_frontend import find_node

FOLDER = Path(__file__).parent / "asyncapi"
ERROR, WARNING = 0, 1


def judged(document: dict[str, Any]) -> list[str]:
    """Errors and warnings of the parser, one line each; what it only recommends is left out."""
    node = find_node()
    environment = {**os.environ, "PATH": node.path}
    installed, lock = FOLDER / "node_modules" / ".package-lock.json", FOLDER / "package-lock.json"
    if not installed.exists() or installed.stat().st_mtime < lock.stat().st_mtime:
        # Scripts of packages would report to somebody, and none is needed.
        _run([*node.npm, "ci", "--ignore-scripts"], "", environment)
        installed.touch()
    answer = json.loads(_run([str(node.executable), "judge.js"], json.dumps(document), environment))
    return [f"{each['path']}: {each['message']} ({each['code']})" for each in answer if each["severity"] <= WARNING]


def _run(command: list[str], given: str, environment: dict[str, str]) -> str:
    done = subprocess.run(
        command, cwd=FOLDER, env=environment, input=given, capture_output=True, text=True, check=False, timeout=240
    )
    assert done.returncode == 0, f"{command}: {done.stdout}{done.stderr}"
    return done.stdout
