"""Measures the pages of a hub on the full catalogue in a real browser, and prints a table.

    python -m scripts.page_figures [--lighthouse [--tries 3]] [--rounds 3] [--only WORD]

Each visit is a first one, with nothing cached: first contentful paint in ms (the median of the rounds), kilobytes
as they came over the wire, requests, kilobytes of script among them, layout shift (the most of the rounds).
`--lighthouse` adds its scores for what needs no account, as on a throttled phone, the best of the tries; below 100,
what it wants.
"""

from __future__ import annotations

import argparse
import shutil
import statistics
import tempfile
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from flask import Flask
from playwright.sync_api import Browser
from rich.console import Console
from rich.table import Table
from werkzeug.serving import WSGIRequestHandler, make_server

from scripts.lighthouse import CATEGORIES, NotRun, audited
from scripts.screenshots import DOCUMENTED, OPEN, REVIEWED, looking, staged_hub
from tests.support.browser import NAMES, launched
from tests.support.running import TestHub

DETAIL = f"/models/detail/{DOCUMENTED}"
PLACES: Mapping[str, tuple[str, ...]] = {
    "": (
        "/models",
        "/models?type=llm&ability=vision",
        "/models?view=cards",
        "/models?view=table",
        *(f"{DETAIL}{tab}" for tab in ("", "/specs", "/json", "/revisions", "/timeline", "/compare?to=2")),
        f"/models/detail/{OPEN}/pull-request",
        "/pulls",
        "/login",
        "/signup",
        "/api/docs",
    ),
    "max": ("/my-models", "/user-center", "/register-model", f"/models/detail/{REVIEWED}/settings"),
    "rita": ("/reviews", f"/reviews/{REVIEWED}/2"),
    "olga": ("/operations",),
}
WATCH_SHIFT = """window.shift = 0;
new PerformanceObserver((seen) => { for (const each of seen.getEntries()) window.shift += each.value })
  .observe({ type: "layout-shift", buffered: true })"""
READ = """async () => {
  await document.fonts.ready;
  await new Promise((done) => setTimeout(done, 300));
  const loads = [...performance.getEntriesByType("navigation"), ...performance.getEntriesByType("resource")];
  const bytes = (list) => list.reduce((sum, each) => sum + each.transferSize, 0);
  return {
    paint: performance.getEntriesByName("first-contentful-paint")[0]?.startTime ?? 0,
    bytes: bytes(loads),
    requests: loads.length,
    script: bytes(loads.filter((each) => each.name.endsWith(".js"))),
    shift: window.shift,
  };
}"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """Of a page's first visit: times in ms, sizes in bytes."""

    paint: float
    bytes: int
    requests: int
    script: int
    shift: float


class KeepsAlive(WSGIRequestHandler):
    """Several requests over one connection, as the hub's own server has it."""

    protocol_version = "HTTP/1.1"

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Nothing: what is asked for stands in the table."""


def main() -> None:
    """The table, and below it what Lighthouse still wants."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--lighthouse", action="store_true", help="scores, too; about 15 s a page")
    parser.add_argument("--tries", type=int, default=3, help="of Lighthouse, until its scores are full")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--only", default="", help="pages whose path holds this word")
    options = parser.parse_args()
    places = [(who, path) for who, paths in PLACES.items() for path in paths if options.only in path]
    with tempfile.TemporaryDirectory() as folder, staged_hub(Path(folder)) as hub, kept_alive(hub.app) as address:
        with launched() as browser:
            found = {
                (who, path): visited(browser, hub, address, who, path, rounds=options.rounds) for who, path in places
            }
        anyones = [path for who, path in places if not who] if options.lighthouse else []
        scores = scored(address, anyones, tries=options.tries)
    show(found, scores)


@contextmanager
def kept_alive(app: Flask) -> Iterator[str]:
    """The app on a free port; the value is its address."""
    server = make_server("127.0.0.1", 0, app, threaded=True, request_handler=KeepsAlive)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()


def visited(browser: Browser, hub: TestHub, address: str, who: str, path: str, *, rounds: int) -> Figures:
    """One first visit unmeasured, for what the hub keeps once it was asked; then the rounds."""
    seen = [_visit(browser, hub, address, who, path) for _round in range(rounds + 1)][1:]
    return Figures(
        paint=statistics.median(each.paint for each in seen),
        bytes=seen[-1].bytes,
        requests=seen[-1].requests,
        script=seen[-1].script,
        shift=max(each.shift for each in seen),
    )


def _visit(browser: Browser, hub: TestHub, address: str, who: str, path: str) -> Figures:
    with looking(browser, hub, address, who) as page:
        page.add_init_script(WATCH_SHIFT)
        page.goto(path, wait_until="load")
        return Figures(**page.evaluate(READ))


def scored(address: str, paths: list[str], *, tries: int) -> dict[str, tuple[dict[str, int], list[str]]]:
    """Lighthouse's scores and wishes by path; a path it gave no report for holds the reason among its wishes."""
    executable = next(path for path in map(shutil.which, NAMES) if path)
    return {path: _scored(f"{address}{path}", executable, tries=tries) for path in paths}


def _scored(url: str, browser: str, *, tries: int) -> tuple[dict[str, int], list[str]]:
    """The best of the tries, or the first that is full: a busy machine only takes away, and loses traces at times."""
    found: list[tuple[dict[str, int], list[str]]] = []
    lost: list[str] = []
    for _try in range(tries):
        try:
            found.append(audited(url, browser=browser))
        except NotRun as error:
            lost.append(str(error) if not found and len(lost) == tries - 1 else error.short)
            continue
        if min(found[-1][0].values()) == 100:
            break
    scores, wishes = max(found, key=lambda each: sum(each[0].values()), default=({}, []))
    return scores, [*(f"no report: {why}" for why in lost), *wishes]


def show(found: Mapping[tuple[str, str], Figures], scores: Mapping[str, tuple[dict[str, int], list[str]]]) -> None:
    """Prints both."""
    console = Console(width=150)
    table = Table(box=None, header_style="bold")
    for word in ("page", "as", "paint ms", "kB", "requests", "script kB", "shift", *(CATEGORIES if scores else ())):
        table.add_column(word, justify="left" if word in ("page", "as") else "right")
    for (who, path), at in found.items():
        judged = scores.get(path, ({}, []))[0] if not who else {}
        figures = [f"{at.paint:.0f}", f"{at.bytes / 1000:.1f}", str(at.requests), f"{at.script / 1000:.1f}"]
        table.add_row(
            path,
            who or "anyone",
            *figures,
            f"{at.shift:.3f}",
            *(str(judged.get(name, "")) for name in CATEGORIES if scores),
        )
    console.print(table)
    for path, (_scores, wishes) in scores.items():
        for wish in wishes:
            console.print(f"{path}: {wish}", markup=False)


if __name__ == "__main__":
    main()
