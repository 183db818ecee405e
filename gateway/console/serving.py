"""`run` and `import`."""

from __future__ import annotations

import atexit
import signal
import subprocess
import sys
from pathlib import Path
from typing import IO, TYPE_CHECKING

import click

from shared.config import Settings, load, opentelemetry

if TYPE_CHECKING:
    from gateway.server import Running


@click.command(options_metavar="")
def run() -> None:
    """Start the hub; a first start imports the catalogue and makes accounts."""
    from gateway.archive.pending import finish_interrupted
    from gateway.embedded_lock import data_directory_lock, note_address
    from gateway.server import HubServer, bound_socket

    settings = load()
    with data_directory_lock(settings) as lock:
        # Before the first start's work: who cannot have the address should hear of it at once.
        listening = bound_socket(settings)
        finish_interrupted(settings)
        _first_start(settings, lock)
        note_address(lock, settings)
        HubServer(settings, listening, _embedded).run()


def _embedded(settings: Settings) -> Running:
    """Loaded by the worker, not by the process that watches it."""
    from gateway.running import RunningHub
    from shared.log_lines import configure
    from shared.span_export import export_spans

    configure(json_lines=False)
    atexit.register(export_spans("hub", opentelemetry()))
    return RunningHub(settings)


def _first_start(settings: Settings, lock: IO[str]) -> None:
    """In a process of its own: what an import needs of memory is gone when the hub serves.

    It holds the lock too, and ends when this process does, however that ends: its standard input
    closes then.
    """
    from gateway.start_marks import is_needed

    if not is_needed(settings):
        return
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    command = [sys.executable, "-m", "gateway.first_start"]
    child = subprocess.Popen(command, stdin=subprocess.PIPE, pass_fds=(lock.fileno(),))
    try:
        code = child.wait()
    except BaseException:
        child.terminate()
        child.wait()
        raise
    if code != 0:
        raise SystemExit(1)


@click.command("first-start", options_metavar="")
def first_start() -> None:
    """Import the catalogue and make accounts for a split hub on servers of your own, before its services run.

    DATABASE_URL_REGISTRY, …_REVIEW, …_IDENTITY, …_CATALOG and …_PR_BOT say where their databases are. Repeating it
    does what is still to be done.
    """
    from gateway.console.data_directory import require_split, settings_here
    from gateway.offline import log_to_stderr
    from gateway.start_marks import is_needed

    settings = settings_here()
    require_split(settings, "first-start")
    if not is_needed(settings):
        return

    from rich.console import Console

    from gateway import first_start

    log_to_stderr()
    first_start.run(settings, Console())


@click.command("import", options_metavar="")
@click.argument("source")
def import_(source: str) -> None:
    """Import upstream's catalogue from SOURCE; repeating it changes nothing.

    SOURCE is pypi:<package>==<version>, a wheel, a directory or a bare repository.
    """
    from gateway.console.data_directory import settings_here

    settings = settings_here()

    from rich.console import Console

    from gateway.catalog_source import read_source
    from gateway.importing import import_catalogue, say_imported
    from gateway.offline import beside

    found = read_source(
        source if source.startswith("pypi:") else str(Path(source).resolve()),
        cache_dir=settings.cache_dir,
        branch=settings.upstream_branch,
    )
    console = Console()
    with beside(settings, "registry") as calls, console.status("Importing the catalogue"):
        result = import_catalogue(calls.registry, found)
    say_imported(result, console)
