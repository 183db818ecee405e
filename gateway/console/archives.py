"""`backup` and `restore`."""

from __future__ import annotations

import time
from pathlib import Path

import click

from shared.errors import Invalid


@click.command(options_metavar="")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
def backup(file: Path) -> None:
    """Write the whole hub, while it runs, into FILE (.tar.gz, readable by you alone: keys are in it)."""
    from gateway.archive.writing import write_backup
    from gateway.console.data_directory import require_embedded, require_hub, settings_here

    settings = settings_here()
    require_hub(settings)
    require_embedded(settings, "backup")
    if not file.name.endswith((".tar.gz", ".tgz")):
        raise Invalid(f"{file}: expected a name that ends in .tar.gz; that is what a backup is")
    manifest = write_backup(settings, file.absolute())
    click.echo(f"{file}: {_size(file)}, {sum(manifest.logs.values())} events")
    if not manifest.has_upstream and settings.upstream.kind == "file":
        click.echo(f"{settings.upstream.location} is not in it: it is not the hub's own; back it up too")


@click.command(options_metavar="[--replace]")
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option("--replace", is_flag=True, help="Move what is in the data directory aside.")
def restore(file: Path, replace: bool) -> None:
    """Put back the hub that `backup` wrote into FILE; the hub must not run."""
    from gateway.archive.restoring import restore as put_back
    from gateway.console.data_directory import require_embedded, settings_here

    settings = settings_here()
    require_embedded(settings, "restore")
    restored = put_back(settings, file, replace=replace)
    made = time.strftime("%Y-%m-%d %H:%M:%S UTC", time.gmtime(restored.manifest.made_at))
    click.echo(f"{settings.data_dir}: the hub as of {made}; start it with: models-hub run")
    click.echo("Passwords and API tokens are those of then.")
    if restored.aside is not None:
        click.echo(f"What was there is in {restored.aside}")


def _size(file: Path) -> str:
    return f"{file.stat().st_size / 1e6:.1f} MB"
